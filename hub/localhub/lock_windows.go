package localhub

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile opens path and locks it against other processes until the file is
// closed or the process ends, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY)
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{}); err != nil {
		f.Close()
		return nil, errors.New("another process has it open")
	}
	return f, nil
}

// syncDir does nothing: the system offers no way to sync a folder.
func syncDir(string) error { return nil }
