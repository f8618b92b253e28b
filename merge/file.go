package merge

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sort"

	"longcat/merge/dirwriter"
	"longcat/merge/parts"
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
// is, or a tensor to be computed from such a range, or from several.
type piece struct {
	Size    int64 // in the result
	literal []byte
	Model   string
	File    string
	Offset  int64
	In      int64      // length of the source's range, where Op changes it
	Op      *operation // nil: bytes are copied, if Compute is nil too
	Compute computing  // nil: as Op says
}

// computing is content that is made from ranges of source files, which source
// opens.
type computing interface {
	open(source opener) (io.ReaderAt, error)
}

// opener opens a range of a source's file.
type opener func(model, file string, offset, size int64) (*io.SectionReader, error)

// copied reports whether the piece is a range of a source file as it is.
func (p *piece) copied() bool { return p.literal == nil && p.Op == nil && p.Compute == nil }

// add appends a piece, joining it to the one before when the bytes follow each
// other in the same source file.
func (f *File) add(p piece) {
	f.Size += p.Size
	if n := len(f.pieces); n > 0 {
		if last := &f.pieces[n-1]; last.copied() && p.copied() &&
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
		if p.copied() && (at-p.Offset)%block == 0 {
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
	list := &parts.List{}
	s := &sources{open: withSteps(open, f.steps), files: map[[2]string]*io.SectionReader{}}
	section := func(model, file string, offset, size int64) (*io.SectionReader, error) {
		return s.section(ctx, model, file, offset, size)
	}
	for _, p := range f.pieces {
		var r io.ReaderAt
		var err error
		switch {
		case p.literal != nil:
			r = parts.Bytes(p.literal)
		case p.Compute != nil:
			r, err = p.Compute.open(section)
		case p.Op != nil:
			var src *io.SectionReader
			src, err = section(p.Model, p.File, p.Offset, p.In)
			r = computed{src, *p.Op}
		default:
			r, err = section(p.Model, p.File, p.Offset, p.Size)
		}
		if err != nil {
			return nil, err
		}
		list.Add(r, p.Size)
	}
	return io.NewSectionReader(list, 0, f.Size), nil
}

// sources are the source files of a file's content, each opened once.
type sources struct {
	open  Opener
	files map[[2]string]*io.SectionReader
}

// section is a range of a source file.
func (s *sources) section(ctx context.Context, model, file string, offset, size int64) (*io.SectionReader, error) {
	key := [2]string{model, file}
	src := s.files[key]
	if src == nil {
		m, err := s.open(model)
		if err != nil {
			return nil, fmt.Errorf("opening model %q: %w", model, err)
		}
		if src, err = m.Open(ctx, file); err != nil {
			return nil, fmt.Errorf("opening %q of %q: %w", file, model, err)
		}
		s.files[key] = src
	}
	if src.Size() < offset+size {
		return nil, &ModelError{Model: model, File: file, Msg: fmt.Sprintf("has %d bytes now, fewer than when the merge was planned", src.Size())}
	}
	return io.NewSectionReader(src, offset, size), nil
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

// block is the size of a filesystem block: see dirwriter.Block.
const block = dirwriter.Block
