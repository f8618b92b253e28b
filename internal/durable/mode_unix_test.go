//go:build unix

package durable

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A directory that a group shares: what one makes, the others can go on with.
func TestModesFollowTheUmask(t *testing.T) {
	old := syscall.Umask(0o002) // the package's tests run one after the other
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "shared", "deep")
	if err := WriteFile(filepath.Join(dir, "file"), nil); err != nil {
		t.Fatal(err)
	}
	l, err := TryLock(filepath.Join(dir, "locks", "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	for path, want := range map[string]os.FileMode{"": 0o775, "file": 0o664, "locks": 0o775, "locks/lock": 0o664} {
		st, err := os.Stat(filepath.Join(dir, path))
		if err != nil || st.Mode().Perm() != want {
			t.Errorf("%q: mode %v, %v, want %o", path, st.Mode(), err, want)
		}
	}
}

// A lock file of another user that only its owner may write locks all the same.
func TestLockFileThatMayOnlyBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	if err := os.WriteFile(path, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	l, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
}
