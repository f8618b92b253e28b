package merge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"longcat/internal/limits"
	"longcat/merge/config"
	"longcat/merge/jsontext"
	"longcat/merge/recipe"
)

// carry adds the files beside the weights: the index, the config for the new
// depth, the recipe, and what the result needs of the base's other files.
func (p *planner) carry(ctx context.Context) error {
	weights := p.plan.Files
	var others []*File
	text := func(name string, data []byte) {
		f := &File{Path: name}
		f.add(piece{Size: int64(len(data)), literal: data})
		others = append(others, f)
	}
	config, err := p.config()
	if err != nil {
		return err
	}
	text("config.json", config)
	text(recipe.FileName, p.recipe.Text)
	if len(weights) > 1 {
		text(indexFile, p.index())
	}
	template, err := chatTemplate(p.recipe)
	if err != nil {
		return err
	}
	if template != "" {
		text(chatTemplateFile, []byte(template))
	}
	for _, from := range slices.Compact([]*checkpoint{p.tokenizerModel(), p.base()}) {
		for _, name := range from.names {
			switch why := p.leaves(from, name); {
			case why == used, name == chatTemplateFile && template != "", slices.ContainsFunc(from.left, func(l Left) bool { return l.Path == name }):
			case why != "":
				from.left = append(from.left, Left{name, why})
				if isModuleWeights(name) {
					p.warn(recipe.Pos{}, "%q: %s is left behind; if the model loads weights from that directory, put it there again", from.ref.Name, name)
				}
			case slices.Contains(quantisationFiles, name), from.depth.TwoSided && name == "generation_config.json":
				data, err := p.modulesFile(ctx, from, name)
				if err != nil {
					return err
				}
				text(name, data)
			default:
				if data, err := p.vocabulary.tokenizerFile(ctx, from, name); err != nil {
					return err
				} else if data != nil {
					text(name, data)
					continue
				}
				content, err := from.model.Open(ctx, name)
				if err != nil {
					return from.fail(name, "", err)
				}
				f := &File{Path: name}
				f.add(piece{Size: content.Size(), Model: from.ref.Name, File: name})
				others = append(others, f)
			}
		}
	}
	slices.SortFunc(others, func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	p.plan.Files = append(weights, others...)
	for _, f := range p.plan.Files {
		p.plan.Size += f.Size
		f.steps = p.plan.Steps
	}
	return nil
}

// used marks files whose tensors are accounted for one by one.
const used = "used"

// leaves is why a file of the model from, which gives the tokenizer or the
// other files or both, is left behind, or "".
func (p *planner) leaves(from *checkpoint, name string) string {
	tokenizer := isTokenizerFile(name)
	switch {
	case slices.ContainsFunc(from.shards, func(s shard) bool { return s.path == name }):
		return used
	case tokenizer && from != p.tokenizerModel():
		return fmt.Sprintf("the tokenizer comes from %q", p.tokenizerModel().ref.Name)
	case tokenizer:
		return ""
	case from != p.base():
		return fmt.Sprintf("files beside the tokenizer come from %q", p.base().ref.Name)
	}
	return stays(name)
}

// modulesFile is a file of the base that may name layers, for the result's.
func (p *planner) modulesFile(ctx context.Context, from *checkpoint, name string) ([]byte, error) {
	files := map[*checkpoint]*config.Config{}
	for _, c := range append([]*checkpoint{from}, p.order...) {
		if files[c] != nil {
			continue
		}
		text, _ := jsontext.Parse([]byte("{}"))
		data, err := c.readFile(ctx, name, limits.Config)
		if err == nil {
			text, err = jsontext.Parse(data)
		}
		if err != nil && !isAbsent(err) {
			return nil, c.fail(name, "", err)
		}
		files[c] = &config.Config{Name: c.ref.Name, Text: text, Depth: c.depth.Depth, Extra: c.depth.stack.Layers - c.depth.layers}
	}
	layers := make([]config.Layer, len(p.layers))
	for i, l := range p.layers {
		layers[i] = config.Layer{From: files[l.from], Index: l.layer}
	}
	edits, err := config.Modules(files[from], layers)
	if err != nil {
		return nil, from.fail(name, "", err)
	}
	return files[from].Text.Apply(edits), nil
}

// config is the base's config.json for the new depth and dtype.
func (p *planner) config() ([]byte, error) {
	configs := map[*checkpoint]*config.Config{}
	of := func(c *checkpoint) *config.Config {
		if configs[c] == nil {
			configs[c] = &config.Config{
				Name: c.ref.Name, Text: c.config, Depth: c.depth.Depth, Extra: c.depth.stack.Layers - c.depth.layers,
				Kind: func(layer int) string { return c.kinds[layer] },
			}
		}
		return configs[c]
	}
	base := p.base()
	layers := make([]config.Layer, len(p.layers))
	for i, l := range p.layers {
		layers[i] = config.Layer{From: of(l.from), Index: l.layer}
	}
	edits, remarks, err := config.Rewrite(of(base), layers)
	if err != nil {
		return nil, base.fail("config.json", "", err)
	}
	for _, remark := range remarks {
		p.warn(recipe.Pos{}, "config.json: %s", remark)
	}
	asked := p.recipe.OutDType
	if asked == "" {
		asked = p.recipe.DType
	}
	if name := recipe.DTypeOf(asked); name != "" {
		edits = append(edits, config.DType(base.config, name)...)
	}
	if p.vocabulary != nil {
		edits = append(edits, config.VocabularySize(base.config, p.vocabulary.rows)...)
	}
	return base.config.Apply(edits), nil
}

// index is model.safetensors.index.json: which file holds which tensor.
func (p *planner) index() []byte {
	files := map[string]string{}
	for _, f := range p.plan.Files {
		for _, t := range f.Tensors {
			files[t.Name] = f.Path
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	index := map[string]any{
		"metadata":   map[string]int64{"total_parameters": p.plan.Params, "total_size": p.plan.TensorBytes},
		"weight_map": files,
	}
	if err := enc.Encode(index); err != nil {
		panic(fmt.Sprintf("merge: encoding index: %v", err)) // maps of strings and numbers always encode
	}
	return b.Bytes()
}

// tokenizerModel is the model whose tokenizer the result gets.
func (p *planner) tokenizerModel() *checkpoint {
	if m := p.recipe.Tokenizer.Model; m != nil {
		return p.models[m.String()]
	}
	return p.base()
}
