package longcat

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"longcat/merge"
	"longcat/merge/safetensors"
)

// Inspection is what the headers of a model's weights say.
type Inspection struct {
	Commit  string            `json:"commit,omitempty"` // of a repo
	Files   []InspectedFile   `json:"files"`
	Tensors []InspectedTensor `json:"tensors"` // in the order of the files, then of their bytes
	Params  int64             `json:"params"`
	Bytes   int64             `json:"bytes"`  // of all tensors
	DTypes  map[string]int64  `json:"dtypes"` // parameters of each
	Stacks  []merge.Stack     `json:"stacks"` // of layers, the deepest first
}

// InspectedFile is a weights file.
type InspectedFile struct {
	Path     string            `json:"path"`
	Size     int64             `json:"size"`
	Tensors  int               `json:"tensors"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// InspectedTensor is a tensor in one of the files.
type InspectedTensor struct {
	Name  string            `json:"name"`
	DType safetensors.DType `json:"dtype"`
	Shape []int64           `json:"shape"`
	Bytes int64             `json:"bytes"`
	File  string            `json:"file"`
}

// Params is the number of a tensor's elements.
func (t InspectedTensor) Params() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Inspect reads the headers of a model's safetensors files, and none of their
// weights. A model without any is an error.
func Inspect(ctx context.Context, m *Model) (*Inspection, error) {
	in := &Inspection{Commit: m.Commit()}
	names := slices.Clone(m.Files())
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasSuffix(name, ".safetensors") {
			continue
		}
		content, err := m.Open(ctx, name)
		if err == nil {
			err = in.add(name, content, content.Size())
		}
		if err != nil {
			return nil, fmt.Errorf("inspecting %q: %w", name, err)
		}
	}
	if len(in.Files) == 0 {
		return nil, fmt.Errorf("there are no safetensors files to inspect")
	}
	in.sum()
	return in, nil
}

// InspectFile reads the header of one safetensors file.
func InspectFile(path string) (*Inspection, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	in := &Inspection{}
	if err := in.add(filepath.Base(path), f, st.Size()); err != nil {
		return nil, fmt.Errorf("inspecting %q: %w", path, err)
	}
	in.sum()
	return in, nil
}

func (in *Inspection) add(name string, r io.ReaderAt, size int64) error {
	h, err := safetensors.Read(r, size)
	if err != nil {
		return err
	}
	in.Files = append(in.Files, InspectedFile{name, size, len(h.Tensors), h.Metadata})
	for _, t := range h.Tensors {
		in.Tensors = append(in.Tensors, InspectedTensor{t.Name, t.DType, t.Shape, t.End - t.Begin, name})
	}
	return nil
}

func (in *Inspection) sum() {
	in.DTypes = map[string]int64{}
	named := make([]safetensors.Tensor, len(in.Tensors))
	for i, t := range in.Tensors {
		in.Params += t.Params()
		in.Bytes += t.Bytes
		in.DTypes[string(t.DType)] += t.Params()
		named[i].Name = t.Name
	}
	in.Stacks = merge.FindStacks(named)
}
