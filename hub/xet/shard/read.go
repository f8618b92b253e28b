package shard

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
)

// Read reads a shard in either form, at most MaxBytes of it. The Footer is nil
// for the form to upload. What is malformed gives a *FormatError.
func Read(r io.Reader) (*Shard, *Footer, error) {
	s := new(Shard)
	footer, err := Visit(r, Visitor{
		File: func(f File) error { s.Files = append(s.Files, f); return nil },
		Xorb: func(x Xorb) error { s.Xorbs = append(s.Xorbs, x); return nil },
	})
	if err != nil {
		return nil, nil, err
	}
	return s, footer, nil
}

// A Visitor gets a shard's files and xorbs one after the other. An error that
// it returns ends the reading; a nil function passes over its part.
type Visitor struct {
	File func(File) error
	Xorb func(Xorb) error
}

// Visit is Read for a shard that need not be in memory at once. What it hands
// out is well-formed, but the chunks' hashes have their meaning only with the
// key of the Footer, which comes last.
func Visit(src io.Reader, visit Visitor) (*Footer, error) {
	r := &reader{r: bufio.NewReaderSize(io.LimitReader(src, MaxBytes+1), 32<<10)}
	tag, rest, err := r.record()
	if err != nil {
		return nil, err
	}
	version, length := le.Uint64(rest[:]), le.Uint64(rest[8:])
	switch {
	case tag != headerTag:
		return nil, r.malformed("is no header of a shard", nil)
	case version != headerVersion:
		return nil, r.malformed(fmt.Sprintf("header version is %d, want %d", version, headerVersion), nil)
	case length != 0 && length != footerSize:
		return nil, r.malformed(fmt.Sprintf("footer has %d bytes, want %d or none", length, footerSize), nil)
	}
	if err := r.files(visit.File); err != nil {
		return nil, err
	}
	if err := r.xorbs(visit.Xorb); err != nil {
		return nil, err
	}
	return r.end(length)
}

type reader struct {
	r      *bufio.Reader
	buf    [RecordSize]byte
	offset int64 // of the record read last
	next   int64
}

func (r *reader) malformed(reason string, cause error) error {
	return &FormatError{Offset: r.offset, Reason: reason, Err: cause}
}

func (r *reader) record() (hash [32]byte, rest [16]byte, err error) {
	r.offset = r.next
	if _, err = io.ReadFull(r.r, r.buf[:]); err != nil {
		return hash, rest, r.broken(err)
	}
	r.next += RecordSize
	if r.next > MaxBytes {
		return hash, rest, r.malformed(fmt.Sprintf("is longer than %d bytes", MaxBytes), nil)
	}
	return [32]byte(r.buf[:32]), [16]byte(r.buf[32:]), nil
}

// broken tells a shard that is cut off from one that could not be read.
func (r *reader) broken(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.malformed("is cut off", io.ErrUnexpectedEOF)
	}
	return err
}

// number is the i-th of a record's four numbers.
func number(rest [16]byte, i int) uint32 { return le.Uint32(rest[4*i:]) }

func (r *reader) files(visit func(File) error) error {
	var verified *bool
	for {
		hash, rest, err := r.record()
		if err != nil || hash == bookend {
			return err
		}
		f := File{Hash: hash, Verified: number(rest, 0)&withVerification != 0}
		if verified != nil && *verified != f.Verified {
			return r.malformed("some files have verification hashes and some have not", nil)
		}
		verified = &f.Verified
		n := number(rest, 1)
		if err := r.terms(&f, n); err != nil {
			return err
		}
		if number(rest, 0)&withSHA256 != 0 {
			sum, _, err := r.record()
			if err != nil {
				return err
			}
			sum = turn(sum)
			f.SHA256 = &sum
		}
		if visit == nil {
			continue
		}
		if err := visit(f); err != nil {
			return err
		}
	}
}

func (r *reader) terms(f *File, n uint32) error {
	if n > MaxTerms {
		return r.malformed(fmt.Sprintf("file of %d terms; at most %d are taken", n, MaxTerms), nil)
	}
	for range n { // the slice grows with what is there, not with what n claims
		hash, rest, err := r.record()
		if err != nil {
			return err
		}
		t := Term{Xorb: hash, Size: number(rest, 1), First: number(rest, 2), End: number(rest, 3)}
		if t.First >= t.End || t.Size == 0 || uint64(t.Size) > uint64(t.End-t.First)*cdc.MaxSize {
			return r.malformed(fmt.Sprintf("term of chunks %d to %d with %d bytes", t.First, t.End, t.Size), nil)
		}
		f.Terms = append(f.Terms, t)
	}
	if !f.Verified {
		return nil
	}
	for i := range f.Terms {
		hash, _, err := r.record()
		if err != nil {
			return err
		}
		f.Terms[i].Verification = hash
	}
	return nil
}

func (r *reader) xorbs(visit func(Xorb) error) error {
	for {
		hash, rest, err := r.record()
		if err != nil || hash == bookend {
			return err
		}
		x := Xorb{Hash: hash, Packed: number(rest, 3)}
		n, size, offset := number(rest, 1), number(rest, 2), uint64(0)
		for range n {
			hash, rest, err := r.record()
			if err != nil {
				return err
			}
			c := Chunk{Hash: hash, Size: number(rest, 1)}
			if uint64(number(rest, 0)) != offset || c.Size == 0 || c.Size > cdc.MaxSize {
				return r.malformed(fmt.Sprintf("chunk of %d bytes at %d, which should be at %d", c.Size, number(rest, 0), offset), nil)
			}
			offset += uint64(c.Size)
			if visit != nil {
				x.Chunks = append(x.Chunks, c)
			}
		}
		if offset != uint64(size) {
			return r.malformed(fmt.Sprintf("xorb of %d bytes has chunks of together %d", size, offset), nil)
		}
		if visit == nil {
			continue
		}
		if err := visit(x); err != nil {
			return err
		}
	}
}

var errNoEnd = errors.New("more bytes follow")

// end reads the footer of length bytes, passing over lookup tables before it,
// and makes sure that nothing follows.
func (r *reader) end(length uint64) (*Footer, error) {
	r.offset = r.next
	b := make([]byte, 0, 32<<10) // begins with the last bytes seen
	n := int64(0)
	for {
		m, err := r.r.Read(b[len(b):cap(b)])
		b = b[:len(b)+m]
		n += int64(m)
		if drop := len(b) - footerSize; drop > 0 {
			b = b[:copy(b, b[drop:])]
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case length == 0 && n > 0:
		return nil, r.malformed("has no footer", errNoEnd)
	case length == 0:
		return nil, nil
	case n < footerSize:
		return nil, r.malformed("footer is cut off", io.ErrUnexpectedEOF)
	case r.next+n > MaxBytes:
		return nil, r.malformed(fmt.Sprintf("is longer than %d bytes", MaxBytes), nil)
	}
	r.offset += n - footerSize
	version, at := le.Uint64(b), le.Uint64(b[footerSize-8:])
	switch {
	case version != footerVersion:
		return nil, r.malformed(fmt.Sprintf("footer version is %d, want %d", version, footerVersion), nil)
	case at != uint64(r.offset):
		return nil, r.malformed(fmt.Sprintf("footer says that it stands at %d", at), nil)
	}
	f := &Footer{Key: merkle.Hash(b[72:104]), Created: le.Uint64(b[104:]), Expires: le.Uint64(b[112:])}
	if f.Expires == math.MaxUint64 {
		f.Expires = 0
	}
	return f, nil
}
