//go:build !linux

package hub_test

import (
	"os"
	"testing"
)

// makeReadOnly lets nobody but root write below dir until the test ends.
func makeReadOnly(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("modes do not stop root")
	}
	setModes(t, dir, 0o555, 0o444)
	t.Cleanup(func() { setModes(t, dir, 0o755, 0o644) })
}
