package longcat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"longcat/merge"
	"longcat/modelcard"
)

const (
	maxCard            = 10 << 20 // bytes of a README.md; the Hub's own bound
	maxConfig          = 16 << 20 // bytes of a config.json
	maxTokenizerConfig = 64 << 20 // bytes of a tokenizer_config.json
)

// facts gathers what the card of the result says. repo is where it will be
// published, "" when that is not known.
func (j *Job) facts(ctx context.Context, repo string, license *modelcard.License) (modelcard.Facts, error) {
	f := modelcard.Facts{
		Repo: repo, Method: "passthrough",
		Recipe: j.recipe.Text, RecipeFile: merge.RecipeFile, Flags: flagsOf(j.opts.Merge),
		Params: j.plan.Params, Size: j.plan.TensorBytes,
		MadeWith: j.opts.Creator, License: license,
	}
	f.Parents, f.Layers = j.LayerMap()
	for i, parent := range f.Parents {
		card, err := j.parentCard(ctx, parent)
		if err != nil {
			return f, err
		}
		f.Parents[i].Card = card
	}
	return f, j.readConfig(ctx, &f)
}

// flagsOf are the options of longcat merge that the same bytes need. Cards tell
// the command for people; programs read the lock.
func flagsOf(o merge.Options) string {
	var words []string
	if o.ShardSize > 0 && o.ShardSize != merge.DefaultShardSize {
		words = append(words, "--shard-size", sizeWord(o.ShardSize))
	}
	if o.LayerStack != "" {
		words = append(words, "--layer-stack", o.LayerStack)
	}
	return strings.Join(words, " ")
}

// sizeWord writes a number of bytes exactly and as short as that goes: "2GB".
func sizeWord(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1e9, "GB"}, {1 << 30, "GiB"}, {1e6, "MB"}, {1 << 20, "MiB"}, {1e3, "KB"}, {1 << 10, "KiB"}} {
		if n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func (j *Job) parentCard(ctx context.Context, parent modelcard.Parent) ([]byte, error) {
	for name, m := range j.models {
		if (m.local && name == parent.Model) || (!m.local && m.repo.ID == parent.Model && m.commit == parent.Commit) {
			return readSmall(ctx, m, modelcard.File, maxCard)
		}
	}
	return nil, nil
}

// readConfig takes from the result's own files what the card says of it.
func (j *Job) readConfig(ctx context.Context, f *modelcard.Facts) error {
	result := j.plan.Model(j.models.open)
	raw, err := readSmall(ctx, result, "config.json", maxConfig)
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
	f.DType = cmp.Or(config.DType, config.TorchDType)
	f.CustomCode = len(config.AutoMap) > 0
	files := result.Files()
	f.ChatTemplate = slices.Contains(files, "chat_template.jinja") || slices.Contains(files, "chat_template.json")
	if !f.ChatTemplate {
		var tokenizer struct {
			ChatTemplate json.RawMessage `json:"chat_template"`
		}
		raw, err := readSmall(ctx, result, "tokenizer_config.json", maxTokenizerConfig)
		if err != nil {
			return err
		}
		f.ChatTemplate = json.Unmarshal(raw, &tokenizer) == nil && len(tokenizer.ChatTemplate) > 0
	}
	return nil
}
