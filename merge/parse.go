package merge

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"longcat/internal/suggest"
)

// ParseRecipe reads a recipe; file is its name in messages. Several YAML
// documents in one text are several merges: those with a "name" can be used as
// models by the others, and the one without (or else the last) is the result.
//
// What is wrong with a recipe, down to a misspelled key, is a *RecipeError. So
// is everything that mergekit knows and longcat does not do: it is never ignored.
func ParseRecipe(data []byte, file string) (*Recipe, error) {
	docs, err := readDocuments(data, file)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, &RecipeError{File: file, Msg: "the recipe is empty"}
	}
	visits := 0
	d := document{file: file, visits: &visits}
	all := make([]*Recipe, len(docs))
	result := len(docs) - 1
	for i, doc := range docs {
		if all[i], err = d.recipe(doc); err != nil {
			return nil, err
		}
		all[i].Text = data
	}
	for i, r := range all {
		if r.Name == "" {
			result = i
		}
	}
	if err := d.link(docs, all, result); err != nil {
		return nil, err
	}
	return all[result], nil
}

// link makes the documents beside the result its steps.
func (d document) link(docs []*yaml.Node, all []*Recipe, result int) error {
	for i, r := range all {
		if i == result {
			continue
		}
		if r.Name == "" {
			return d.errorf(docs[i], "only one document may go without a name")
		}
		if all[result].Name == r.Name || all[result].step(r.Name) != nil {
			return d.errorf(docs[i], "two documents are named %q", r.Name)
		}
		all[result].steps = append(all[result].steps, r)
	}
	for _, r := range all {
		r.steps = all[result].steps
	}
	return nil
}

var recipeKeys = []string{
	"merge_method", "slices", "models", "modules", "base_model", "dtype", "out_dtype",
	"tokenizer_source", "tokenizer", "chat_template", "parameters", "name",
}

// methods are the other values of merge_method that mergekit 0.1.5 knows.
var methods = []string{
	"linear", "slerp", "nuslerp", "multislerp", "task_arithmetic", "ties", "dare_ties", "dare_linear",
	"della", "della_linear", "breadcrumbs", "breadcrumbs_ties", "model_stock", "nearswap", "sce",
	"karcher", "arcee_fusion", "ram", "ramplus_tl",
}

// recipe reads one document.
func (d document) recipe(n *yaml.Node) (*Recipe, error) {
	f, err := d.fields(n, "the recipe", recipeKeys...)
	if err != nil {
		return nil, err
	}
	r := &Recipe{File: d.file}
	if err := d.method(n, f); err != nil {
		return nil, err
	}
	if v, ok := f["name"]; ok {
		if r.Name, err = d.text(v.value, "name"); err != nil {
			return nil, err
		}
	}
	if r.Base, err = d.optionalRef(f, "base_model"); err != nil {
		return nil, err
	}
	if r.DType, err = d.dtype(f, "dtype"); err != nil {
		return nil, err
	}
	if r.OutDType, err = d.dtype(f, "out_dtype"); err != nil {
		return nil, err
	}
	if r.scale, err = d.parameters(r, f); err != nil {
		return nil, err
	}
	if err := d.tokenizer(r, f); err != nil {
		return nil, err
	}
	return r, d.layers(r, n, f)
}

// method accepts passthrough and says of everything else which kind of no it is.
func (d document) method(n *yaml.Node, f map[string]field) error {
	v, ok := f["merge_method"]
	if !ok {
		return d.errorf(n, "merge_method is missing")
	}
	name, err := d.text(v.value, "merge_method")
	if err != nil {
		return err
	}
	if name == "passthrough" {
		return nil
	}
	if slices.Contains(methods, name) {
		return d.errorf(v.value, "merge_method %s is not supported yet; passthrough is", name)
	}
	e := d.errorf(v.value, "unknown merge_method %q", name).(*RecipeError)
	e.Suggest = suggest.Nearest(name, append(methods, "passthrough"))
	return e
}

// layers reads slices, or models when there is but one.
func (d document) layers(r *Recipe, n *yaml.Node, f map[string]field) error {
	if v, ok := f["modules"]; ok {
		return d.errorf(v.key, "modules is not supported yet")
	}
	sl, bySlices := f["slices"]
	mo, byModels := f["models"]
	switch {
	case bySlices && byModels:
		return d.errorf(mo.key, "slices and models exclude each other")
	case bySlices:
		list, err := d.list(sl.value, "slices")
		if err != nil {
			return err
		}
		for _, e := range list {
			s, err := d.slice(r, e)
			if err != nil {
				return err
			}
			r.Slices = append(r.Slices, s)
		}
	case byModels:
		list, err := d.list(mo.value, "models")
		if err != nil {
			return err
		}
		if len(list) > 1 {
			return d.errorf(list[1], "merge_method passthrough takes one model; use slices for several")
		}
		for _, e := range list {
			s, err := d.source(r, e, true)
			if err != nil {
				return err
			}
			r.Slices = append(r.Slices, s)
		}
	}
	if len(r.Slices) == 0 {
		return d.errorf(n, "the recipe has no slices")
	}
	return nil
}

