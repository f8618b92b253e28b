package config

import (
	"strconv"

	"longcat/merge/jsontext"
)

// VocabularySize returns the edits that make the text model of a config have so
// many rows of embeddings.
func VocabularySize(text *jsontext.Text, rows int64) []jsontext.Edit {
	var edits []jsontext.Edit
	for _, s := range Sections(text.Root) {
		if s.Tower {
			continue
		}
		if v := s.Obj.Get("vocab_size"); v != nil && v.Kind == jsontext.Number {
			edits = append(edits, jsontext.Edit{At: v, Text: strconv.AppendInt(nil, rows, 10)})
		}
	}
	return edits
}
