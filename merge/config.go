package merge

import (
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
