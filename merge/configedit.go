package merge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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
		"dense_attention_every_n_layers",
	}
	layerThresholds = []string{"max_window_layers", "first_k_dense_replace", "moe_layer_start_index", "num_dense_layers", "n_dense_layers"}
)

// implied are the periods of architectures that make every n-th layer another
// kind without a word in the config, unless layer_types says which. Source: the
// configuration classes of transformers 5.
var implied = map[string]int{"gemma2": 2, "gpt_oss": 2, "gemma3_text": 6, "cohere2": 4, "olmo3": 4}

// harmless are numbers with "layer" in their name that do not depend on depth.
var harmless = []string{"num_nextn_predict_layers", "layernorm", "layer_norm", "layerdrop", "layer_scale", "feature_layer"}

// explicit are per-layer arrays that say what the rules above would otherwise.
var explicit = []string{"layer_types", "no_rope_layers", "mlp_layer_types", "layers_block_type"}

// configEdit rewrites the base's config for the result's layers.
type configEdit struct {
	base   *checkpoint
	layers []layerUse
	edits  []edit
	warn   func(format string, args ...any)
}

// depth sets the layer counts and rearranges per-layer arrays like the layers.
// What the new depth makes wrong and can not be rearranged goes to warn by name.
func (e *configEdit) depth() {
	d := e.base.depth
	for _, v := range d.keys {
		e.edits = append(e.edits, edit{v, strconv.AppendInt(nil, int64(len(e.layers)), 10)})
	}
	if e.unchanged() {
		return
	}
	for _, s := range d.sections {
		for i, key := range s.obj.keys {
			e.member(s, key, s.obj.vals[i])
		}
		e.implied(s)
	}
}

// implied warns of a rule by layer number that the config does not even name.
func (e *configEdit) implied(s section) {
	kind := s.obj.get("model_type")
	if kind == nil || s.obj.get("layer_types") != nil {
		return
	}
	if slices.ContainsFunc(layerPeriods, func(key string) bool { return s.obj.get(key) != nil }) {
		return
	}
	if n := implied[kind.str]; n > 0 {
		e.rule(s, fmt.Sprintf("model_type %s makes every %dth layer another kind", kind.str, n), func(layer int) int { return layer % n })
	}
}

// unchanged reports whether every layer stays where it was.
func (e *configEdit) unchanged() bool {
	for i, l := range e.layers {
		if l.from != e.base || l.layer != i {
			return false
		}
	}
	return len(e.layers) == e.base.depth.layers
}

func (e *configEdit) member(s section, key string, v *jsonValue) {
	n, isInt := v.integer()
	path := strings.TrimPrefix(s.path+"."+key, ".")
	switch {
	case slices.Contains(e.base.depth.keys, v), slices.Contains(notPerLayer, key), strings.HasSuffix(key, "_token_id"), strings.HasSuffix(key, "_token_ids"):
	case v.kind == '[' && slices.Contains(layerIndexes, key):
		e.indexes(path, v)
	case v.kind == '[' && len(v.vals) == e.base.depth.layers:
		e.perLayer(path, v)
	case isInt && n > 0 && slices.Contains(layerPeriods, key):
		e.rule(s, fmt.Sprintf("%s is %d", path, n), func(layer int) int { return layer % n })
	case isInt && n >= 0 && slices.Contains(layerThresholds, key):
		e.rule(s, fmt.Sprintf("%s is %d", path, n), func(layer int) int { return min(layer/max(n, 1), 1) })
	case isInt && n != 0 && strings.Contains(key, "layer") && !slices.ContainsFunc(harmless, func(h string) bool { return strings.Contains(key, h) }):
		e.warn("config.json: %s is %d; whether that still fits %d layers instead of %d could not be told", path, n, len(e.layers), e.base.depth.layers)
	case e.namesLayers(v):
		e.warn("config.json: %s names layers of %q by number, and they have moved", path, e.base.depth.stack.Prefix)
	}
}

// perLayer rearranges an array with one element a layer. A layer of another
// model brings the element of its own config.
func (e *configEdit) perLayer(path string, v *jsonValue) {
	items := make([][]byte, len(e.layers))
	for i, l := range e.layers {
		from, array := l.from, v
		if from != e.base {
			array = from.config.root.lookup(path)
		}
		if array == nil || array.kind != '[' || l.layer >= len(array.vals) {
			e.warn("config.json: %q has no %s for its layers, which make layer %d and others of the result; the base's is kept", from.ref.Name, path, i)
			return
		}
		el := array.vals[l.layer]
		items[i] = from.config.data[el.start:el.end]
	}
	e.edits = append(e.edits, edit{v, e.base.config.styled(v, items)})
}

// rule warns when a rule by layer number would make a layer of the result
// something else than the layer it comes from.
func (e *configEdit) rule(s section, what string, kind func(layer int) int) {
	var moved []string
	for i, l := range e.layers {
		if kind(i) != kind(l.layer) {
			moved = append(moved, strconv.Itoa(i))
		}
	}
	if len(moved) == 0 {
		return
	}
	more := ""
	if len(moved) > 6 {
		more = fmt.Sprintf(" and %d more", len(moved)-5)
		moved = moved[:5]
	}
	if i := slices.IndexFunc(explicit, func(key string) bool { return s.obj.get(key) != nil && s.obj.get(key).kind == '[' }); i >= 0 {
		more += "; " + explicit[i] + " is right, for readers that look there first"
	}
	e.warn("config.json: %s, a rule by layer number; it makes layers %s of the result another kind than the layers they come from%s", what, strings.Join(moved, ", "), more)
}

// indexes rewrites a list of layer numbers to the numbers those layers have now.
func (e *configEdit) indexes(path string, v *jsonValue) {
	listed := map[*checkpoint]map[int]bool{}
	for _, l := range e.layers {
		if listed[l.from] != nil {
			continue
		}
		listed[l.from] = map[int]bool{}
		array := l.from.config.root.lookup(path)
		if array == nil || array.kind != '[' {
			continue
		}
		for _, el := range array.vals {
			n, ok := el.integer()
			if !ok {
				e.warn("config.json: %s is no list of layer numbers; it is left as it is", path)
				return
			}
			listed[l.from][n] = true
		}
	}
	var items [][]byte
	for i, l := range e.layers {
		if listed[l.from][l.layer] {
			items = append(items, strconv.AppendInt(nil, int64(i), 10))
		}
	}
	e.edits = append(e.edits, edit{v, e.base.config.styled(v, items)})
}

// namesLayers reports whether a string in v names a layer of the stack, as
// quantisation settings do.
func (e *configEdit) namesLayers(v *jsonValue) bool {
	if v.kind == '{' {
		return false // a section of its own
	}
	if v.kind == '"' {
		prefix, _, _, ok := splitLayer(v.str)
		return ok && prefix == e.base.depth.stack.Prefix
	}
	return slices.ContainsFunc(v.vals, e.namesLayers)
}

// dtype makes every dtype that the config states say name, but those of its
// quantisation, which describe stored codes.
func (e *configEdit) dtype(name string) {
	for _, s := range configSections(e.base.config.root) {
		if strings.Contains(s.path, "quantization") {
			continue
		}
		for _, key := range []string{"torch_dtype", "dtype"} {
			v := s.obj.get(key)
			if v == nil || (v.kind != '"' && v.kind != 'n') || v.str == name {
				continue
			}
			e.edits = append(e.edits, edit{v, strconv.AppendQuote(nil, name)})
		}
	}
}
