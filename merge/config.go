package merge

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// section is an object in a config: the config itself, text_config, ….
type section struct {
	path  string // "" for the root
	obj   *jsonValue
	tower bool // describes a vision or audio part
}

// configSections lists the config's objects, the root first.
func configSections(root *jsonValue) []section {
	if root == nil || root.kind != '{' {
		return nil
	}
	list := []section{{obj: root}}
	for i := 0; i < len(list); i++ {
		s := list[i]
		for j, key := range s.obj.keys {
			if child := s.obj.vals[j]; child.kind == '{' {
				list = append(list, section{strings.TrimPrefix(s.path+"."+key, "."), child, s.tower || isTower(key)})
			}
		}
	}
	return list
}

// countKeys are the names under which configs give a number of layers.
var countKeys = []string{
	"num_hidden_layers", "n_layer", "num_layers", "n_layers", "num_transformer_layers", "depth",
	"encoder_layers", "decoder_layers", "num_encoder_layers", "num_decoder_layers",
}

// layerCount is one of these keys with its value.
type layerCount struct {
	key   string
	value *jsonValue
	n     int
	tower bool
}

func layerCounts(sections []section) []layerCount {
	var list []layerCount
	for _, s := range sections {
		for _, key := range countKeys {
			v := s.obj.get(key)
			if n, ok := v.integer(); ok && n > 0 {
				list = append(list, layerCount{key, v, n, s.tower})
			}
		}
	}
	return list
}

// side tells whether the count can belong to the stack at prefix: a key that
// speaks of decoders does not count an encoder, and the other way round. T5's
// num_layers, beside num_decoder_layers, counts the encoder.
func (c layerCount) side(prefix string) bool {
	decoder, encoder := strings.Contains(prefix, "decoder"), strings.Contains(prefix, "encoder")
	switch {
	case strings.Contains(c.key, "decoder"):
		return decoder || !encoder
	case strings.Contains(c.key, "encoder"):
		return encoder || !decoder
	}
	return true
}

// notPerLayer are arrays that have nothing to do with layers, whatever their length.
var notPerLayer = []string{
	"architectures", "long_factor", "short_factor", "mrope_section", "id2label", "label2id",
	"time_step_limit", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens",
}

// layerIndexes are arrays of layer numbers.
var layerIndexes = []string{
	"mlp_only_layers", "full_attn_idxs", "cross_attention_layers", "attn_layer_indices", "global_attn_layers",
	"kv_sharing_layers", "moe_layers",
}

// layerPeriods are numbers p that make every p-th layer another kind;
// layerThresholds are numbers from which layer on the kind changes.
var (
	layerPeriods = []string{
		"sliding_window_pattern", "_sliding_window_pattern", "no_rope_layer_interval", "interleave_moe_layer_step",
		"attn_layer_period", "expert_layer_period", "full_attention_interval", "decoder_sparse_step",
		"moe_layer_freq", "global_attn_every_n_layers", "moe_every_n_layers", "cross_attention_interval",
	}
	layerThresholds = []string{"max_window_layers", "first_k_dense_replace", "moe_layer_start_index", "num_dense_layers", "n_dense_layers"}
)

// harmless are numbers with "layer" in their name that do not depend on depth.
var harmless = []string{"num_nextn_predict_layers", "layernorm", "layer_norm", "layerdrop", "layer_scale"}

// configEdit rewrites a config for another depth.
type configEdit struct {
	text  *jsonText
	d     depth
	order []int // result's layer → layer whose settings it takes
	edits []edit
	warn  func(format string, args ...any)
}

// forDepth gives the config with its layer counts set to the length of order
// and its per-layer arrays rearranged like the layers. What the new depth makes
// wrong and can not be rearranged goes to warn by name.
func (e *configEdit) forDepth() {
	for _, v := range e.d.keys {
		e.edits = append(e.edits, edit{v, strconv.AppendInt(nil, int64(len(e.order)), 10)})
	}
	if e.unchanged() {
		return
	}
	for _, s := range e.d.sections {
		for i, key := range s.obj.keys {
			e.member(strings.TrimPrefix(s.path+"."+key, "."), key, s.obj.vals[i])
		}
	}
}

