//go:build !linux

package cache

import "os"

// newDirect is for Linux alone: elsewhere outputs are buffered.
func newDirect(f *os.File) output { return buffered{f} }
