package merge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"longcat/merge/config"
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
	for _, part := range []struct {
		from *checkpoint
		want func(string) bool
	}{
		{p.tokenizerModel(), isTokenizerFile},
		{p.base(), func(name string) bool { return isModelFile(name) && !isTokenizerFile(name) }},
	} {
		for _, name := range part.from.names {
			if !part.want(name) {
				continue
			}
			content, err := part.from.model.Open(ctx, name)
			if err != nil {
				return part.from.fail(name, "", err)
			}
			f := &File{Path: name}
			f.add(piece{Size: content.Size(), Model: part.from.ref.Name, File: name})
			others = append(others, f)
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

// config is the base's config.json for the new depth and dtype.
func (p *planner) config() ([]byte, error) {
	configs := map[*checkpoint]*config.Config{}
	of := func(c *checkpoint) *config.Config {
		if configs[c] == nil {
			configs[c] = &config.Config{
				Name: c.ref.Name, Text: c.config, Depth: c.depth.Depth,
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
		p.warn(0, "config.json: %s", remark)
	}
	asked := p.recipe.OutDType
	if asked == "" {
		asked = p.recipe.DType
	}
	if name := recipe.DTypeOf(asked); name != "" {
		edits = append(edits, config.DType(base.config, name)...)
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
		return p.models[m.Name]
	}
	return p.base()
}

// isTokenizerFile tells the files that make up a tokenizer.
func isTokenizerFile(name string) bool {
	if strings.Contains(name, "/") {
		return strings.HasPrefix(name, "additional_chat_templates/") && path.Ext(name) == ".jinja"
	}
	switch name {
	case "special_tokens_map.json", "added_tokens.json", "merges.txt", "bpe.codes", "chat_template.json", "chat_template.jinja":
		return true
	}
	switch {
	case strings.HasPrefix(name, "tokenizer"), strings.HasPrefix(name, "vocab"), strings.HasPrefix(name, "tokenization_"), strings.HasPrefix(name, "chat_template"):
		return path.Ext(name) != ".md"
	}
	return slices.Contains([]string{".model", ".tiktoken", ".spm"}, path.Ext(name))
}

// isModelFile tells the other files that a model needs to load and to be used
// lawfully. Everything else stays behind: cards, other formats' weights,
// pictures, logs of the training.
func isModelFile(name string) bool {
	if strings.Contains(name, "/") {
		return false
	}
	switch name {
	case "generation_config.json", "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
		"image_processor_config.json", "feature_extractor_config.json":
		return true
	}
	upper := strings.ToUpper(name)
	return path.Ext(name) == ".py" || // modelling code that config.json's auto_map names
		strings.HasPrefix(upper, "LICENSE") || strings.HasPrefix(upper, "LICENCE") || strings.HasPrefix(upper, "NOTICE") || strings.HasPrefix(upper, "USE_POLICY")
}
