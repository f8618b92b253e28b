package cas

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/xorb"
)

// A Xorb is what the store knows of one. Index gives the bytes of each chunk in
// the form in which OpenXorb serves it.
type Xorb struct {
	Hash  merkle.Hash
	Index xorb.Index
	Place
}

// A xorb's index on disk: xorbMagic, its place, the number of chunks, then for
// each its hash, its length unpacked, and where it ends packed.
const (
	xorbMagic  = "xetxorb\x01"
	xorbHeader = 8 + placeSize + 4
	entrySize  = 32 + 4 + 4
)

func (x *Xorb) encode() []byte {
	b := make([]byte, 0, xorbHeader+len(x.Index)*entrySize)
	b = append(b, xorbMagic...)
	b = x.Place.append(b)
	b = le.AppendUint32(b, uint32(len(x.Index)))
	for _, e := range x.Index {
		b = append(b, e.Hash[:]...)
		b = le.AppendUint32(b, uint32(e.Leaf.Size))
		b = le.AppendUint32(b, uint32(e.End))
	}
	return b
}

func decodeXorb(hash merkle.Hash, b []byte) (*Xorb, error) {
	if len(b) < xorbHeader || string(b[:8]) != xorbMagic {
		return nil, errDamaged
	}
	x := &Xorb{Hash: hash, Place: decodePlace(b[8:])}
	n := int64(le.Uint32(b[8+placeSize:]))
	b = b[xorbHeader:]
	if n == 0 || int64(len(b)) != n*entrySize {
		return nil, errDamaged
	}
	x.Index = make(xorb.Index, n)
	for i := range x.Index {
		leaf := merkle.Leaf{Hash: merkle.Hash(b[:32]), Size: uint64(le.Uint32(b[32:]))}
		x.Index[i] = xorb.Entry{Leaf: leaf, End: int64(le.Uint32(b[36:]))}
		b = b[entrySize:]
	}
	return x, nil
}

func (s *Store) indexPath(hash merkle.Hash) string {
	return s.filed("xorbs", hash.String()) + ".index"
}

func (s *Store) hasXorb(hash merkle.Hash) bool {
	_, err := os.Stat(s.indexPath(hash))
	return err == nil
}

// Xorb finds a xorb. An error that is fs.ErrNotExist means that there is none.
func (s *Store) Xorb(hash merkle.Hash) (*Xorb, error) {
	x, epoch := s.indexes.get(hash)
	if x != nil {
		return x, nil
	}
	b, err := os.ReadFile(s.indexPath(hash))
	if err != nil {
		return nil, err
	}
	if x, err = decodeXorb(hash, b); err != nil {
		return nil, fmt.Errorf("reading index of xorb %v: %w", hash, err)
	}
	s.indexes.put(x, epoch)
	return x, nil
}

// maxTail is how much may follow a xorb's last chunk: the footer that some
// clients send, which is not kept.
const maxTail = 1 << 20

// MaxUpload is the most bytes that PutXorb takes.
const MaxUpload = xorb.MaxBytes + maxTail

// A BadXorbError says why what was sent is not the xorb that it should be.
type BadXorbError struct {
	Hash   merkle.Hash
	Reason string
	Err    error // the cause, if there is one
}

func (e *BadXorbError) Error() string {
	text := fmt.Sprintf("what was sent is not xorb %v: %s", e.Hash, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *BadXorbError) Unwrap() error { return e.Err }

// PutXorb takes a serialized xorb from user if it is the one with this hash,
// and says whether it is new. It is kept until then, and as long as a file uses
// it. A *BadXorbError is the sender's fault.
func (s *Store) PutXorb(hash merkle.Hash, user string, until time.Time, body io.Reader) (added bool, err error) {
	f, err := s.temp()
	if err != nil {
		return false, err
	}
	index, err := spoolXorb(f, hash, body)
	if err != nil {
		drop(f)
		return false, err
	}
	s.collecting.RLock()
	defer s.collecting.RUnlock()
	if err := s.write(s.sentPath(hash, user), strconv.AppendInt(nil, until.Unix(), 10)); err != nil {
		drop(f)
		return false, err
	}
	if s.hasXorb(hash) {
		drop(f)
		return false, nil
	}
	if err := f.Truncate(index.Packed()); err != nil {
		drop(f)
		return false, err
	}
	if err := s.o.Publish(f, s.filed("xorbs", hash.String())); err != nil {
		return false, err
	}
	return true, s.addXorb(&Xorb{Hash: hash, Index: index})
}

func (s *Store) addXorb(x *Xorb) error {
	return s.write(s.indexPath(x.Hash), x.encode())
}

// spoolXorb copies a xorb to w and checks it on the way.
func spoolXorb(w io.Writer, hash merkle.Hash, body io.Reader) (xorb.Index, error) {
	sent := io.TeeReader(io.LimitReader(body, MaxUpload+1), w)
	index, err := xorb.Scan(bufio.NewReaderSize(sent, copySize))
	if _, malformed := errors.AsType[*xorb.FormatError](err); malformed {
		return nil, &BadXorbError{Hash: hash, Reason: "it can not be read", Err: err}
	}
	if err != nil {
		return nil, err
	}
	if got := index.Hash(); got != hash {
		return nil, &BadXorbError{Hash: hash, Reason: "its chunks make " + got.String()}
	}
	// What follows must be read, so that a sender that counts is content.
	if _, err := io.CopyBuffer(io.Discard, sent, make([]byte, copySize)); err != nil {
		return nil, err
	}
	return index, nil
}

// copySize is the length of buffers, in bytes.
const copySize = 256 << 10

// OpenXorb opens a xorb in its serialized form.
func (s *Store) OpenXorb(x *Xorb) (io.ReadSeekCloser, error) {
	if x.Object == "" {
		return os.Open(s.filed("xorbs", x.Hash.String()))
	}
	f, err := s.o.Object(x.Object)
	if err != nil {
		return nil, err
	}
	return struct {
		*io.SectionReader
		io.Closer
	}{xorb.OpenPlain(x.Index, io.NewSectionReader(f, x.Offset, x.Index.Size())), f}, nil
}

// indexCache keeps the 64 indexes that were used last, of 50 to 400 KB each.
type indexCache struct {
	mu    sync.Mutex
	held  []*Xorb // oldest use first
	epoch int     // how often it was cleared
}

const maxIndexes = 64

// get also tells the epoch: what is read from disk belongs to it.
func (c *indexCache) get(hash merkle.Hash) (x *Xorb, epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.held, func(x *Xorb) bool { return x.Hash == hash })
	if i < 0 {
		return nil, c.epoch
	}
	x = c.held[i]
	c.held = append(slices.Delete(c.held, i, i+1), x)
	return x, c.epoch
}

func (c *indexCache) put(x *Xorb, epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return // it may be gone
	}
	if len(c.held) == maxIndexes {
		c.held = slices.Delete(c.held, 0, 1)
	}
	c.held = append(c.held, x)
}

func (c *indexCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = nil
	c.epoch++
}
