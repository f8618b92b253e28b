package localhub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxFrontMatter bounds the metadata of a card.
const maxFrontMatter = 1 << 20

// cutFrontMatter separates a card's YAML from its text: what stands between a
// first line of "---" and the next.
func cutFrontMatter(readme []byte) (front []byte, found bool) {
	readme = bytes.TrimPrefix(readme, []byte("\xef\xbb\xbf"))
	first, rest, _ := bytes.Cut(readme, []byte("\n"))
	if string(bytes.TrimRight(first, " \r")) != "---" {
		return nil, false
	}
	for at := 0; at < len(rest); {
		line, _, _ := bytes.Cut(rest[at:], []byte("\n"))
		if string(bytes.TrimRight(line, " \r")) == "---" {
			return rest[:at], true
		}
		at += len(line) + 1
	}
	return nil, false
}

// parseCard reads a card's metadata; nil if it has none.
func parseCard(readme []byte) (map[string]any, error) {
	front, found := cutFrontMatter(readme)
	if !found {
		return nil, nil
	}
	if len(front) > maxFrontMatter {
		return nil, fmt.Errorf("metadata is larger than %d bytes", maxFrontMatter)
	}
	var card map[string]any
	if err := yaml.Unmarshal(front, &card); err != nil {
		return nil, err
	}
	return card, nil
}

// stringFields must be a string; listFields a string or a list of strings.
// Source: the Hub's model card specification (hub-docs, modelcard.md).
var (
	stringFields = []string{"library_name", "pipeline_tag", "license_name", "license_link", "base_model_relation", "model_name"}
	listFields   = []string{"license", "language", "tags", "datasets", "metrics", "base_model"}
)

// cardProblems says what is wrong with a card's metadata.
func cardProblems(readme []byte) []string {
	card, err := parseCard(readme)
	if err != nil {
		return []string{"YAML: " + strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")}
	}
	var problems []string
	for _, key := range stringFields {
		if _, ok := card[key].(string); card[key] != nil && !ok {
			problems = append(problems, fmt.Sprintf("%q must be a string", key))
		}
	}
	for _, key := range listFields {
		if _, ok := stringList(card[key]); !ok {
			problems = append(problems, fmt.Sprintf("%q must be a string or a list of strings", key))
		}
	}
	return problems
}

// checkCard refuses a README.md whose metadata is wrong, in the Hub's words.
func checkCard(readme []byte) error {
	problems := cardProblems(readme)
	if len(problems) == 0 {
		return nil
	}
	text := "Sorry, your push was rejected during YAML metadata verification:"
	for _, p := range problems {
		text += "\n - Error: " + p
	}
	return badRequest("%s", text)
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

// cardJSON is the metadata as the API shows it; nil if JSON can not hold it.
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
