package recipe

import (
	"fmt"
	"slices"
	"strings"

	"longcat/internal/suggest"

	"gopkg.in/yaml.v3"
)

// unknownKey refuses a key that the table does not have.
func (d *decoder) unknownKey(_ *yaml.Node, f field, typ *ObjectType) {
	e := d.fail(f.key, "unknown key %q in %s", f.key.Value, typ.Name)
	if typ.key("parameters") != nil && slices.Contains((*Method)(nil).parameterNames(), f.key.Value) {
		e.Msg += "; it is a parameter, and those stand under \"parameters\""
		return
	}
	if f.key.Value == "revision" {
		e.Msg += "; a model's revision is part of its name: org/name@revision"
		return
	}
	if e.Suggest = suggest.Nearest(f.key.Value, typ.names()); e.Suggest != "" {
		return
	}
	if f.value.Anchor != "" {
		e.Msg += fmt.Sprintf("; the recipe does not use its anchor &%s", f.value.Anchor)
	}
	for _, other := range Objects {
		if other.key(f.key.Value) != nil {
			e.Msg += "; it is a key of " + other.Name
			return
		}
	}
}

// ownKey reports whether an unknown key of the recipe is one that people make
// for themselves, to hold an anchor that the rest of the recipe uses.
func (d *decoder) ownKey(recipe, key *yaml.Node) bool {
	if d.used == nil {
		d.used = usedAnchors(recipe)
	}
	for i := 0; i+1 < len(recipe.Content); i += 2 {
		if recipe.Content[i] == key {
			return holdsAnchor(recipe.Content[i+1], d.used)
		}
	}
	return false
}

// usedAnchors finds the nodes that are reached through aliases from the keys
// that the table has.
func usedAnchors(recipe *yaml.Node) map[*yaml.Node]bool {
	used, seen := map[*yaml.Node]bool{}, map[*yaml.Node]bool{}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if n.Kind == yaml.AliasNode {
			used[n.Alias] = true
			walk(n.Alias)
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	for i := 0; i+1 < len(recipe.Content); i += 2 {
		if key := recipe.Content[i]; key.Tag == "!!merge" || Objects[0].key(key.Value) != nil {
			walk(recipe.Content[i+1])
		}
	}
	return used
}

func holdsAnchor(n *yaml.Node, used map[*yaml.Node]bool) bool {
	if used[n] {
		return true
	}
	for _, c := range n.Content {
		if holdsAnchor(c, used) {
			return true
		}
	}
	return false
}

// foreigners are other files that people take for recipes: what they are, and
// keys of which two make one.
var foreigners = []struct {
	what string
	keys []string
}{
	{"a mergekit-moe file, which makes a mixture of experts", []string{"experts", "gate_mode", "experts_per_token", "shared_experts"}},
	{"a mergekit-evolve file, which searches for a recipe", []string{"genome", "tasks", "limit"}},
	{"an axolotl file, which trains a model", []string{"datasets", "sequence_len", "micro_batch_size", "num_epochs", "lora_r", "adapter", "gradient_accumulation_steps", "learning_rate"}},
	{"the configuration of a LoRA adapter (adapter_config.json)", []string{"peft_type", "base_model_name_or_path", "lora_alpha", "target_modules"}},
	{"a model's configuration (config.json)", []string{"architectures", "model_type", "hidden_size", "num_hidden_layers", "vocab_size", "torch_dtype", "transformers_version"}},
	{"a tokenizer's configuration", []string{"tokenizer_class", "added_tokens_decoder", "model_max_length"}},
	{"a tokenizer (tokenizer.json)", []string{"added_tokens", "pre_tokenizer", "post_processor"}},
	{"the index of a model's weights", []string{"weight_map", "metadata"}},
	{"the front matter of a model card", []string{"license", "tags", "pipeline_tag", "library_name", "language"}},
}

// foreign tells by a file's keys which other file it is, "" if none.
func foreign(n *yaml.Node) string {
	has := map[string]bool{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		has[n.Content[i].Value] = true
	}
	if has["slices"] || has["models"] || has["modules"] || has["merge_method"] && !has["experts"] {
		return ""
	}
	for _, f := range foreigners {
		found := 0
		for _, k := range f.keys {
			if has[k] {
				found++
			}
		}
		if found > 1 || has["experts"] && strings.Contains(f.what, "moe") {
			return f.what
		}
	}
	return ""
}
