package merge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"longcat/merge/recipe"
)

// compare holds models that give layers against the base, whose config the
// result gets. What would make the result unusable is an error, what may make
// it worse a warning, each where the recipe names the model.
func (p *planner) compare(ctx context.Context) error {
	checked := map[*checkpoint]bool{p.base(): true}
	for _, l := range p.layers {
		for _, in := range l.inputs {
			if checked[in.from] {
				continue
			}
			checked[in.from] = true
			at := namedAt(&p.recipe.Slices[l.slice], in.from)
			for _, check := range []func(*checkpoint, recipe.Pos) error{p.compareFamily, p.compareQuantised, p.compareConfig, p.compareVocabulary} {
				if err := check(in.from, at); err != nil {
					return err
				}
			}
		}
	}
	if p.recipe.Method.Name == passthrough { // else tensors are compared where they are merged
		if err := p.compareLayers(); err != nil {
			return err
		}
	}
	p.compareTying()
	return p.compareTokenizers(ctx)
}

// namedAt is where a slice names a model.
func namedAt(s *recipe.Slice, c *checkpoint) recipe.Pos {
	for _, in := range s.Inputs {
		if in.Model.Name == c.ref.Name {
			return in.Model.Pos
		}
	}
	return s.Pos
}

// mismatch is an error about two models that do not fit.
func (p *planner) mismatch(at recipe.Pos, c *checkpoint, format string, args ...any) error {
	return p.recipe.Errorf(at, "%q does not fit %q: %s", c.ref.Name, p.base().ref.Name, fmt.Sprintf(format, args...))
}

// compareFamily wants one architecture with one way of naming its layers.
func (p *planner) compareFamily(c *checkpoint, at recipe.Pos) error {
	base := p.base()
	if mine, theirs := c.text("model_type"), base.text("model_type"); mine != theirs {
		return p.mismatch(at, c, "the one is a %s model, the other %s", mine, theirs)
	}
	if mine, theirs := c.depth.stack.Prefix, base.depth.stack.Prefix; mine != theirs {
		return p.mismatch(at, c, "its layers are named %q, the other's %q", mine, theirs)
	}
	return nil
}

// compareLayers wants every layer of another model to be of a kind that the
// base has too, and dtypes that agree unless the recipe converts them.
func (p *planner) compareLayers() error {
	base := p.base()
	kinds := map[string]bool{}
	shapes, types := map[string]sourceTensor{}, map[string]bool{}
	for i, layer := range base.layers {
		kinds[base.kinds[i]] = true
		for _, t := range layer {
			shapes[t.rest] = t
			types[t.rest+string(t.DType)] = true
		}
	}
	warned := map[*checkpoint]bool{}
	for _, l := range p.layers {
		if l.from == base {
			continue
		}
		at, layer := namedAt(&p.recipe.Slices[l.slice], l.from), l.from.layers[l.layer]
		if !kinds[l.from.kinds[l.layer]] {
			return p.strangeLayer(l, at, shapes)
		}
		for _, t := range layer {
			if !types[t.rest+string(t.DType)] && p.recipe.DType == "" && p.recipe.OutDType == "" && !warned[l.from] {
				warned[l.from] = true
				p.warn(at, "%q stores %s as %s, %q as %s; without dtype in the recipe the result mixes them", l.from.ref.Name, t.Name, t.DType, base.ref.Name, shapes[t.rest].DType)
			}
		}
	}
	return nil
}

// strangeLayer says in which tensor a layer differs from all of the base's.
func (p *planner) strangeLayer(l layerUse, at recipe.Pos, shapes map[string]sourceTensor) error {
	have := map[string]bool{}
	for _, t := range l.from.layers[l.layer] {
		have[t.rest] = true
		known, ok := shapes[t.rest]
		switch {
		case !ok:
			return p.mismatch(at, l.from, "its %s has no counterpart", t.Name)
		case !slices.Equal(known.Shape, t.Shape):
			return p.mismatch(at, l.from, "its %s has shape %v, the other's %v", t.Name, t.Shape, known.Shape)
		}
	}
	for rest := range shapes {
		if !have[rest] {
			return p.mismatch(at, l.from, "its layer %d has no tensor %q", l.layer, strings.TrimPrefix(rest, "."))
		}
	}
	return p.mismatch(at, l.from, "its layer %d mixes tensors as no layer of the other does", l.layer)
}

// meanings are config values that say how weights are used. Weights trained
// under one value compute something else under another; hard ones can not work.
var meanings = []struct {
	keys []string
	hard bool
}{
	{[]string{"num_attention_heads", "n_head", "num_heads", "n_heads", "num_key_value_heads", "head_dim", "num_experts_per_tok"}, true},
	{[]string{
		"hidden_act", "activation_function", "hidden_activation", "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "rope_theta",
		"rope_parameters", "rope_scaling", "rotary_pct", "partial_rotary_factor", "sliding_window", "max_position_embeddings",
	}, false},
}

