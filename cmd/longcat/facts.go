package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"longcat/internal/limits"
	"longcat/merge"
	"longcat/modelcard"
)

// layerMap says in the card's terms where each layer of the plan comes from.
func layerMap(p *planned) ([]modelcard.Parent, []modelcard.Layer) {
	var parents []modelcard.Parent
	index := map[string]int{}
	add := func(name string, layers int) int {
		i, ok := index[name]
		if !ok {
			i = len(parents)
			index[name] = i
			parents = append(parents, parentOf(p.models.byName[name], name, layers))
		}
		return i
	}
	for _, src := range p.plan.Reads() {
		add(src.Name, src.Layers)
	}
	var layers []modelcard.Layer
	for _, l := range p.plan.Layers {
		layers = append(layers, modelcard.Layer{{Parent: add(l.Model, 0), Layer: l.Layer}})
	}
	return parents, layers
}

func parentOf(m *model, name string, layers int) modelcard.Parent {
	if m == nil || m.local {
		return modelcard.Parent{Model: name, Local: true, Layers: layers}
	}
	return modelcard.Parent{Model: m.repo.ID, Commit: m.commit, Layers: layers}
}

// facts gathers what the card of a plan says. repo is where it will be
// published, "" when that is not known.
func (p *planned) facts(ctx context.Context, repo, license string) (modelcard.Facts, error) {
	f := modelcard.Facts{
		Repo: repo, Method: "passthrough",
		Recipe: p.recipe.Text, RecipeFile: merge.RecipeFile, Flags: p.flags.String(),
		Params: p.plan.Params, Size: p.plan.TensorBytes,
		MadeWith: "longcat " + version(),
	}
	if license != "" {
		f.License = &modelcard.License{ID: license}
	}
	f.Parents, f.Layers = layerMap(p)
	for i, parent := range f.Parents {
		card, err := p.parentCard(ctx, parent)
		if err != nil {
			return f, err
		}
		f.Parents[i].Card = card
	}
	return f, p.readConfig(ctx, &f)
}

func (p *planned) parentCard(ctx context.Context, parent modelcard.Parent) ([]byte, error) {
	for name, m := range p.models.byName {
		if (m.local && name == parent.Model) || (!m.local && m.repo.ID == parent.Model && m.commit == parent.Commit) {
			return readSmall(ctx, m, modelcard.File, limits.Card)
		}
	}
	return nil, nil
}

// readSmall reads a file whole; one that is not there is nil.
func readSmall(ctx context.Context, m merge.Model, name string, limit int64) ([]byte, error) {
	content, err := m.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if content.Size() > limit {
		return nil, fmt.Errorf("reading %q: %d bytes are more than %d", name, content.Size(), limit)
	}
	return io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
}

// readConfig takes from the result's own files what the card says of it.
func (p *planned) readConfig(ctx context.Context, f *modelcard.Facts) error {
	result := p.plan.Model(p.models.open)
	raw, err := readSmall(ctx, result, "config.json", limits.Config)
	if err != nil {
		return err
	}
	var config struct {
		Architectures []string        `json:"architectures"`
		DType         string          `json:"dtype"`
		TorchDType    string          `json:"torch_dtype"`
		AutoMap       json.RawMessage `json:"auto_map"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return fmt.Errorf("reading config.json of the result: %w", err)
	}
	if len(config.Architectures) > 0 {
		f.Architecture = config.Architectures[0]
	}
	f.DType = config.DType
	if f.DType == "" {
		f.DType = config.TorchDType
	}
	f.CustomCode = len(config.AutoMap) > 0
	files := result.Files()
	f.ChatTemplate = slices.Contains(files, "chat_template.jinja") || slices.Contains(files, "chat_template.json")
	if !f.ChatTemplate {
		var tokenizer struct {
			ChatTemplate json.RawMessage `json:"chat_template"`
		}
		raw, err := readSmall(ctx, result, "tokenizer_config.json", limits.Tokenizer)
		if err != nil {
			return err
		}
		f.ChatTemplate = json.Unmarshal(raw, &tokenizer) == nil && len(tokenizer.ChatTemplate) > 0
	}
	return nil
}
