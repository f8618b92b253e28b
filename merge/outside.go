package merge

import (
	"fmt"
	"slices"
	"strings"

	"longcat/merge/config"
	"longcat/merge/recipe"
)

// place is where in the forward pass a tensor outside the layers works. It
// decides which model gives it when the slices name several: what works before
// the layers comes with the first one, what works after them with the last.
type place int

const (
	somewhere place = iota // not known
	before
	after
)

// What modules that lie beside the layers, or above them, are called. Names that
// are exactly one of these decide first, then parts of names.
var (
	exactly = map[place][]string{
		before: {
			"shared", "wte", "wpe", "tok_embeddings", "project_in", "per_layer_model_projection", "per_layer_projection_norm", "altup_projections",
			"pre_layrnorm", "pre_layernorm", "ln_pre", "input_norm", "embed_norm", "norm_emb", "emb_norm", "norm_embed", "embeddings_norm", "embeddings_project",
			"relative_attention_bias", "rel_pos_bias", "mask_token", "cls_token", "dist_token", "class_token", "perceiver_resampler", "connector", "aligner",
		},
		after: {
			"norm", "final_norm", "ln_f", "norm_f", "final_layernorm", "final_layer_norm", "embedding_norm", "out_norm", "output_norm", "norm_out", "ln_out",
			"post_layernorm", "ln_post", "last_layernorm", "ln_final", "project_out", "altup_unembed_projections", "text_projection", "logit_scale", "logit_bias",
			"mtp", "nextn", "final_proj", "proj_out", "to_logits", "embed_out", "final_linear", "output_projection", "final_logits_bias",
			"hc_head", "span_logits", "out_proj", "output_proj", "emb_layer_norm_after", "decoder",
		},
	}
	partly = []struct {
		word string
		place
	}{
		{"emb", before},
		{"rotary", before},
		{"rope", before},
		{"position", before},
		{"pos_", before},
		{"patch", before},
		{"feature_", before},
		{"mask", before},
		{"prediction", after},
		{"classif", after},
		{"head", after},
		{"logit", after},
		{"mtp", after},
		{"hc_head", after},
		{"pooler", after},
		{"summary", after},
		{"norm", after},
		{"ln_", after},
	}
)

// heads are the names of modules that turn the last layer's output into the
// model's, as far as they do not lie beside the layers.
var heads = []string{
	"lm_head", "embed_out", "output", "output_layer", "score", "classifier", "pre_classifier", "pooler",
	"cls", "qa_outputs", "vocab_projector", "vocab_transform", "vocab_layer_norm", "value_head", "v_head",
}

func isHead(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "."), func(part string) bool { return slices.Contains(heads, part) })
}

// placeOf tells where the tensor name works as seen from the layers at stack.
func placeOf(stack, name string) place {
	tower := slices.IndexFunc(strings.Split(stack, "."), config.IsTower)
	if tower >= 0 {
		if root := strings.Join(strings.Split(stack, ".")[:tower+1], "."); !strings.HasPrefix(name, root+".") && !isHead(name) {
			return after // what looks at images or listens comes before what writes
		}
	} else if config.IsTower(name) {
		return before
	}
	switch mine, theirs := side(stack), side(name); {
	case mine == "encoder" && theirs == "decoder":
		return after
	case mine == "decoder" && theirs == "encoder":
		return before
	case isHead(name):
		return after
	}
	// The module beside the layers or beside one of those that hold them.
	own, other := strings.Split(stack, "."), strings.Split(name, ".")
	i := 0
	for i < len(own)-1 && i < len(other)-1 && own[i] == other[i] {
		i++
	}
	module := strings.ToLower(other[i])
	for _, p := range []place{before, after} {
		if slices.Contains(exactly[p], module) {
			return p
		}
	}
	for _, p := range partly {
		if strings.Contains(module, p.word) {
			return p.place
		}
	}
	return somewhere
}

// side is "encoder" or "decoder", whichever part of the name is first called
// that, or "".
func side(name string) string {
	for part := range strings.SplitSeq(name, ".") {
		for _, word := range []string{"encoder", "decoder"} {
			if part == word || strings.HasSuffix(part, "_"+word) {
				return word
			}
		}
	}
	return ""
}

// afterLayers reports whether a tensor outside the layers comes with the last
// slice's model.
func afterLayers(stack, name string) bool { return placeOf(stack, name) == after }

// checkOutside looks for tensors outside the layers that nevertheless have a
// part for each layer, or whose place is not known.
func (p *planner) checkOutside() error {
	if p.inPlace() {
		return nil
	}
	base := p.base()
	n := int64(base.depth.layers)
	for _, s := range base.stacks {
		if s.Prefix != base.depth.stack.Prefix && s.Layers == base.depth.layers && parentOf(s.Prefix) == parentOf(base.depth.stack.Prefix) {
			return base.fail("", fmt.Sprintf("%q has a part for each of the %d layers of %q, and would have to be rearranged with them", s.Prefix, n, base.depth.stack.Prefix), nil)
		}
	}
	for _, t := range base.loose {
		if isBuffer(t.Name) || placeOf(base.depth.stack.Prefix, t.Name) != before && isHead(t.Name) || config.IsTower(t.Name) != config.IsTower(base.depth.stack.Prefix) {
			continue
		}
		switch {
		case slices.ContainsFunc([]string{"embed_tokens_per_layer", "per_layer_model_projection", "contact_head.regression", "prefix_encoder"}, func(part string) bool { return strings.Contains(t.Name, part) }),
			slices.ContainsFunc([]string{"layer_weights", "_lambdas", "layer_scalars", "scalar_mix", "per_layer_scale"}, func(part string) bool { return strings.Contains(t.Name, part) }) && slices.ContainsFunc(t.Shape, func(d int64) bool { return d == n || d == n+1 }):
			return base.fail("", fmt.Sprintf("%s %v has a part for each of the %d layers; rearranging it with them is not supported", t.Name, t.Shape, n), nil)
		case (len(t.Shape) == 1 || len(t.Shape) == 2) && t.Shape[0] == n && n > 2 && !strings.HasSuffix(t.Name, "bias") && !strings.HasSuffix(t.Name, "bias.weight") && !strings.Contains(t.Name, "norm") && !strings.Contains(t.Name, "emb"):
			p.warn(recipe.Pos{}, "%s has as many rows as %q has layers; if it has one for each, it no longer fits", t.Name, base.ref.Name)
		}
	}
	if p.first() == p.last() {
		return nil
	}
	told := map[string]bool{}
	for _, t := range p.first().loose {
		module := strings.TrimSuffix(strings.TrimSuffix(t.Name, ".weight"), ".bias")
		if _, both := p.last().byName[t.Name]; both && placeOf(base.depth.stack.Prefix, t.Name) == somewhere && !told[module] {
			told[module] = true
			p.warn(recipe.Pos{}, "%s comes from %q, the first slice's model; whether it works before or after the layers could not be told", module, p.first().ref.Name)
		}
	}
	return nil
}

// inPlace reports whether the result's layers are those of one model, each
// where it was.
func (p *planner) inPlace() bool {
	for i, l := range p.layers {
		if l.from != p.base() || l.layer != i {
			return false
		}
	}
	return len(p.layers) == p.base().depth.layers
}

// parentOf is the module that holds the stack.
func parentOf(prefix string) string { return prefix[:strings.LastIndexByte(prefix, '.')+1] }
