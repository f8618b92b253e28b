package longcat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"longcat/internal/limits"
	"longcat/internal/units"
	"longcat/merge"
	"longcat/merge/recipe"
	"longcat/modelcard"
)

// passthrough is the method that computes nothing.
const passthrough = "passthrough"

// facts gathers what the card of the result says. repo is where it will be
// published, "" when that is not known.
func (j *Job) facts(ctx context.Context, repo string, license *modelcard.License) (modelcard.Facts, error) {
	f := modelcard.Facts{
		Repo: repo, Method: j.plan.Method, Seed: j.plan.Seed, Precise: j.plan.Precise,
		Recipe: j.recipe.Text, RecipeFile: recipe.FileName, Flags: flagsOf(j.opts.Merge),
		Params: j.plan.Params, Size: j.plan.TensorBytes,
		MadeWith: j.opts.Creator, License: license,
	}
	if j.opts.madeElsewhere {
		f.MadeWith = ""
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
		words = append(words, "--shard-size", units.ExactSize(o.ShardSize))
	}
	if o.LayerStack != "" {
		words = append(words, "--layer-stack", o.LayerStack)
	}
	if o.Layout != "" && o.Layout != merge.SharedBlocks {
		words = append(words, "--layout", string(o.Layout))
	}
	if o.Seed != nil {
		words = append(words, "--random-seed", strconv.FormatInt(*o.Seed, 10))
	}
	if o.Precise {
		words = append(words, "--precise")
	}
	return strings.Join(words, " ")
}

func (j *Job) parentCard(ctx context.Context, parent modelcard.Parent) ([]byte, error) {
	for name, m := range j.models {
		if (m.Local() && name == parent.Model) || (!m.Local() && m.repo.ID == parent.Model && m.commit == parent.Commit) {
			return readSmall(ctx, m, modelcard.File, limits.Card)
		}
	}
	return nil, nil
}

// readConfig takes from the result's own files what the card says of it.
func (j *Job) readConfig(ctx context.Context, f *modelcard.Facts) error {
	result := j.plan.Model(j.models.open)
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
	f.DType = cmp.Or(config.DType, config.TorchDType)
	f.CustomCode = len(config.AutoMap) > 0
	f.Context = contextLength(raw)
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

// contextLength is how many tokens a model can see, by its config.json; 0 when
// that does not say. Architectures have several names for it, and those with
// more than text have it further in.
func contextLength(config []byte) int {
	var fields map[string]json.RawMessage
	if json.Unmarshal(config, &fields) != nil {
		return 0
	}
	for _, name := range []string{"max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "seq_length"} {
		if n, err := strconv.Atoi(string(fields[name])); err == nil && n > 0 {
			return n
		}
	}
	return contextLength(fields["text_config"])
}
