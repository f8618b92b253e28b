package dirwriter

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// kernel copies n bytes of src with copy_file_range, which on filesystems with
// reflinks shares whole blocks where the offsets agree. It reports how much it
// copied; the rest, if the kernel can not do it, is the caller's.
func (c *copier) kernel(ctx context.Context, src *os.File, off, n, at int64) (int64, error) {
	done := int64(0)
	for done < n {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		from, to := off+done, at+done
		k, err := unix.CopyFileRange(int(src.Fd()), &from, int(c.dst.Fd()), &to, int(stride(from, to, n-done)), 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EIO):
			return done, os.NewSyscallError("copy_file_range", err)
		case err != nil, k == 0:
			return done, nil // across filesystems, an old kernel, a file cut short: the plain way tells
		}
		done += int64(k)
		c.note(int64(k))
	}
	return done, nil
}
