package localhub

import (
	"context"
	"encoding/json"
	"strings"

	"longcat/hub/localhub/store"
	"longcat/internal/cardcheck"
	"longcat/internal/frontmatter"
	"longcat/internal/limits"
)

// card is what a README.md says in its metadata.
type card struct {
	values map[string]any  // as JSON holds them; nil if there are none, or they can not be read
	json   json.RawMessage // the same
}

// card reads the metadata of a commit's README.md, each content once.
func (h *Hub) card(ctx context.Context, r *store.Repo, at *store.Commit) (card, error) {
	f, ok := at.Find("README.md")
	if !ok || f.LFS != "" {
		return card{}, nil
	}
	return h.cards.get(ctx, f.OID, func() (found card, size int64, err error) {
		cost := min(f.Size, maxCardHead) * cardCost
		err = h.withMemory(context.WithoutCancel(ctx), cost, func() error {
			if found.values, err = parseCard(r.ReadFile(at, "README.md", maxCardHead)); err != nil {
				found.values = nil // it was imported so
			}
			found.json = cardJSON(found.values)
			return nil
		})
		return found, int64(len(found.json)) * 5, err
	})
}

// parseCard reads a card's metadata as JSON holds it; nil if it has none.
func parseCard(readme []byte) (map[string]any, error) {
	f, err := frontmatter.Parse(readme)
	if err != nil {
		return nil, err
	}
	return f.Value(), nil
}

// cardProblems says what is wrong with a card, as "longcat card check" does.
func cardProblems(readme []byte) (errs, warnings []string) {
	for _, p := range cardcheck.README(readme) {
		if p.Severity == cardcheck.Error {
			errs = append(errs, p.Message)
		} else {
			warnings = append(warnings, p.Message)
		}
	}
	return errs, warnings
}

// checkCard refuses a README.md whose metadata is wrong, in the Hub's words. An
// id that no list here has is let in: the Hub's lists grow.
func checkCard(readme []byte) error {
	var errs []string
	for _, p := range cardcheck.README(readme) {
		if p.Severity == cardcheck.Error && !p.Unlisted {
			errs = append(errs, p.Message)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return badRequest("Sorry, your push was rejected during YAML metadata verification:\n - Error: %s", strings.Join(errs, "\n - Error: "))
}

// stringList is a string or a list of strings as a list; nothing is an empty one.
func stringList(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		list := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}

// cardJSON is the metadata as the API shows it; nil if there is none.
func cardJSON(card map[string]any) json.RawMessage {
	if card == nil {
		return nil
	}
	data, err := json.Marshal(card)
	if err != nil {
		return nil
	}
	return data
}

// configKeys are what the Hub shows of a config.json.
var configKeys = []string{"architectures", "model_type", "auto_map", "quantization_config"}

// configJSON is what the API shows of a config.json.
func configJSON(data []byte) (shown json.RawMessage, modelType, architecture string) {
	var config map[string]json.RawMessage
	if json.Unmarshal(data, &config) != nil {
		return nil, "", ""
	}
	picked := map[string]json.RawMessage{}
	for _, key := range configKeys {
		if v, ok := config[key]; ok {
			picked[key] = v
		}
	}
	shown, err := json.Marshal(picked)
	if err != nil {
		return nil, "", ""
	}
	if json.Unmarshal(config["model_type"], &modelType) != nil {
		modelType = ""
	}
	var architectures []string
	if json.Unmarshal(config["architectures"], &architectures) == nil && len(architectures) > 0 {
		architecture = architectures[0]
	}
	return shown, modelType, architecture
}

// maxCardHead is how much of a card is read for its metadata, blank lines before
// it included.
const maxCardHead = limits.FrontMatter + 64<<10
