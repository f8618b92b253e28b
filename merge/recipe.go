package merge

import (
	"fmt"
	"slices"
	"strings"

	"longcat/merge/safetensors"
)

// Recipe is a checked merge recipe: mergekit's YAML as far as passthrough
// merges go. Source of the format: mergekit's README and its behaviour in
// version 0.1.5.
type Recipe struct {
	File string // the recipe's name in messages
	Text []byte // the recipe as it was written, comments and all
	Name string // the document's "name", by which other documents may use it

	Slices    []Slice
	Base      *Ref // base_model: gives config and tokenizer; nil when not named
	DType     safetensors.DType
	OutDType  safetensors.DType
	Tokenizer Tokenizer
	Notes     []Warning // what the recipe says without effect

	scale setting
	// steps are the named documents beside this one. They are merges whose
	// results this one may use as models.
	steps []*Recipe
}

// Slice is a run of layers of one model that becomes the next layers of the result.
type Slice struct {
	Model    Ref
	From, To int  // layers From … To-1
	All      bool // every layer of the model; From and To are not set
	Line     int  // where the slice begins in the recipe

	// Settings of scale, the nearest first: of the source, of the slice.
	scale [2]setting
}

// Ref names a model in a recipe: a Hub id, "id@revision", or a folder.
type Ref struct {
	Name     string `json:"name"` // as written
	Path     string `json:"path"` // without the revision
	Revision string `json:"revision,omitempty"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

// Tokenizer says whose tokenizer the result gets. The zero value means the
// base's.
type Tokenizer struct {
	Model *Ref // this model's
	Union bool // that of all models, which must then be one and the same
	Line  int
}

// RecipeFile is where mergekit, and hence a merge of its recipe, keeps it.
const RecipeFile = "mergekit_config.yml"

// RecipeError says what is wrong with a recipe and where.
type RecipeError struct {
	File         string
	Line, Column int // from 1; 0 when the error belongs to no line
	Msg          string
	Suggest      string // the nearest word that would be valid, or ""
}

func (e *RecipeError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ":%d", e.Column)
	}
	b.WriteString(": " + e.Msg)
	if e.Suggest != "" {
		fmt.Fprintf(&b, " (did you mean %s?)", e.Suggest)
	}
	return b.String()
}

// Warning is something that a person should know before the merge is made.
type Warning struct {
	Line int    `json:"line,omitempty"` // recipe line, or 0
	Msg  string `json:"message"`
}

func (w Warning) String() string {
	if w.Line > 0 {
		return fmt.Sprintf("line %d: %s", w.Line, w.Msg)
	}
	return w.Msg
}

// Models lists the models that must be opened for a plan, each once, in the
// order in which the recipe names them. Names of the recipe's own steps are
// not among them.
func (r *Recipe) Models() []Ref {
	var list []Ref
	for _, doc := range append(slices.Clone(r.steps), r) {
		for _, ref := range doc.refs() {
			known := func(x Ref) bool { return x.Name == ref.Name }
			if r.step(ref.Name) == nil && !slices.ContainsFunc(list, known) {
				list = append(list, ref)
			}
		}
	}
	return list
}

// step finds the document that calls itself name.
func (r *Recipe) step(name string) *Recipe {
	for _, s := range r.steps {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// base is the model that gives the result its config: base_model, else the
// first slice's.
func (r *Recipe) base() Ref {
	if r.Base != nil {
		return *r.Base
	}
	return r.Slices[0].Model
}

func (r *Recipe) errorAt(line int, format string, args ...any) error {
	return &RecipeError{File: r.File, Line: line, Msg: fmt.Sprintf(format, args...)}
}
