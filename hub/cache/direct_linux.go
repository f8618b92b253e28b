package cache

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"longcat/internal/durable"
)

// direct writes around the kernel's page cache, by O_DIRECT: at the speed of
// loopback or a fast network, to copy bytes there and to write them back later
// takes longer than they took to come. What is no whole unit goes through it.
type direct struct {
	buffered
	around *os.File
}

// directUnit is the size of which addresses, offsets and lengths are multiples
// around the page cache: that of the largest sectors that disks have.
const directUnit = 4096

// newDirect opens a file once more for such writes. Where the filesystem can not
// do that, the output is a buffered one.
func newDirect(f *os.File) output {
	around, err := durable.OpenRegular(f.Name(), os.O_WRONLY|unix.O_DIRECT)
	if err != nil {
		return buffered{f}
	}
	is, err1 := f.Stat()
	again, err2 := around.Stat()
	if err1 != nil || err2 != nil || !os.SameFile(is, again) {
		around.Close()
		return buffered{f}
	}
	return &direct{buffered{f}, around}
}

// WriteAt writes the whole units that b begins with around the page cache, if off
// is at the start of one, and the rest through it. A disk or filesystem that
// refuses is not asked again.
func (d *direct) WriteAt(b []byte, off int64) (int, error) {
	n := len(b) - len(b)%directUnit
	if off%directUnit != 0 || d.around == nil {
		n = 0
	}
	if n > 0 {
		m, err := d.around.WriteAt(b[:n], off)
		switch {
		case errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported):
			_ = d.around.Close()
			d.around, n = nil, 0
		case err != nil:
			return m, err
		}
	}
	if n == len(b) {
		return n, nil
	}
	m, err := d.buffered.WriteAt(b[n:], off+int64(n))
	return n + m, err
}

// Close closes the file.
func (d *direct) Close() error {
	err := d.buffered.Close()
	if d.around != nil {
		err = errors.Join(err, d.around.Close())
	}
	return err
}
