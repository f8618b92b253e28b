package cache

import (
	"os"

	"longcat/internal/durable"
)

// output is where the bytes of a part go. Writes come one at a time.
type output interface {
	WriteAt(b []byte, off int64) (int, error)
	Sync() error // puts the bytes on the disk
	Close() error
}

// buffered writes through the kernel's page cache.
type buffered struct{ *os.File }

func (o buffered) Sync() error { return durable.SyncData(o.File) }
