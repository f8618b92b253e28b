package config

import "strings"

// maxEnds is how many layers at the two ends may be of their own kind without a
// word in the config, and how long a period may be.
const maxEnds = 16

// structure refuses a layer at a place where the model's code wants another
// kind of layer. Where the base's layers differ in their tensors, the config
// says which is which, or they stand at a place of their own: the first or last
// ones, or every n-th.
func (r *rewriter) structure() {
	if r.err != nil {
		return
	}
	b := r.base
	uniform := true
	for i := range b.Layers {
		uniform = uniform && b.Kind(i) == b.Kind(0)
	}
	if uniform {
		return // layers of other models were compared with the base's
	}
	r.told = map[Layer]string{}
	n := b.Layers
	for ends := 0; ends <= min(n/2, maxEnds); ends++ {
		for head := range ends + 1 {
			tail := ends - head
			if kinds, ok := r.kinds(head, n-tail, 1); ok {
				r.endsStay(kinds, head, tail)
				return
			}
		}
		if ends > 0 { // every n-th layer, rather than ends of that length
			if kinds, ok := r.kinds(0, n, ends+1); ok && 2*(ends+1) <= n {
				r.periodStays(kinds, ends+1)
				return
			}
		}
	}
	r.refuse("the layers of %q differ in their tensors and config.json does not say which is which, so they can not be moved", b.Name)
}

// kinds is what decides the tensors of the base's layers from … to-1: what the
// config says of a layer, and its number modulo period. Not ok if that does not
// decide them.
func (r *rewriter) kinds(from, to, period int) (map[string]string, bool) {
	kinds := map[string]string{}
	for i := from; i < to; i++ {
		key := r.key(Layer{r.base, i}, i, period)
		if known, ok := kinds[key]; ok && known != r.base.Kind(i) {
			return nil, false
		}
		kinds[key] = r.base.Kind(i)
	}
	return kinds, true
}

// key is what is said of a layer that stands at place i.
func (r *rewriter) key(l Layer, i, period int) string {
	told, ok := r.told[l]
	if !ok {
		var b strings.Builder
		for _, said := range r.said {
			b.WriteString(said(l.From, l.Index))
			b.WriteByte('\n')
		}
		told = b.String()
		r.told[l] = told
	}
	return told + string(number(i%period))
}

// endsStay wants the first head and the last tail layers to stay what they are,
// and those between to be what the config says.
func (r *rewriter) endsStay(kinds map[string]string, head, tail int) {
	n := len(r.layers)
	for i, l := range r.layers {
		has := l.From.Kind(l.Index)
		switch {
		case i < head:
			if has != r.base.Kind(i) {
				r.refuse("layer %d of %q has other tensors than most (%s), and so must layer %d of the result; layer %d of %q can not stand there", i, r.base.Name, r.difference(r.base.Kind(i), has), i, l.Index, l.From.Name)
				return
			}
		case i >= n-tail:
			if at := r.base.Layers - (n - i); has != r.base.Kind(at) {
				r.refuse("layer %d of %q, one of the last, has other tensors than most (%s), and so must layer %d of the result; layer %d of %q can not stand there", at, r.base.Name, r.difference(r.base.Kind(at), has), i, l.Index, l.From.Name)
				return
			}
		default:
			want, ok := kinds[r.key(l, i, 1)]
			if ok && want == has {
				continue
			}
			if !ok {
				want = r.base.Kind(r.base.Layers / 2)
			}
			r.refuse("layer %d of %q has other tensors than those that can stand at %d (%s); config.json does not say so, its place does", l.Index, l.From.Name, i, r.difference(want, has))
			return
		}
	}
}

// periodStays wants a layer to stand where its place makes it one of its kind.
func (r *rewriter) periodStays(kinds map[string]string, period int) {
	for i, l := range r.layers {
		if want, ok := kinds[r.key(l, i, period)]; !ok || want != l.From.Kind(l.Index) {
			r.refuse("every %s layer of %q has other tensors than the rest, and config.json does not say so; layer %d can not stand at %d", ordinal(period), r.base.Name, l.Index, i)
			return
		}
	}
}

// difference names a tensor that one kind of layer has and the other has not.
func (r *rewriter) difference(a, b string) string {
	have := map[string]bool{}
	for line := range strings.SplitSeq(b, "\n") {
		have[line] = true
	}
	for line := range strings.SplitSeq(a, "\n") {
		if !have[line] {
			return strings.TrimPrefix(line, ".")
		}
		delete(have, line)
	}
	for line := range strings.SplitSeq(b, "\n") {
		if have[line] {
			return strings.TrimPrefix(line, ".")
		}
	}
	return "none"
}
