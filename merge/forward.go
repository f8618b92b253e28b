package merge

import (
	"cmp"
	"fmt"
	"slices"
)

// Layout is a way to place the result's tensors in files.
type Layout string

const (
	// SharedBlocks keeps tensors that lie side by side in a source file
	// together, at offsets at which filesystems with reflinks share blocks.
	SharedBlocks Layout = "shared-blocks"
	// Forward gives each use of a source file's tensors output files of their
	// own, in the order in which they lie there: every output file reads one
	// source file from front to back, so that a source which is read once from
	// front to back serves all of them.
	Forward Layout = "forward"
)

// forwardBins places the tensors in the Forward layout: ordered by source file,
// by how often the tensor was used before, and by its offset. Of a tensor that
// is computed from several sources, the first counts.
func (p *planner) forwardBins() []*bin {
	passes := map[string]int{}
	uses := make([]use, len(p.outputs))
	for i, o := range p.outputs {
		model := slices.Index(p.order, o.from)
		key := fmt.Sprintf("%d/%s", model, o.src.Name)
		uses[i] = use{o, model, passes[key]}
		passes[key]++
	}
	slices.SortStableFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(a.src.file, b.src.file), cmp.Compare(a.pass, b.pass),
			cmp.Compare(a.src.Begin, b.src.Begin))
	})
	var bins []*bin
	for i, u := range uses {
		n, _ := u.DType.Bytes(u.Shape)
		r := run{tensors: []output{u.output}, size: n, header: u.entry, align: elementSize(u.DType)}
		same := i > 0 && uses[i-1].model == u.model && uses[i-1].src.file == u.src.file && uses[i-1].pass == u.pass
		if !same || !bins[len(bins)-1].takes(r, p.opts.ShardSize) {
			bins = append(bins, &bin{phase: -1})
		}
		bins[len(bins)-1].add(u.output)
	}
	return bins
}

// SourceRange is a stretch of a model's file.
type SourceRange struct {
	Model    string // as the recipe names it
	File     string
	From, To int64 // bytes
}

// ReadsForward tells which stretch of which source file this one is made from,
// if that is one file which it reads from front to back. Literal files read
// nothing.
func (f *File) ReadsForward() (r SourceRange, ok bool) {
	for _, p := range f.pieces {
		if p.literal != nil {
			continue
		}
		if _, step := f.steps[p.Model]; step || p.Compute != nil {
			return r, false
		}
		size := p.Size
		if p.Op != nil {
			size = p.In
		}
		switch {
		case r.Model == "":
			r = SourceRange{p.Model, p.File, p.Offset, p.Offset + size}
		case r.Model != p.Model || r.File != p.File || p.Offset < r.To:
			return r, false
		default:
			r.To = p.Offset + size
		}
	}
	return r, r.Model != ""
}
