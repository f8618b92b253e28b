package localhub

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// ggufHeader writes a header with a few values of each kind.
func ggufHeader() []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			if s, ok := v.(string); ok {
				put64 := uint64(len(s))
				_ = binary.Write(&b, binary.LittleEndian, put64)
				b.WriteString(s)
				continue
			}
			_ = binary.Write(&b, binary.LittleEndian, v)
		}
	}
	put([]byte("GGUF"), uint32(3), uint64(2), uint64(6))
	put("general.architecture", uint32(8), "llama")
	put("llama.context_length", uint32(4), uint32(4096))
	put("tokenizer.chat_template", uint32(8), "{{ messages }}")
	put("tokenizer.ggml.tokens", uint32(9), uint32(8), uint64(2), "a", "b")
	put("tokenizer.ggml.scores", uint32(9), uint32(6), uint64(2), float32(1), float32(2))
	put("general.file_type", uint32(4), uint32(7))
	put("token_embd.weight", uint32(2), uint64(64), uint64(100), uint32(8), uint64(0))
	put("output_norm.weight", uint32(1), uint64(64), uint32(0), uint64(6400))
	return b.Bytes()
}

func TestReadGGUF(t *testing.T) {
	t.Parallel()
	info, err := readGGUF(bytes.NewReader(ggufHeader()))
	if want := (ggufInfo{Total: 6464, Architecture: "llama", ContextLength: 4096, ChatTemplate: "{{ messages }}"}); err != nil || *info != want {
		t.Errorf("%+v, %v; want %+v", info, err, want)
	}
	for cut := range ggufHeader() {
		if _, err := readGGUF(bytes.NewReader(ggufHeader()[:cut])); err == nil {
			t.Errorf("a header cut at %d is read", cut)
		}
	}
}

func FuzzGGUF(f *testing.F) {
	f.Add(ggufHeader())
	f.Fuzz(func(t *testing.T, data []byte) {
		if info, err := readGGUF(bytes.NewReader(data)); err == nil && info.Total < 0 {
			t.Errorf("%+v", info)
		}
	})
}
