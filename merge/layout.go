package merge

import (
	"cmp"
	"fmt"
	"slices"

	"longcat/merge/safetensors"
)

// run is a piece of one source file that goes into the result as it is: tensors
// that lie side by side there.
type run struct {
	tensors []output
	start   int64 // offset of the first in the source file
	size    int64
	header  int64 // bound of what the tensors take in a header
	align   int64 // the widest element, in bytes
}

// bin is an output weight file while it is being filled.
type bin struct {
	outputs []output
	header  int64 // bound of the header's length
	size    int64 // of the data
	phase   int64 // offset of the data section modulo block; -1 while nothing asks for one
}

// layOut places the tensors in files.
//
// In the SharedBlocks layout, each source file's tensors are taken in the order in which they lie there,
// all first uses before all second ones and so on. In that order neighbours stay
// neighbours, so that what is copied are long runs, most often a whole file's
// data, rather than tensors or layers: few system calls, and seams between
// foreign bytes only where the recipe makes them. A run goes to a file in which
// its offset agrees with the source's modulo the block size.
func (p *planner) layOut() error {
	for _, o := range p.outputs {
		n, _ := o.DType.Bytes(o.Shape)
		p.plan.TensorBytes += n
		p.plan.Params += o.Elements()
	}
	p.plan.Tensors = len(p.outputs)
	bins := p.sharedBins()
	if p.opts.Layout == Forward {
		bins = p.forwardBins()
	}
	for i, b := range bins {
		name := singleFile
		if len(bins) > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(bins))
		}
		f, err := b.file(name)
		if err != nil {
			return fmt.Errorf("laying out %q: %w", name, err)
		}
		p.plan.Files = append(p.plan.Files, f)
		p.plan.Shareable += f.shareable()
	}
	return nil
}

// sharedBins places the tensors in the SharedBlocks layout.
func (p *planner) sharedBins() []*bin {
	// Beyond twice the files that the result needs, sharing bytes is not worth another.
	enough := 2 * int(p.plan.TensorBytes/p.opts.ShardSize+1)
	var bins []*bin
	for _, r := range p.runs() {
		bins = p.place(bins, r, len(bins) >= enough)
	}
	for _, o := range p.outputs {
		if !o.copied() {
			bins = p.placeComputed(bins, o)
		}
	}
	return bins
}

// use is an output together with how often its source was used before.
type use struct {
	output
	model, pass int
}

// runs cuts the tensors that are copied as they are into runs: by pass, source
// file and offset.
func (p *planner) runs() []run {
	passes := map[string]int{}
	var uses []use
	for _, o := range p.outputs {
		if !o.copied() {
			continue
		}
		model := slices.Index(p.order, o.from)
		key := fmt.Sprintf("%d/%s", model, o.src.Name)
		uses = append(uses, use{o, model, passes[key]})
		passes[key]++
	}
	slices.SortStableFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(a.pass, b.pass), cmp.Compare(a.model, b.model), cmp.Compare(a.src.file, b.src.file),
			cmp.Compare(a.src.Begin, b.src.Begin), cmp.Compare(a.src.End, b.src.End))
	})
	var runs []run
	var last use
	for i, u := range uses {
		width := elementSize(u.DType)
		joins := i > 0 && u.pass == last.pass && u.model == last.model && u.src.file == last.src.file &&
			u.src.Begin == last.src.End && runs[len(runs)-1].size%width == 0
		last = u
		if !joins {
			runs = append(runs, run{start: u.from.shards[u.src.file].header.Data + u.src.Begin})
		}
		r := &runs[len(runs)-1]
		r.tensors = append(r.tensors, u.output)
		r.size += u.src.Size()
		r.header += u.entry
		r.align = max(r.align, width)
	}
	return runs
}

