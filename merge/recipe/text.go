package recipe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"longcat/internal/limits"
)

// utf8Text is a recipe's text in UTF-8 and without a byte order mark, whichever
// of the encodings that YAML allows it was written in.
func utf8Text(data []byte, file string) ([]byte, error) {
	if len(data) > limits.Recipe {
		return nil, &Error{File: file, Msg: fmt.Sprintf("the recipe has %d bytes; %d is the limit", len(data), limits.Recipe)}
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		return nil, &Error{File: file, Msg: "the recipe is written in UTF-32; UTF-8 and UTF-16 are read"}
	case bytes.HasPrefix(data, []byte("\xff\xfe")), len(data) > 1 && data[0] != 0 && data[1] == 0:
		data = fromUTF16(data, binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")), len(data) > 1 && data[0] == 0 && data[1] != 0:
		data = fromUTF16(data, binary.BigEndian)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		line := 1
		for l := range bytes.Lines(data) {
			if !utf8.Valid(l) {
				break
			}
			line++
		}
		return nil, &Error{File: file, Pos: Pos{Line: line}, Msg: "the recipe is not UTF-8"}
	}
	return data, nil
}

func fromUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}
