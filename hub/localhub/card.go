package localhub

import (
	"encoding/json"
	"strings"

	"longcat/internal/cardcheck"
	"longcat/internal/frontmatter"
)

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
func configJSON(data []byte) (shown json.RawMessage, modelType string) {
	var config map[string]json.RawMessage
	if json.Unmarshal(data, &config) != nil {
		return nil, ""
	}
	picked := map[string]json.RawMessage{}
	for _, key := range configKeys {
		if v, ok := config[key]; ok {
			picked[key] = v
		}
	}
	shown, err := json.Marshal(picked)
	if err != nil {
		return nil, ""
	}
	if json.Unmarshal(config["model_type"], &modelType) != nil {
		modelType = ""
	}
	return shown, modelType
}
