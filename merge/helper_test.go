package merge_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"longcat/merge"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// folders opens models as folders below root and closes them with the test.
func folders(t testing.TB, root string) merge.Opener {
	t.Helper()
	open := map[string]*merge.Dir{}
	t.Cleanup(func() {
		for _, d := range open {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return func(name string) (merge.Model, error) {
		if d, ok := open[name]; ok {
			return d, nil
		}
		d, err := merge.OpenDir(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		open[name] = d
		return d, nil
	}
}

// planText plans a recipe given as text.
func planText(t testing.TB, text string, open merge.Opener, opts merge.Options) (*merge.Plan, error) {
	t.Helper()
	r, err := recipe.Parse([]byte(text), "recipe.yaml")
	if err != nil {
		return nil, err
	}
	return merge.NewPlan(t.Context(), r, open, opts)
}

// mustPlan is planText for recipes that are right.
func mustPlan(t testing.TB, recipe string, open merge.Opener, opts merge.Options) *merge.Plan {
	t.Helper()
	p, err := planText(t, recipe, open, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// readAll reads the content of a plan's file.
func readAll(t testing.TB, p *merge.Plan, name string, open merge.Opener) []byte {
	t.Helper()
	content, err := p.Model(open).Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tensor is what a test knows of one.
type tensor struct {
	DType string  `json:"dtype"`
	Shape []int64 `json:"shape"`
	SHA   string  `json:"sha256"`
	data  []byte
}

// tensorsOf reads all tensors of a plan's weight files through their headers.
func tensorsOf(t testing.TB, p *merge.Plan, open merge.Opener) map[string]tensor {
	t.Helper()
	all := map[string]tensor{}
	for _, f := range p.Files {
		if filepath.Ext(f.Path) != ".safetensors" {
			continue
		}
		content, err := f.Content(t.Context(), open)
		if err != nil {
			t.Fatal(err)
		}
		h, err := safetensors.Read(content, content.Size())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range h.Tensors {
			data := make([]byte, x.Size())
			if _, err := content.ReadAt(data, h.Data+x.Begin); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			all[x.Name] = tensor{string(x.DType), x.Shape, hash(data), data}
		}
	}
	return all
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
