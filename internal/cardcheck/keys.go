package cardcheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"longcat/internal/frontmatter"
	"longcat/internal/plaintext"
	"longcat/internal/suggest"
)

// keyRules says how the value of each known key is checked. Keys that are not
// here are the author's own; a Hub lets them be.
var keyRules = map[string]func(c *checker, n *yaml.Node, key string){
	"license":             each(checkLicense),
	"license_name":        checkLicenseName,
	"license_link":        checkLicenseLink,
	"language":            each(checkLanguage),
	"base_model":          each(checkModelID),
	"base_model_relation": checkRelation,
	"new_version":         checkModelID,
	"datasets":            each(checkDatasetID),
	"metrics":             each(checkText),
	"tags":                checkTags,
	"pipeline_tag":        checkTask,
	"library_name":        checkText,
	"thumbnail":           checkText,
	"widget":              checkArray,
	"model-index":         checkModelIndex,
}

func (c *checker) keys(card *frontmatter.File) {
	for i := 0; i+1 < len(card.Mapping().Content); i += 2 {
		name, value := card.Mapping().Content[i], frontmatter.Resolve(card.Mapping().Content[i+1])
		check, known := keyRules[name.Value]
		switch {
		case !known:
		case frontmatter.IsNull(value):
			c.withoutValue(name)
		default:
			check(c, value, name.Value)
		}
	}
	has := func(key string) (*yaml.Node, bool) { return frontmatter.Field(card.Mapping(), key) }
	if license, ok := has("license"); ok && slices.Contains(card.Strings("license"), "other") && card.Text("license_name") == "" {
		c.warnf(license, "license", `"license: other" needs "license_name" with an id for the licence, and "license_link" or a LICENSE file with its text`)
	}
	if relation, ok := has("base_model_relation"); ok && len(card.Strings("base_model")) == 0 {
		c.warnf(relation, "base_model_relation", `"base_model_relation" says nothing without "base_model"`)
	}
	for _, key := range []string{"base_model", "tags", "datasets", "language"} {
		c.repeated(card, key)
	}
}

// withoutValue is about a key with nothing behind it, which a Hub refuses where
// it wants a list and lets be elsewhere.
func (c *checker) withoutValue(name *yaml.Node) {
	switch name.Value {
	case "widget", "model-index":
		c.errorf(name, name.Value, "%q must be an array; it has no value", name.Value)
	case "language":
		c.errorf(name, name.Value, "%q has no value: give it one or take the key out", name.Value)
	default:
		c.warnf(name, name.Value, "%q has no value: give it one or take the key out", name.Value)
	}
}

// repeated warns of a list's entries that say the same twice.
func (c *checker) repeated(card *frontmatter.File, key string) {
	n := card.Node(key)
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	seen := map[string]bool{}
	for i, item := range n.Content {
		if v := frontmatter.Resolve(item); v.Kind == yaml.ScalarNode {
			if seen[v.Value] {
				c.warnf(item, fmt.Sprintf("%s[%d]", key, i), "%q names %q more than once", key, plaintext.Shorten(v.Value, 60))
			}
			seen[v.Value] = true
		}
	}
}

// each checks one value or every entry of a list.
func each(check func(*checker, *yaml.Node, string)) func(*checker, *yaml.Node, string) {
	return func(c *checker, n *yaml.Node, key string) {
		if n.Kind == yaml.MappingNode {
			c.errorf(n, key, "%q must be a string or an array of strings", key)
			return
		}
		if n.Kind == yaml.ScalarNode {
			check(c, n, key)
			return
		}
		for i, item := range n.Content {
			if c.visits++; c.visits > maxVisits {
				return
			}
			at := fmt.Sprintf("%s[%d]", key, i)
			if v := frontmatter.Resolve(item); frontmatter.IsNull(v) {
				c.errorf(item, at, "%q must be a string", at)
			} else {
				check(c, v, at)
			}
		}
	}
}

func checkText(c *checker, n *yaml.Node, key string) {
	if !frontmatter.IsText(n) {
		c.errorf(n, key, "%q must be a string; this is %s", key, frontmatter.KindName(n))
	}
}

