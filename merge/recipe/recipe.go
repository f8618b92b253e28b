package recipe

import (
	"slices"

	"longcat/merge/safetensors"
)

// FileName is where mergekit, and hence a merge of a recipe, keeps it.
const FileName = "mergekit_config.yml"

// Recipe is one merge. When a text holds several documents, it is the one that
// makes the result; the others are found by their names with Step.
type Recipe struct {
	Pos
	File string // the recipe's name in messages
	Text []byte // the whole text in UTF-8, comments and all
	Name string // the document's name, by which other documents may use it

	Method    *Method
	MethodPos Pos
	Slices    []Slice // of all modules, in order; models are one slice
	Base      *Ref    // base_model; nil when not named
	DType     safetensors.DType
	OutDType  safetensors.DType
	Tokenizer Tokenizer

	ChatTemplate    string
	ChatTemplatePos Pos

	Warnings []Warning // what has no effect, or may not be meant

	settings settings
	// steps are the named documents beside this one: merges whose results may be
	// used as models.
	steps []*Recipe
}

// Slice is a run of the result's layers: a run of layers of each input.
type Slice struct {
	Pos
	Module string // the module that the layers belong to, "" for the default one
	Inputs []Input
	Base   *Ref // the slice's base_model, else the recipe's; nil for none

	method *Method
	file   string
	shared []settings // of the slice, its module, the recipe
}

// Input is one model's part in a slice.
type Input struct {
	Pos
	Model    Ref
	From, To int  // layers From … To-1
	Range    Pos  // where they stand
	All      bool // every layer of the model; From and To are not set
	Implied  bool // the base_model, which the list of models does not name

	settings settings
}

// BaseInput is the index of the base among the inputs, -1 if it is not there or
// the method treats it like the others.
func (s *Slice) BaseInput() int {
	if s.Base == nil || s.method.Base == BaseIsInput || s.method.Base == BaseUnused {
		return -1
	}
	return slices.IndexFunc(s.Inputs, func(in Input) bool { return in.Model.String() == s.Base.String() })
}

// Ref names a model in a recipe: a folder, a repo of a Hub, a repo's URL, or the
// name of another document. What stands there is not looked at here: who opens
// models knows folders and Hubs.
type Ref struct {
	Name     string `json:"name"` // as written, without an adapter
	Path     string `json:"path"` // without the revision
	Revision string `json:"revision,omitempty"`
	Pos
	Adapter *Ref `json:"adapter,omitempty"` // a LoRA adapter, to be merged into the model first
}

// String is the name with the adapter's behind it.
func (r Ref) String() string {
	if r.Adapter != nil {
		return r.Name + "+" + r.Adapter.String()
	}
	return r.Name
}

// Tokenizer says whose tokenizer the result gets. The zero value means the
// base's.
type Tokenizer struct {
	Pos
	Model  *Ref // this model's
	Union  bool // that of all models together
	Tokens []Token
	PadTo  int // the vocabulary is padded to a multiple of this; 0 is as 1
}

// Token says where a token's embedding comes from.
type Token struct {
	Pos
	Text  string
	Force bool // also in place of a model's own embedding of the token

	// The source. At most one is set, none leaves it to the rules for all tokens.
	Model *Ref // this model's embedding of the token
	Zero  bool
	Of    *ModelToken
}

// ModelToken is another token of a model.
type ModelToken struct {
	Model Ref
	Token string
	ID    int // where Token is ""
}

// Step finds the other document that calls itself name, nil if there is none.
func (r *Recipe) Step(name string) *Recipe {
	for _, s := range r.steps {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Refs lists the models that this document names, each once, in the order in
// which it names them.
func (r *Recipe) Refs() []Ref {
	var list []Ref
	seen := map[string]bool{}
	add := func(refs ...*Ref) {
		for _, ref := range refs {
			if ref != nil && !seen[ref.String()] {
				seen[ref.String()] = true
				list = append(list, *ref)
			}
		}
	}
	for i := range r.Slices {
		for j := range r.Slices[i].Inputs {
			add(&r.Slices[i].Inputs[j].Model)
		}
		add(r.Slices[i].Base)
	}
	add(r.Base, r.Tokenizer.Model)
	for i := range r.Tokenizer.Tokens {
		t := &r.Tokenizer.Tokens[i]
		add(t.Model)
		if t.Of != nil {
			add(&t.Of.Model)
		}
	}
	return list
}

// Models lists what must be opened for a plan, models and adapters, each once.
// Names of the recipe's own documents are not among them.
func (r *Recipe) Models() []Ref {
	var list []Ref
	seen := map[string]bool{}
	add := func(ref Ref) {
		if r.Step(ref.Name) == nil && !seen[ref.Name] {
			seen[ref.Name] = true
			list = append(list, ref)
		}
	}
	for _, doc := range append(slices.Clone(r.steps), r) {
		for _, ref := range doc.Refs() {
			adapter := ref.Adapter
			ref.Adapter = nil
			add(ref)
			if adapter != nil {
				add(*adapter)
			}
		}
	}
	return list
}
