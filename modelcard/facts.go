package modelcard

import (
	"path"
	"strings"

	"longcat/internal/cardcheck"
)

// Facts is what a merge's card says, as plain data. Fields that are not known
// stay zero and the card is silent about them.
type Facts struct {
	Title string // the heading; Repo's name when empty
	Repo  string // where the model is published, "user/name"

	Parents []Parent // in the order in which the recipe first names them
	Layers  []Layer  // of the result, from the first to the last
	Method  string   // merge_method, such as "passthrough"
	Precise bool     // computed in float64 and rounded once, not step by step
	Seed    *int64   // of the random numbers that the method drew; nil for none

	Recipe     []byte // the YAML as it was run
	RecipeFile string // its name in the repo, such as "mergekit_config.yml"
	Flags      string // of longcat merge, that the same bytes need, such as "--shard-size 2GB"

	Params       int64  // parameters of the result
	Size         int64  // bytes of its weights
	DType        string // of the weights, such as "bfloat16"
	Architecture string // first of config.json's architectures
	Context      int    // tokens that it can see, by its config.json
	CustomCode   bool   // whether config.json has auto_map: loading runs code of the repo
	ChatTemplate bool   // whether the tokenizer has one

	License  *License // overrides what the parents' cards say
	MadeWith string   // program and version, such as "longcat 1.0.0"
	Mergekit bool     // whether mergekit itself took part; adds its tag
}

// Parent is a model that the merge takes weights from.
type Parent struct {
	Model  string // Hub id "user/name", or a folder when Local
	Local  bool   // a folder of this machine: its path is never written
	Commit string // the commit that was read, when it came from a Hub
	Layers int    // how many it has
	Card   []byte // its README.md, nil when it has none
	Base   bool   // what the others are held against: the recipe's base_model
	Params []Param
}

// Param is a number that the method takes for one parent, such as its weight.
type Param struct {
	Name   string    // "weight", "density", "t"
	Part   string    // of a layer, such as "self_attn"; "" for all of it
	Values []float64 // one, or one for each of the result's layers
}

// Layer is one layer of the result: the layers it is computed from. A copy has
// one source.
type Layer []Source

// Source is layer Layer (from 0) of Facts.Parents[Parent].
type Source struct{ Parent, Layer int }

// Name is what the card calls the parent: its Hub id, or only the last part of
// a folder.
func (p Parent) Name() string {
	if p.onHub() {
		return p.Model
	}
	name := path.Base(strings.ReplaceAll(p.Model, `\`, "/"))
	if name == "." || name == "/" || name == ".." {
		return "local model"
	}
	return name
}

func (p Parent) onHub() bool { return !p.Local && cardcheck.IsRepoID(p.Model) }

// title is the card's heading.
func (f Facts) title() string {
	switch {
	case f.Title != "":
		return f.Title
	case f.Repo != "":
		return path.Base(f.Repo)
	}
	return "Merged model"
}

// baseModels are the parents' Hub ids, each once.
func (f Facts) baseModels() []string {
	var ids []string
	for _, p := range f.Parents {
		if p.onHub() {
			ids = appendNew(ids, p.Model)
		}
	}
	return ids
}

// cards are the parents' cards that can be read. One that can not is as good as
// none: it is the parent's fault and must not stop the merge.
func (f Facts) cards() []*Card {
	var cards []*Card
	for _, p := range f.Parents {
		if c, err := Parse(p.Card); err == nil {
			cards = append(cards, c)
		}
	}
	return cards
}
