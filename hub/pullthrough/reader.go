package pullthrough

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

// reader reads a file while it is filled.
type reader struct {
	ctx  context.Context // io.Reader has no place for it; of the request that reads
	part *filling
	done func()   // at its end
	file *os.File // its own: the filling's is closed once the file is an object; nil until it reads
	at   int64
}

// reader returns a reader of the file, whose reads fail when ctx ends.
func (p *filling) reader(ctx context.Context, done func()) *reader {
	return &reader{ctx: ctx, part: p, done: done}
}

// Read waits for the block that it reads from. The last one is not there before
// the file's hash was found right.
func (r *reader) Read(b []byte) (int, error) {
	p := r.part
	if r.at >= p.size {
		return 0, io.EOF
	}
	i := int(r.at / blockSize)
	name, err := p.want(r, i)
	if err == nil && r.file == nil {
		if r.file, err = os.Open(name); errors.Is(err, fs.ErrNotExist) { // it has its final name by now
			r.file, err = os.Open(p.final)
		}
	}
	if err != nil {
		return 0, err
	}
	err = p.wait(r.ctx, func() bool {
		return p.whole || p.blocks[i] == present && i < len(p.blocks)-1
	})
	if err != nil {
		return 0, err
	}
	left := int64(i)*blockSize + p.span(i) - r.at
	n, err := r.file.ReadAt(b[:min(int64(len(b)), left)], r.at)
	r.at += int64(n)
	return n, err
}

// Seek implements io.Seeker.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.part.size
	}
	if offset < 0 {
		return 0, errors.New("seeking before the start")
	}
	r.at = offset
	return offset, nil
}

// Close lets the others come first.
func (r *reader) Close() error {
	r.part.mu.Lock()
	delete(r.part.readers, r)
	r.part.mu.Unlock()
	r.done()
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