func (d document) slice(r *Recipe, n *yaml.Node) (Slice, error) {
	f, err := d.fields(n, "a slice", "sources", "base_model", "residual_weight", "parameters")
	if err != nil {
		return Slice{}, err
	}
	if v, ok := f["residual_weight"]; ok {
		return Slice{}, d.errorf(v.key, "residual_weight is not supported yet")
	}
	if v, ok := f["base_model"]; ok {
		r.Notes = append(r.Notes, Warning{v.key.Line, "base_model of a slice has no effect on a passthrough merge"})
	}
	src, ok := f["sources"]
	if !ok {
		return Slice{}, d.errorf(n, "the slice has no sources")
	}
	list, err := d.list(src.value, "sources")
	if err != nil {
		return Slice{}, err
	}
	if len(list) != 1 {
		return Slice{}, d.errorf(src.key, "a passthrough slice has exactly one source, not %d", len(list))
	}
	s, err := d.source(r, list[0], false)
	if err != nil {
		return Slice{}, err
	}
	s.Line = n.Line
	s.scale[1], err = d.parameters(r, f)
	return s, err
}

// source reads what a slice or a list of models takes from one model.
func (d document) source(r *Recipe, n *yaml.Node, all bool) (s Slice, err error) {
	known := []string{"model", "layer_range", "parameters"}
	if all {
		known = []string{"model", "parameters"}
	}
	f, err := d.fields(n, "a source", known...)
	if err != nil {
		return s, err
	}
	s = Slice{All: all, Line: n.Line}
	m, ok := f["model"]
	if !ok {
		return s, d.errorf(n, "the source names no model")
	}
	if s.Model, err = d.ref(m.value); err != nil {
		return s, err
	}
	if s.scale[0], err = d.parameters(r, f); err != nil || all {
		return s, err
	}
	lr, ok := f["layer_range"]
	if !ok {
		return s, d.errorf(n, "the source has no layer_range")
	}
	list, err := d.list(lr.value, "layer_range")
	if err != nil {
		return s, err
	}
	if len(list) != 2 {
		return s, d.errorf(lr.value, "layer_range must be two numbers: the first layer, and the one after the last")
	}
	for i, to := range []*int{&s.From, &s.To} {
		if *to, err = strconv.Atoi(list[i].Value); err != nil || *to < 0 || list[i].Kind != yaml.ScalarNode {
			return s, d.errorf(list[i], "%q is not the number of a layer", list[i].Value)
		}
	}
	if s.From >= s.To {
		return s, d.errorf(lr.value, "layer_range [%d, %d] holds no layer", s.From, s.To)
	}
	return s, nil
}

func (d document) optionalRef(f map[string]field, key string) (*Ref, error) {
	v, ok := f[key]
	if !ok || isNull(v.value) {
		return nil, nil
	}
	ref, err := d.ref(v.value)
	return &ref, err
}

// ref reads a model's name: a word, or mergekit's long form of it.
func (d document) ref(n *yaml.Node) (Ref, error) {
	var name string
	var err error
	if n.Kind == yaml.MappingNode {
		name, err = d.longRef(n)
	} else {
		name, err = d.text(n, "a model's name")
	}
	if err != nil {
		return Ref{}, err
	}
	if strings.Contains(name, "+") {
		return Ref{}, d.errorf(n, "%q: a LoRA added with '+' is not supported yet", name)
	}
	path, rev, at := strings.Cut(name, "@")
	if path == "" || (at && (rev == "" || strings.Contains(rev, "@"))) {
		return Ref{}, d.errorf(n, "%q is not a model's name: want \"org/name\", \"org/name@revision\" or a folder", name)
	}
	return Ref{Name: name, Path: path, Revision: rev, Line: n.Line, Column: n.Column}, nil
}

// longRef reads {model: {path, revision}}, which mergekit writes for names that
// its short form can not hold.
func (d document) longRef(n *yaml.Node) (string, error) {
	f, err := d.fields(n, "a model", "model", "lora", "override_architecture", "path", "revision")
	if err != nil {
		return "", err
	}
	for _, key := range []string{"lora", "override_architecture"} {
		if v, ok := f[key]; ok && !isNull(v.value) {
			return "", d.errorf(v.key, "%s is not supported yet", key)
		}
	}
	if m, ok := f["model"]; ok {
		if m.value.Kind == yaml.MappingNode {
			return d.longRef(m.value)
		}
		return d.text(m.value, "model")
	}
	p, ok := f["path"]
	if !ok {
		return "", d.errorf(n, "the model has no path")
	}
	name, err := d.text(p.value, "path")
	if v, ok := f["revision"]; ok && err == nil && !isNull(v.value) {
		var rev string
		rev, err = d.text(v.value, "revision")
		name += "@" + rev
	}
	return name, err
}
