package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sync"

	"longcat/merge/dirwriter"
	"longcat/merge/recipe"
)

// Output is the merged model as package dirwriter writes it into a directory.
// Sources are opened through open, as by File.Content.
func (p *Plan) Output(open Opener) dirwriter.Output {
	out := dirwriter.Output{Recipe: recipe.FileName, IsWeights: IsWeights}
	open = openOnce(open)
	for _, f := range p.Files {
		if f.Path == recipe.FileName {
			out.Content = f.pieces[0].literal
		}
		out.Files = append(out.Files, dirwriter.File{
			Path: f.Path, Size: f.Size, ID: f.identity(), Weights: f.Tensors != nil, Shareable: f.shareable(),
			Open: func(ctx context.Context) (*io.SectionReader, error) { return f.Content(ctx, open) },
		})
	}
	return out
}

// identity names what the file is made of: equal for files of the same pieces.
func (f *File) identity() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, p := range f.pieces {
		if err := enc.Encode(p); err != nil {
			panic(fmt.Sprintf("merge: encoding a piece of %s: %v", f.Path, err)) // words and finite numbers always encode
		}
		h.Write(p.literal)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// openOnce remembers opened models, so that files share their descriptors.
func openOnce(open Opener) Opener {
	var mu sync.Mutex
	models := map[string]Model{}
	return func(name string) (Model, error) {
		mu.Lock()
		defer mu.Unlock()
		if m, ok := models[name]; ok {
			return m, nil
		}
		m, err := open(name)
		if err == nil {
			models[name] = m
		}
		return m, err
	}
}

var weightName = regexp.MustCompile(`(?i)^[^/]+\.(safetensors|bin|pt|pth|gguf|msgpack|h5)(\.index\.json)?$`)

// IsWeights tells whether a loader would take a file of a model for weights, or
// for an index of them, by its name.
func IsWeights(name string) bool { return weightName.MatchString(name) }
