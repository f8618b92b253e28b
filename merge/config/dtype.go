package config

import (
	"strings"

	"longcat/merge/jsontext"
)

// DType gives the edits that make every dtype which a config states say name,
// but those of its quantisation, which describe stored codes.
func DType(text *jsontext.Text, name string) []jsontext.Edit {
	var edits []jsontext.Edit
	for _, s := range Sections(text.Root) {
		if strings.Contains(s.Path, "quantization") {
			continue
		}
		for _, key := range []string{"torch_dtype", "dtype"} {
			v := s.Obj.Get(key)
			if v != nil && (v.Kind == jsontext.String || v.Kind == jsontext.Null) && v.Str != name {
				edits = append(edits, jsontext.Edit{At: v, Text: quoted(name)})
			}
		}
	}
	return edits
}
