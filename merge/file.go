package merge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"

	"longcat/merge/safetensors"
)

// File is a file of the result.
type File struct {
	Path    string               `json:"path"` // slash path
	Size    int64                `json:"size"`
	Tensors []safetensors.Tensor `json:"tensors,omitempty"` // of a weight file

	pieces []piece
	steps  map[string]*Plan
}

// piece is a run of bytes of a file: literal, a range of a source file as it
// is, or a tensor to be computed from such a range.
type piece struct {
	Size    int64 // in the result
	literal []byte
	Model   string
	File    string
	Offset  int64
	In      int64      // length of the source's range, where Op changes it
	Op      *operation // nil: bytes are copied
}

// add appends a piece, joining it to the one before when the bytes follow each
// other in the same source file.
func (f *File) add(p piece) {
	f.Size += p.Size
	if n := len(f.pieces); n > 0 {
		if last := &f.pieces[n-1]; last.literal == nil && p.literal == nil && last.Op == nil && p.Op == nil &&
			last.Model == p.Model && last.File == p.File && last.Offset+last.Size == p.Offset {
			last.Size += p.Size
			return
		}
	}
	f.pieces = append(f.pieces, p)
}

// shareable counts the bytes in whole blocks whose place agrees with the source's.
func (f *File) shareable() int64 {
	var n, at int64
	for _, p := range f.pieces {
		if p.literal == nil && p.Op == nil && (at-p.Offset)%block == 0 {
			first := (at + block - 1) / block
			last := (at + p.Size) / block
			n += max(last-first, 0) * block
		}
		at += p.Size
	}
	return n
}

// Content is the file as random access, though it may be written nowhere: each
// read goes to the pieces that it touches, until ctx ends. Sources are opened again through
// open, which may give other copies of the same models than the plan was made
// from, such as cached files in place of remote ones. A source file whose size
// has changed is an error. Reads may run concurrently.
func (f *File) Content(ctx context.Context, open Opener) (*io.SectionReader, error) {
	c := &content{size: f.Size}
	open = withSteps(open, f.steps)
	opened := map[[2]string]*io.SectionReader{}
	at := int64(0)
	for _, p := range f.pieces {
		var r io.ReaderAt = literal(p.literal)
		if p.literal == nil {
			key := [2]string{p.Model, p.File}
			src := opened[key]
			if src == nil {
				m, err := open(p.Model)
				if err != nil {
					return nil, fmt.Errorf("opening model %q: %w", p.Model, err)
				}
				if src, err = m.Open(ctx, p.File); err != nil {
					return nil, fmt.Errorf("opening %q of %q: %w", p.File, p.Model, err)
				}
				opened[key] = src
			}
			in := p.Size
			if p.Op != nil {
				in = p.In
			}
			if src.Size() < p.Offset+in {
				return nil, &ModelError{Model: p.Model, File: p.File, Msg: fmt.Sprintf("has %d bytes now, fewer than when the merge was planned", src.Size())}
			}
			section := io.NewSectionReader(src, p.Offset, in)
			r = section
			if p.Op != nil {
				r = computed{section, *p.Op}
			}
		}
		c.starts = append(c.starts, at)
		c.parts = append(c.parts, r)
		at += p.Size
	}
	return io.NewSectionReader(c, 0, f.Size), nil
}

// literal is bytes as random access.
type literal []byte

// ReadAt implements io.ReaderAt for ranges inside the literal.
func (l literal) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, l[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// content is a list of parts, one after the other.
type content struct {
	size   int64
	starts []int64
	parts  []io.ReaderAt
}

// end is the offset after part i.
func (c *content) end(i int) int64 {
	if i+1 < len(c.starts) {
		return c.starts[i+1]
	}
	return c.size
}

// part finds the part that holds the byte at off.
func (c *content) part(off int64) int {
	return sort.Search(len(c.starts), func(i int) bool { return c.end(i) > off })
}

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("merge: negative offset")
	}
	done := 0
	for i := c.part(off); done < len(p) && i < len(c.parts); i++ {
		at := off + int64(done)
		want := p[done:min(int64(len(p)), int64(done)+c.end(i)-at)]
		n, err := c.parts[i].ReadAt(want, at-c.starts[i])
		done += n
		if n < len(want) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// withSteps lets open find the merges of the same recipe by their names.
func withSteps(open Opener, steps map[string]*Plan) Opener {
	return func(name string) (Model, error) {
		if p, ok := steps[name]; ok {
			return p.Model(open), nil
		}
		return open(name)
	}
}

// Model is the plan's result as a model, written nowhere.
func (p *Plan) Model(open Opener) Model { return virtual{p, open} }

type virtual struct {
	plan *Plan
	open Opener
}

func (v virtual) Files() []string {
	var names []string
	for _, f := range v.plan.Files {
		names = append(names, f.Path)
	}
	sort.Strings(names)
	return names
}

func (v virtual) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	for _, f := range v.plan.Files {
		if f.Path == name {
			return f.Content(ctx, v.open)
		}
	}
	return nil, fmt.Errorf("the merge has no file %q: %w", name, fs.ErrNotExist)
}
