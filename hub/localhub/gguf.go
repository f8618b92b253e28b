package localhub

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"

	"longcat/hub/localhub/store"
)

// ggufInfo is what the Hub says of a model's GGUF file.
type ggufInfo struct {
	Total         int64  `json:"total"` // parameters
	Architecture  string `json:"architecture,omitempty"`
	ContextLength int64  `json:"context_length,omitempty"`
	ChatTemplate  string `json:"chat_template,omitempty"`
}

// Bounds of a GGUF header: large vocabularies take 20 MB.
const (
	maxGGUF        = 64 << 20
	maxGGUFKey     = 64 << 10
	maxGGUFText    = 1 << 20
	maxGGUFTensors = 1 << 20
	maxGGUFAxes    = 8
)

// gguf describes the first GGUF file of a commit, as its header does, once for
// each commit; nil if there is none, or none that can be read.
func (h *Hub) gguf(ctx context.Context, r *store.Repo, at *store.Commit) (*ggufInfo, error) {
	for _, f := range at.Files() {
		if path.Ext(f.Path) != ".gguf" {
			continue
		}
		return h.described.get(ctx, r.UID+" "+at.ID, func() (*ggufInfo, int64, error) {
			content, err := h.open(r, f)
			if err != nil {
				return nil, 0, nil
			}
			defer content.Close()
			info, err := readGGUF(io.LimitReader(content, maxGGUF))
			if err != nil {
				return nil, 0, nil
			}
			return info, int64(len(info.ChatTemplate)) + 1<<10, nil
		})
	}
	return nil, nil
}

var errGGUF = errors.New("not a GGUF header")

// ggufReader reads a header's values in their order; the first error stays.
// Source: ggml's docs/gguf.md, versions 2 and 3, little-endian.
type ggufReader struct {
	r   *bufio.Reader
	err error
}

func readGGUF(from io.Reader) (*ggufInfo, error) {
	g := &ggufReader{r: bufio.NewReaderSize(from, 64<<10)}
	magic, version := g.uint32(), g.uint32()
	tensors, pairs := g.uint64(), g.uint64()
	if g.err != nil || magic != 0x46554747 || version < 2 || version > 3 || tensors > maxGGUFTensors || pairs > maxGGUFTensors {
		return nil, errors.Join(errGGUF, g.err)
	}
	info := &ggufInfo{}
	numbers := map[string]int64{}
	for range pairs {
		key := g.text(maxGGUFKey)
		switch text, number := g.value(g.uint32(), 0); key {
		case "general.architecture":
			info.Architecture = text
		case "tokenizer.chat_template":
			info.ChatTemplate = text
		default:
			if path.Ext(key) == ".context_length" {
				numbers[key] = number
			}
		}
		if g.err != nil {
			return nil, g.err
		}
	}
	info.ContextLength = numbers[info.Architecture+".context_length"]
	for range tensors {
		g.text(maxGGUFKey)
		axes, elements := g.uint32(), int64(1)
		if axes > maxGGUFAxes {
			return nil, errGGUF
		}
		for range axes {
			d := g.uint64()
			if d > 0 && uint64(elements) > math.MaxInt64/d {
				return nil, errGGUF
			}
			elements *= int64(d)
		}
		g.uint32() // type
		g.uint64() // offset
		if g.err != nil || info.Total > math.MaxInt64-elements {
			return nil, errors.Join(errGGUF, g.err)
		}
		info.Total += elements
	}
	return info, nil
}

// ggufSizes are the lengths of the scalar types by number, in bytes: 8 is a
// string, 9 an array.
var ggufSizes = [...]int64{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}

// value reads a value of a type and returns it if it is a string or an integer.
func (g *ggufReader) value(kind uint32, depth int) (text string, number int64) {
	switch {
	case g.err != nil:
	case int(kind) >= len(ggufSizes) || depth > 2:
		g.err = fmt.Errorf("%w: values of type %d", errGGUF, kind)
	case kind == 8:
		return g.text(maxGGUFText), 0
	case kind == 9:
		of, n := g.uint32(), g.uint64()
		if g.err == nil && int(of) < len(ggufSizes) && ggufSizes[of] > 0 && n <= maxGGUF {
			g.skip(int64(n) * ggufSizes[of])
			break
		}
		for i := uint64(0); i < n && g.err == nil; i++ {
			g.value(of, depth+1)
		}
	case kind == 4 || kind == 5:
		return "", int64(g.uint32())
	case kind == 10 || kind == 11:
		return "", int64(g.uint64() & math.MaxInt64)
	default:
		g.skip(ggufSizes[kind])
	}
	return "", 0
}

func (g *ggufReader) uint32() uint32 {
	var b [4]byte
	g.full(b[:])
	return binary.LittleEndian.Uint32(b[:])
}

func (g *ggufReader) uint64() uint64 {
	var b [8]byte
	g.full(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// text reads a string. One that is longer than limit is skipped.
func (g *ggufReader) text(limit uint64) string {
	n := g.uint64()
	if n > maxGGUF {
		g.err = errors.Join(g.err, errGGUF)
		return ""
	}
	if n > limit {
		g.skip(int64(n))
		return ""
	}
	b := make([]byte, n)
	g.full(b)
	return string(b)
}

func (g *ggufReader) full(b []byte) {
	if g.err == nil {
		_, g.err = io.ReadFull(g.r, b)
	}
}

func (g *ggufReader) skip(n int64) {
	if g.err == nil {
		_, g.err = io.CopyN(io.Discard, g.r, n)
	}
}
