package dirwriter

import (
	"errors"
	"fmt"
	"syscall"

	"longcat/internal/durable"
	"longcat/internal/units"
)

// SpaceError says that a disk has too little room for a merge.
// errors.Is(err, syscall.ENOSPC) holds for it.
type SpaceError struct {
	Dir  string
	Need int64 // bytes that are still to be written; 0 if the disk filled up while writing
	Free int64
}

func (e *SpaceError) Error() string {
	if e.Need == 0 {
		return fmt.Sprintf("the disk of %q is full", e.Dir)
	}
	return fmt.Sprintf("the disk of %q has too little room: the merge needs %s more, %s are free", e.Dir, units.Size(e.Need), units.Size(e.Free))
}

// Unwrap makes the error the system's own for a full disk.
func (e *SpaceError) Unwrap() error { return syscall.ENOSPC }

// checkSpace refuses a merge that can not fit, as far as that can be known.
func (w *writer) checkSpace() error {
	free, err := durable.Free(w.dir)
	if err != nil {
		return nil // the free space is not known: try
	}
	shares := sharesBlocks(w.dir)
	need := int64(0)
	for _, j := range w.jobs {
		if w.state.has(j) {
			continue
		}
		need += j.Size
		if shares && onDevice(w.dir, j.sources) {
			need -= j.Shareable
		}
	}
	if need > free {
		return &SpaceError{w.dir, need, free}
	}
	return nil
}

// noSpace gives a full disk its own type.
func (w *writer) noSpace(err error) error {
	var space *SpaceError
	if errors.Is(err, syscall.ENOSPC) && !errors.As(err, &space) {
		free, _ := durable.Free(w.dir) // 0 where it is not known
		return &SpaceError{Dir: w.dir, Free: free}
	}
	return err
}
