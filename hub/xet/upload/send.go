package upload

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/cdc"
	"longcat/hub/xet/xorb"
	"longcat/internal/progress"
)

// send packs and uploads a xorb in the background; it waits while too many
// others are on their way.
func (s *session) send(ctx context.Context, x *newXorb) {
	if !s.sending.begin(ctx) {
		return
	}
	s.g.Go(func() error {
		began := time.Now()
		defer func() { s.sending.end(time.Since(began)) }()
		if err := s.sendXorb(ctx, x); err != nil {
			return err
		}
		close(x.done)
		return nil
	})
}

func (s *session) sendXorb(ctx context.Context, x *newXorb) (err error) {
	f, err := tempFile(s.o.TempDir)
	if err != nil {
		return fmt.Errorf("making a file for a xorb: %w", err)
	}
	defer f.discard()
	packed, err := pack(ctx, x, f)
	if err != nil {
		return err
	}
	told := &teller{o: &s.o, content: x.size, packed: packed.Size}
	packed.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(&counter{r: io.NewSectionReader(f, 0, packed.Size), told: told}), nil
	}
	sent, err := s.client.PutXorb(ctx, packed)
	if err != nil {
		return err
	}
	told.end(sent)
	x.packed = uint32(packed.Size)
	x.runs = nil
	if sent {
		s.sent.Add(packed.Size)
		s.xorbs.Add(1)
	}
	return nil
}

// pack reads the xorb's chunks again and writes it to f. A xorb must be there
// as a whole before it can be sent: its checksum goes ahead, and it may have
// to be sent again.
func pack(ctx context.Context, x *newXorb, f *temp) (xet.PackedXorb, error) {
	packed := xet.PackedXorb{Hash: x.hash}
	buffered := bufio.NewWriterSize(f, 256<<10)
	w := xorb.NewWriter(writerFunc(func(b []byte) (int, error) {
		packed.Size += int64(len(b))
		packed.Checksum = xet.AddChecksum(packed.Checksum, b)
		return buffered.Write(b)
	}))
	buf := make([]byte, cdc.MaxSize)
	i := 0
	for _, r := range x.runs {
		for at := r.from; at < r.to; i++ {
			if err := ctx.Err(); err != nil {
				return packed, err
			}
			data := buf[:x.chunks[i].Size]
			if n, err := r.content.Data.ReadAt(data, at); n < len(data) {
				return packed, fmt.Errorf("reading %q: %w", r.content.Name, err)
			}
			if err := w.Add(data); err != nil {
				return packed, fmt.Errorf("packing a xorb: %w", err)
			}
			if w.Index()[i].Hash != x.chunks[i].Hash {
				return packed, &ChangedError{Name: r.content.Name, Offset: at}
			}
			at += int64(len(data))
		}
	}
	if err := buffered.Flush(); err != nil {
		return packed, fmt.Errorf("packing a xorb: %w", err)
	}
	return packed, nil
}

// A ChangedError says that a content was not the same when it was read again.
type ChangedError struct {
	Name   string // of the content
	Offset int64  // first byte of a chunk that differs
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%q changed at or behind byte %d while it was uploaded", e.Name, e.Offset)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A teller tells of the bytes of one xorb while they are sent. What is sent
// once more is not told again.
type teller struct {
	o               *Options
	content, packed int64 // sizes of what is in the xorb, and of the xorb

	mu   sync.Mutex
	sent int64 // of packed
}

// reached says that the first n bytes of the xorb were read to be sent.
func (t *teller) reached(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n <= t.sent {
		return
	}
	if t.o.Sent != nil {
		t.o.Sent(int(n - t.sent))
	}
	t.o.Moved(t.moved(n) - t.moved(t.sent))
	t.sent = n
}

// moved is how much of the content has arrived, about, when the first n bytes of
// the xorb were read.
func (t *teller) moved(n int64) int64 {
	n = max(n-progress.Unacknowledged, 0)
	return int64(float64(t.content) * float64(n) / float64(t.packed))
}

// end says that the server has the xorb. Whoever still reads it is not heard.
func (t *teller) end(sent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := t.content - t.moved(t.sent)
	if t.sent = t.packed; sent {
		t.o.Moved(rest)
	} else {
		t.o.Found(rest)
	}
}

type counter struct {
	r    io.Reader
	read int64
	told *teller
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.read += int64(n)
	c.told.reached(c.read)
	return n, err
}

// A temp is a file without a name, where the system allows that.
type temp struct {
	*os.File
	named bool
}

func tempFile(dir string) (*temp, error) {
	f, err := os.CreateTemp(dir, "longcat-xorb-*")
	if err != nil {
		return nil, err
	}
	return &temp{File: f, named: os.Remove(f.Name()) != nil}, nil
}

func (t *temp) discard() {
	t.Close()
	if t.named {
		os.Remove(t.Name())
	}
}
