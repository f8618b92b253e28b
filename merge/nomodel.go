package merge

import (
	"context"
	"path"
	"slices"

	"longcat/internal/limits"
	"longcat/internal/plaintext"
	"longcat/merge/jsontext"
)

// noModel names what a directory or repo is that can not be merged for what it
// lacks (config.json, weights); nil if nothing is known of it.
func (c *checkpoint) noModel(ctx context.Context) error {
	has := func(name string) bool { _, ok := slices.BinarySearch(c.names, name); return ok }
	ends := func(ext string) bool {
		return slices.ContainsFunc(c.names, func(n string) bool { return path.Ext(n) == ext })
	}
	switch {
	case has("adapter_config.json"):
		return c.fail("adapter_config.json", "this is an adapter (LoRA), not a model; it has to be merged into its base model"+c.adapterBase(ctx)+" first", nil)
	case has("model_index.json"):
		return c.fail("model_index.json", "this is a diffusers pipeline, whose models lie in its subdirectories", nil)
	case has("params.json"):
		return c.fail("params.json", "this is a checkpoint in its makers' own format; the one for transformers has a config.json", nil)
	case ends(".safetensors"): // a model of which config.json is missing
	case ends(".gguf"):
		return c.fail("", "has GGUF files, which are made of a model; the merge wants the model itself", nil)
	case ends(".parquet"), ends(".arrow"), ends(".jsonl"), ends(".csv"):
		return c.fail("", "is a dataset, not a model", nil)
	case has("tokenizer.json"), has("tokenizer.model"):
		return c.fail("", "has a tokenizer, but no model", nil)
	}
	return nil
}

// adapterBase is the base model that an adapter's config names, with a space
// before it; "" if it names none.
func (c *checkpoint) adapterBase(ctx context.Context) string {
	data, err := c.readFile(ctx, "adapter_config.json", limits.Config)
	if err != nil {
		return ""
	}
	text, err := jsontext.Parse(data)
	if err != nil || text.Root.Kind != jsontext.Object {
		return ""
	}
	if v := text.Root.Get("base_model_name_or_path"); v != nil && v.Kind == jsontext.String && v.Str != "" {
		return " " + plaintext.Line(v.Str, 200)
	}
	return ""
}