func (p *planner) compareConfig(c *checkpoint, at recipe.Pos) error {
	base := p.base()
	for _, m := range meanings {
		for _, key := range m.keys {
			mine, theirs := c.compact(key), base.compact(key)
			if mine == theirs || mine == "" || theirs == "" {
				continue
			}
			if m.hard {
				return p.mismatch(at, c, "%s is %s, the other's %s", key, mine, theirs)
			}
			p.warn(at, "%q has %s %s, %q %s; the result uses the latter for all layers", c.ref.Name, key, mine, base.ref.Name, theirs)
		}
	}
	return nil
}

// compareVocabulary looks at the models that give embeddings and head: the
// config counts their rows.
func (p *planner) compareVocabulary(c *checkpoint, at recipe.Pos) error {
	mine, ok := c.integer("vocab_size")
	theirs, ok2 := p.base().integer("vocab_size")
	if !ok || !ok2 || mine == theirs {
		return nil
	}
	if p.recipe.Method.Name != passthrough || p.vocabulary != nil {
		return nil // told where embeddings are merged
	}
	if p.outside(c) {
		return p.mismatch(at, c, "its vocabulary has %d words, the other's %d, and the result would take its embeddings or head", mine, theirs)
	}
	p.warn(at, "the vocabulary of %q has %d words, that of %q %d", c.ref.Name, mine, p.base().ref.Name, theirs)
	return nil
}

// compareTying warns when the result gets a head that its config does not use.
func (p *planner) compareTying() {
	if p.last() == p.base() || !tied(p.base()) || tied(p.last()) {
		return
	}
	at := namedAt(&p.recipe.Slices[len(p.recipe.Slices)-1], p.last())
	p.warn(at, "%q has a head of its own, but config.json comes from %q, which ties the head to the embeddings (tie_word_embeddings)", p.last().ref.Name, p.base().ref.Name)
}

// outside reports whether the model gives tensors outside the layers: embeddings
// or head, alone or with others.
func (p *planner) outside(c *checkpoint) bool {
	return slices.ContainsFunc(append(slices.Clone(p.layers[0].inputs), p.layers[len(p.layers)-1].inputs...), func(l layerOf) bool { return l.from == c })
}

// vocabularies are the files that give words their numbers.
var vocabularies = []string{"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt"}

// compareTokenizers wants the tokenizer of the result to be that of the models
// whose embeddings and head it gets.
func (p *planner) compareTokenizers(ctx context.Context) error {
	if p.vocabulary != nil {
		return nil // rows move to where the result's tokenizer wants them
	}
	chosen := p.tokenizerModel()
	done := map[*checkpoint]bool{chosen: true}
	for _, c := range p.order {
		if done[c] {
			continue
		}
		done[c] = true
		file, err := differs(ctx, chosen, c)
		if err != nil {
			return err
		}
		if file == "" {
			continue
		}
		at := c.ref.Pos
		matters := p.outside(c)
		if matters {
			p.warn(at, "%q and %q have different tokenizers (%s): words may be read or written as others; tokenizer_source rearranges their embeddings", chosen.ref.Name, c.ref.Name, file)
		} else {
			p.warn(at, "%q was trained with another tokenizer than %q (%s differs)", c.ref.Name, chosen.ref.Name, file)
		}
	}
	return nil
}

// differs names a vocabulary file that both models have and that is not the
// same in them, or "".
func differs(ctx context.Context, a, b *checkpoint) (string, error) {
	for _, name := range vocabularies {
		fa, err := a.model.Open(ctx, name)
		if isAbsent(err) {
			continue
		} else if err != nil {
			return "", a.fail(name, "", err)
		}
		fb, err := b.model.Open(ctx, name)
		if isAbsent(err) {
			continue
		} else if err != nil {
			return "", b.fail(name, "", err)
		}
		same, err := equalContent(fa, fb)
		if err != nil {
			return "", fmt.Errorf("comparing %s of %q and %q: %w", name, a.ref.Name, b.ref.Name, err)
		}
		if !same {
			return name, nil
		}
	}
	return "", nil
}

// equalContent compares sizes, then bytes, a little at a time.
func equalContent(a, b *io.SectionReader) (bool, error) {
	if a.Size() != b.Size() {
		return false, nil
	}
	a, b = io.NewSectionReader(a, 0, a.Size()), io.NewSectionReader(b, 0, b.Size())
	x, y := make([]byte, 1<<18), make([]byte, 1<<18)
	for {
		n, err := io.ReadFull(a, x)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		if _, err := io.ReadFull(b, y[:n]); err != nil && err != io.EOF {
			return false, err
		}
		if !bytes.Equal(x[:n], y[:n]) {
			return false, nil
		}
		if n < len(x) {
			return true, nil
		}
	}
}
