package hub_test

import (
	"os"
	"syscall"
	"testing"
)

// makeReadOnly lets nobody write below dir until the test ends. Modes do not
// stop root, a mount does.
func makeReadOnly(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		setModes(t, dir, 0o555, 0o444)
		t.Cleanup(func() { setModes(t, dir, 0o755, 0o644) })
		return
	}
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Skip("root without the right to mount: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if f, err := os.CreateTemp(dir, "probe"); err == nil {
		f.Close()
		t.Fatal("the directory can still be written to")
	}
}