// place puts a run into a bin where its bytes can be shared, else into a new
// one, cut where it is larger than a file may be. Short runs are not worth a
// file of their own, and no run is when there are enough files.
func (p *planner) place(bins []*bin, r run, enough bool) []*bin {
	for _, b := range bins {
		if b.aligned(r.start) && b.takes(r, p.opts.ShardSize) {
			b.addRun(r)
			return bins
		}
	}
	if enough || r.size < p.opts.ShardSize/16 {
		for _, b := range bins {
			if b.takes(r, p.opts.ShardSize) {
				b.addRun(r)
				return bins
			}
		}
	}
	for len(r.tensors) > 0 {
		b := &bin{phase: -1}
		var part run
		part, r = r.cut(p.opts.ShardSize)
		b.addRun(part)
		bins = append(bins, b)
	}
	return bins
}

// placeComputed puts a computed tensor into the last bin, or into a new one.
func (p *planner) placeComputed(bins []*bin, o output) []*bin {
	n, _ := o.DType.Bytes(o.Shape)
	r := run{tensors: []output{o}, size: n, header: o.entry, align: elementSize(o.DType)}
	for _, b := range slices.Backward(bins) {
		if b.takes(r, p.opts.ShardSize) {
			b.add(o)
			return bins
		}
	}
	b := &bin{phase: -1}
	b.add(o)
	return append(bins, b)
}

// copied reports whether the tensor's bytes are those of its source.
func (o *output) copied() bool { return o.compute == nil && o.op.identity() }

// elementSize is in bytes, 1 for what is narrower.
func elementSize(t safetensors.DType) int64 { return max(t.Bits()/8, 1) }

// cut splits the run before the tensor that would make it larger than a file.
func (r run) cut(limit int64) (head, tail run) {
	head = run{start: r.start, align: r.align}
	for i, o := range r.tensors {
		n := o.src.Size()
		if i > 0 && headerBound+head.header+o.entry+head.size+n > limit {
			tail = run{r.tensors[i:], r.start + head.size, r.size - head.size, r.header - head.header, r.align}
			break
		}
		head.tensors = r.tensors[:i+1]
		head.size += n
		head.header += o.entry
	}
	return head, tail
}

// headerBound is what a header takes beside its entries: length, metadata and
// the padding to a block.
const headerBound = 64 + block

// takes reports whether the whole run still fits into the file, with its
// elements at multiples of their size, as readers that map files expect it.
func (b *bin) takes(r run, limit int64) bool {
	return b.size%r.align == 0 && b.size+r.size+b.header+r.header+headerBound <= limit
}

// aligned reports whether bytes from offset start of a source file would be
// shareable as the next ones of this file.
func (b *bin) aligned(start int64) bool {
	return b.phase >= 0 && (b.phase+b.size-start)%block == 0
}

func (b *bin) addRun(r run) {
	if b.phase < 0 {
		b.phase = r.start % block
	}
	for _, o := range r.tensors {
		b.add(o)
	}
}

func (b *bin) add(o output) {
	n, _ := o.DType.Bytes(o.Shape)
	b.outputs = append(b.outputs, o)
	b.size += n
	b.header += o.entry
}

// file turns the bin into pieces: the header, and ranges of source files.
func (b *bin) file(name string) (*File, error) {
	tensors := make([]safetensors.Tensor, len(b.outputs))
	for i, o := range b.outputs {
		tensors[i] = o.Tensor
	}
	head, err := safetensors.Encode(map[string]string{"format": "pt"}, tensors, safetensors.Padding{Block: block, Rest: max(b.phase, 0)})
	if err != nil {
		return nil, err
	}
	f := &File{Path: name, Tensors: tensors}
	f.add(piece{Size: int64(len(head)), literal: head})
	for i, o := range b.outputs {
		if o.compute != nil {
			f.add(piece{Size: tensors[i].Size(), Compute: o.compute})
			continue
		}
		s := o.from.shards[o.src.file]
		pc := piece{Model: o.from.ref.Name, File: s.path, Offset: s.header.Data + o.src.Begin, Size: tensors[i].Size()}
		if !o.op.identity() {
			pc.Op, pc.In = &b.outputs[i].op, o.src.Size()
		}
		f.add(pc)
	}
	return f, nil
}
