package xorb

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"longcat/hub/xet/merkle"
)

// What OpenPlain gives is a xorb of the same chunks, readable from anywhere.
func TestOpenPlain(t *testing.T) {
	content := make([]byte, 300_000)
	for i := range content {
		content[i] = byte(i * i >> 5)
	}
	var index Index
	for rest := content; len(rest) > 0; {
		n := min(len(rest), 1+len(index)*10_007)
		index = index.WithPlain(merkle.Leaf{Hash: merkle.Chunk(rest[:n]), Size: uint64(n)})
		rest = rest[n:]
	}
	packed, err := io.ReadAll(OpenPlain(index, bytes.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Scan(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash() != index.Hash() || got.Packed() != index.Packed() || got.Packed() != int64(len(packed)) {
		t.Errorf("what was serialized is another xorb")
	}
	if err := iotest.TestReader(OpenPlain(index, bytes.NewReader(content)), packed); err != nil {
		t.Error(err)
	}
	_, err = io.ReadAll(OpenPlain(index, bytes.NewReader(content[:299_999])))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("content that is too short: %v", err)
	}
}