func checkArray(c *checker, n *yaml.Node, key string) {
	if n.Kind != yaml.SequenceNode {
		c.errorf(n, key, "%q must be an array", key)
	}
}

func checkTags(c *checker, n *yaml.Node, key string) {
	if n.Kind != yaml.SequenceNode {
		c.errorf(n, key, "%q must be an array", key)
		return
	}
	each(checkText)(c, n, key)
}

func checkLicense(c *checker, n *yaml.Node, key string) {
	ids := LicenseIDs()
	if frontmatter.IsText(n) && slices.Contains(ids, n.Value) {
		return
	}
	hint := `; for another one use "other" with "license_name" and "license_link"`
	if meant := licenseMeant(n.Value); meant != "" {
		hint = fmt.Sprintf("; did you mean %q?", meant)
	}
	c.unlistedf(n, key, "%q must be one of [%s, … %d in all]; %s is none%s", key, strings.Join(ids[:3], ", "), len(ids), shown(n), hint)
}

var licenseNamePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]*$`)

func checkLicenseName(c *checker, n *yaml.Node, key string) {
	checkText(c, n, key)
	if frontmatter.IsText(n) && !licenseNamePattern.MatchString(n.Value) {
		c.warnf(n, key, `%q is an id such as "my-license-1.0": lower-case letters, digits, "-" and "."`, key)
	}
}

func checkLicenseLink(c *checker, n *yaml.Node, key string) {
	checkText(c, n, key)
	if frontmatter.IsText(n) && SafeLink(n.Value) == "" {
		c.warnf(n, key, `%q must be a web address or the name of a file in the repo, such as LICENSE`, key)
	}
}

func checkLanguage(c *checker, n *yaml.Node, key string) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Style == 0 && strings.EqualFold(n.Value, "no"):
		c.warnf(n, key, `%q is Norwegian only in quotes: Python's tools read a bare %s as false`, key, n.Value)
		return
	case frontmatter.IsText(n) && LanguageCodes()[n.Value]:
		return
	}
	hint := ""
	short, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(n.Value), "_", "-"), "-")
	if LanguageCodes()[short] {
		hint = fmt.Sprintf(" Did you mean %q?", short)
	}
	c.unlistedf(n, key, `%q with value %s is not valid. It must be an ISO 639-1, 639-2 or 639-3 code (two/three letters), `+
		`or a special value like "code", "multilingual". If you want to use BCP-47 identifiers, you can specify them in language_bcp47.%s`, key, shown(n), hint)
}

func checkModelID(c *checker, n *yaml.Node, key string) {
	if !frontmatter.IsText(n) || !IsRepoID(n.Value) {
		hint := ""
		if id, ok := ModelID(n.Value); ok && id != n.Value {
			hint = fmt.Sprintf(" Did you mean %q?", id)
		}
		c.errorf(n, key, "%q with value %s is not valid. Use a model id from https://hf.co/models.%s", key, shown(n), hint)
	}
}

func checkDatasetID(c *checker, n *yaml.Node, key string) {
	if !frontmatter.IsText(n) || !IsRepoID(n.Value) {
		c.errorf(n, key, "%q with value %s is not valid. Use a dataset id from https://hf.co/datasets.", key, shown(n))
	}
}

var relations = []string{"adapter", "merge", "quantized", "finetune"}

func checkRelation(c *checker, n *yaml.Node, key string) {
	if frontmatter.IsText(n) && slices.Contains(relations, n.Value) {
		return
	}
	hint := ""
	if near := suggest.Nearest(n.Value, relations); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	c.unlistedf(n, key, "%q must be one of [%s]; %s is none%s", key, strings.Join(relations, ", "), shown(n), hint)
}

func checkTask(c *checker, n *yaml.Node, key string) {
	checkText(c, n, key)
	if frontmatter.IsText(n) && !slices.Contains(TaskIDs(), n.Value) {
		hint := ""
		if near := suggest.Nearest(n.Value, TaskIDs()); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		c.warnf(n, key, "The pipeline tag %s is not in the official list%s", shown(n), hint)
	}
}
