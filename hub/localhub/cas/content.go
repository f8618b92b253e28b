package cas

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"sync"

	"longcat/hub/xet/xorb"
)

// Open reads a file's content from beginning to end or from anywhere. It is
// for one goroutine. What it needs must not be collected meanwhile, or reading
// fails.
func (s *Store) Open(f *File) io.ReadSeekCloser {
	c := &content{store: s, file: f, starts: make([]int64, len(f.Terms))}
	var at int64
	for i, t := range f.Terms {
		c.starts[i] = at
		at += int64(t.Size)
	}
	return c
}

type content struct {
	mu     sync.Mutex // net/http may still read, for an answer of several ranges, when it is closed
	closed bool

	store  *Store
	file   *File
	starts []int64 // of the terms
	at     int64

	term   int       // that reader is in
	reader io.Reader // gives the term from at on; nil: not opened yet

	opened     *os.File // an object or a xorb
	openedName string
	unpacker   *unpacker // nil: not needed yet
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, os.ErrClosed
	}
	for len(p) > 0 {
		if c.at >= c.file.Size {
			return 0, io.EOF
		}
		if c.reader == nil {
			if err := c.open(); err != nil {
				return 0, fmt.Errorf("reading file %v at byte %d: %w", c.file.Hash, c.at, err)
			}
		}
		end := c.starts[c.term] + int64(c.file.Terms[c.term].Size)
		n, err := c.reader.Read(p[:min(int64(len(p)), end-c.at)])
		c.at += int64(n)
		if c.at == end {
			c.reader = nil
		} else if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if n > 0 {
			return n, nil // an error will come again
		}
		if err != nil {
			return 0, fmt.Errorf("reading file %v at byte %d: %w", c.file.Hash, c.at, err)
		}
	}
	return 0, nil
}

// open finds the term at c.at and makes reader give it from there on.
func (c *content) open() error {
	c.term = sort.Search(len(c.starts), func(i int) bool { return c.starts[i] > c.at }) - 1
	t, skip := c.file.Terms[c.term], c.at-c.starts[c.term]
	if t.Object != "" {
		f, err := c.use(t.Object, func() (*os.File, error) { return c.store.o.Object(t.Object) })
		if err != nil {
			return err
		}
		c.reader = io.NewSectionReader(f, t.Offset+skip, int64(t.Size)-skip)
		return nil
	}
	x, err := c.store.Xorb(t.Xorb)
	if err != nil {
		return err
	}
	f, err := c.use(t.Xorb.String(), func() (*os.File, error) { return os.Open(c.store.filed("xorbs", t.Xorb.String())) })
	if err != nil {
		return err
	}
	first := t.First
	for first < t.End && skip >= int64(x.Index[first].Leaf.Size) {
		skip -= int64(x.Index[first].Leaf.Size)
		first++
	}
	if c.unpacker == nil {
		c.unpacker = unpackers.Get().(*unpacker)
	}
	if err := c.unpacker.start(f, x.Index, first, t.End, skip); err != nil {
		return err
	}
	c.reader = c.unpacker
	return nil
}

// use keeps one file open: terms that follow each other are often of the same.
func (c *content) use(name string, open func() (*os.File, error)) (*os.File, error) {
	if c.openedName == name {
		return c.opened, nil
	}
	f, err := open()
	if err != nil {
		return nil, err
	}
	if c.opened != nil {
		c.opened.Close()
	}
	c.opened, c.openedName = f, name
	return f, nil
}

var errSeek = errors.New("seeking to before the start")

// Seek implements io.Seeker.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, os.ErrClosed
	}
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.file.Size
	}
	if offset < 0 {
		return 0, errSeek
	}
	if offset != c.at {
		c.at, c.reader = offset, nil
	}
	return offset, nil
}

// Close implements io.Closer.
func (c *content) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return os.ErrClosed
	}
	c.closed = true
	if c.unpacker != nil {
		c.unpacker.drop()
		unpackers.Put(c.unpacker)
		c.unpacker, c.reader = nil, nil
	}
	if c.opened == nil {
		return nil
	}
	return c.opened.Close()
}

// An unpacker gives the data of chunks that lie in a xorb. It can be started
// again and again, and keeps its buffers.
type unpacker struct {
	chunks *xorb.Reader
	packed []byte // the current chunk, as it lies there
	data   []byte // of it, what was not read yet

	xorb io.ReaderAt
	next xorb.Index // the chunks to come
	at   int64      // where the first of them begins
}

// unpackers outlive the contents that use them: a download asks for many small
// ranges, and each opens the content anew.
var unpackers = sync.Pool{New: func() any {
	return &unpacker{chunks: xorb.NewReader(nil)}
}}

// start begins with the chunks from first to before end of a xorb, skip bytes
// into the first of them.
func (u *unpacker) start(file io.ReaderAt, index xorb.Index, first, end uint32, skip int64) error {
	u.xorb, u.next = file, index[first:end]
	u.at, _ = index.Bytes(int(first), int(end))
	if err := u.load(); err != nil {
		return err
	}
	if skip >= int64(len(u.data)) {
		return errDamaged
	}
	u.data = u.data[skip:]
	return nil
}

// load reads the next chunk, and not a byte more.
func (u *unpacker) load() error {
	if len(u.next) == 0 {
		return io.EOF
	}
	n := u.next[0].End - u.at
	if n <= 0 || n > xorb.MaxBytes {
		return errDamaged
	}
	u.packed = slices.Grow(u.packed[:0], int(n))[:n]
	if _, err := u.xorb.ReadAt(u.packed, u.at); err != nil {
		return err
	}
	var err error
	u.data, err = u.chunks.Unpack(u.packed)
	u.at, u.next = u.next[0].End, u.next[1:]
	return err
}

// drop lets go of what was read from.
func (u *unpacker) drop() { u.xorb, u.next, u.data = nil, nil, nil }

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (n int, err error) {
	if len(u.data) == 0 {
		if err := u.load(); err != nil {
			return 0, err
		}
	}
	n = copy(p, u.data)
	u.data = u.data[n:]
	return n, nil
}