// unchanged reports whether every layer stays where it was.
func (e *configEdit) unchanged() bool {
	for i, from := range e.order {
		if i != from {
			return false
		}
	}
	return len(e.order) == e.d.layers
}

func (e *configEdit) member(path, key string, v *jsonValue) {
	n, isInt := v.integer()
	switch {
	case slices.Contains(e.d.keys, v), slices.Contains(notPerLayer, key), strings.HasSuffix(key, "_token_id"), strings.HasSuffix(key, "_token_ids"):
	case v.kind == '[' && slices.Contains(layerIndexes, key):
		e.indexes(path, v)
	case v.kind == '[' && len(v.vals) == e.d.layers:
		e.edits = append(e.edits, edit{v, e.text.rearranged(v, e.order)})
	case isInt && n > 0 && slices.Contains(layerPeriods, key):
		e.kinds(path, n, func(layer int) bool { return layer%n == 0 }, func(layer int) int { return layer % n })
	case isInt && n >= 0 && slices.Contains(layerThresholds, key):
		e.kinds(path, n, func(layer int) bool { return layer >= n }, nil)
	case isInt && n != 0 && strings.Contains(key, "layer") && !slices.ContainsFunc(harmless, func(h string) bool { return strings.Contains(key, h) }):
		e.warn("config.json: %s is %d; whether that still fits %d layers instead of %d could not be told", path, n, len(e.order), e.d.layers)
	case e.namesLayers(v):
		e.warn("config.json: %s names layers of %q by number, and they have moved", path, e.d.stack.Prefix)
	}
}

// kinds warns when a rule by layer number would give a layer of the result
// another kind than the layer it comes from.
func (e *configEdit) kinds(path string, n int, is func(int) bool, phase func(int) int) {
	var moved []string
	for i, from := range e.order {
		same := is(i) == is(from)
		if phase != nil {
			same = phase(i) == phase(from)
		}
		if !same {
			moved = append(moved, strconv.Itoa(i))
		}
	}
	if len(moved) > 0 {
		more := ""
		if len(moved) > 6 {
			more = fmt.Sprintf(" and %d more", len(moved)-5)
			moved = moved[:5]
		}
		e.warn("config.json: %s is %d, a rule by layer number; it makes layers %s%s of the result another kind than the layers they come from", path, n, strings.Join(moved, ", "), more)
	}
}

// indexes rewrites a list of layer numbers to the numbers those layers have now.
func (e *configEdit) indexes(path string, v *jsonValue) {
	var listed []int
	for _, el := range v.vals {
		n, ok := el.integer()
		if !ok {
			e.warn("config.json: %s is no list of layer numbers; it is left as it is", path)
			return
		}
		listed = append(listed, n)
	}
	var items [][]byte
	for i, from := range e.order {
		if slices.Contains(listed, from) {
			items = append(items, strconv.AppendInt(nil, int64(i), 10))
		}
	}
	e.edits = append(e.edits, edit{v, e.text.styled(v, items)})
}

// namesLayers reports whether a string in v names a layer of the stack, as
// quantisation settings do.
func (e *configEdit) namesLayers(v *jsonValue) bool {
	if v.kind == '{' {
		return false // a section of its own
	}
	if v.kind == '"' {
		prefix, _, _, ok := splitLayer(v.str)
		return ok && prefix == e.d.stack.Prefix
	}
	return slices.ContainsFunc(v.vals, e.namesLayers)
}

// setDType makes every dtype that the config states say name.
func (e *configEdit) setDType(name string) {
	for _, s := range configSections(e.text.root) {
		for _, key := range []string{"torch_dtype", "dtype"} {
			v := s.obj.get(key)
			if v == nil || (v.kind != '"' && v.kind != 'n') || v.str == name {
				continue
			}
			e.edits = append(e.edits, edit{v, strconv.AppendQuote(nil, name)})
		}
	}
}

// bytes is the config as edited, with the original's byte order mark dropped.
func (e *configEdit) bytes() []byte { return bytes.Clone(e.text.apply(e.edits)) }
