package cardcheck

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"longcat/internal/frontmatter"
	"longcat/internal/limits"
	"longcat/internal/plaintext"
)

// checkModelIndex checks the older form of evaluation results.
// Source: huggingface/hub-docs, modelcard.md ("Required").
func checkModelIndex(c *checker, n *yaml.Node, key string) {
	c.list(n, key, func(model *yaml.Node, at string) {
		c.want(model, at, "name", checkText)
		c.want(model, at, "results", func(c *checker, results *yaml.Node, key string) {
			c.list(results, key, c.modelResult)
		})
	})
}

func (c *checker) modelResult(result *yaml.Node, at string) {
	c.want(result, at, "task", func(c *checker, task *yaml.Node, key string) {
		c.want(task, key, "type", checkText)
		c.texts(task, key, "name")
	})
	c.want(result, at, "dataset", func(c *checker, dataset *yaml.Node, key string) {
		c.want(dataset, key, "type", checkText)
		c.want(dataset, key, "name", checkText)
		c.texts(dataset, key, "config", "split", "revision")
	})
	c.want(result, at, "metrics", func(c *checker, metrics *yaml.Node, key string) {
		c.list(metrics, key, func(metric *yaml.Node, at string) {
			c.want(metric, at, "type", checkText)
			c.want(metric, at, "value", func(*checker, *yaml.Node, string) {})
			c.texts(metric, at, "name", "config", "verifyToken")
		})
	})
	if source, found := frontmatter.Field(result, "source"); found {
		c.want(source, join(at, "source"), "url", checkAddress)
		c.texts(source, join(at, "source"), "name")
	}
}

// list checks that n is a list of mappings, and each of them.
func (c *checker) list(n *yaml.Node, key string, check func(item *yaml.Node, at string)) {
	if n.Kind != yaml.SequenceNode {
		c.errorf(n, key, "%q must be an array", key)
		return
	}
	for i, item := range n.Content {
		if c.visits++; c.visits > maxVisits {
			return
		}
		at := fmt.Sprintf("%s[%d]", key, i)
		if item = frontmatter.Resolve(item); item.Kind != yaml.MappingNode {
			c.errorf(item, at, "%q must be of type object", at)
			continue
		}
		check(item, at)
	}
}

// want checks a field that has to be there.
func (c *checker) want(mapping *yaml.Node, at, name string, check func(*checker, *yaml.Node, string)) {
	key := join(at, name)
	if mapping.Kind != yaml.MappingNode {
		c.errorf(mapping, at, "%q must be of type object", at)
		return
	}
	value, found := frontmatter.Field(mapping, name)
	if !found || frontmatter.IsNull(value) {
		c.errorf(value, key, "%q is required", key)
		return
	}
	check(c, value, key)
}

// texts checks fields that can be left out, but have to be strings: nothing
// behind the key is none.
func (c *checker) texts(mapping *yaml.Node, at string, names ...string) {
	for _, name := range names {
		if value, found := frontmatter.Field(mapping, name); found && mapping.Kind == yaml.MappingNode {
			checkText(c, value, join(at, name))
		}
	}
}

// may checks a field that can be left out.
func (c *checker) may(mapping *yaml.Node, at, name string, check func(*checker, *yaml.Node, string)) {
	if value, found := frontmatter.Field(mapping, name); found && !frontmatter.IsNull(value) {
		check(c, value, join(at, name))
	}
}

// EvalResults says what is wrong in a file of a repo's .eval_results
// folder.
// Source: huggingface/hub-docs, eval_results.yaml.
func EvalResults(file []byte) []Problem {
	c := &checker{first: 1}
	var doc yaml.Node
	if len(file) > limits.FrontMatter {
		c.errorf(&doc, "", "%d bytes; more than %d are not read", len(file), limits.FrontMatter)
		return c.problems
	}
	if err := yaml.Unmarshal(file, &doc); err != nil {
		syntax := frontmatter.Explain(file, err)
		c.errorf(&yaml.Node{Line: syntax.Line}, "", "Invalid YAML: %s", syntax.Message)
		return c.problems
	}
	if len(doc.Content) == 0 {
		c.errorf(&doc, "", "no results: want a list of them")
		return c.problems
	}
	root := doc.Content[0]
	if root.Kind != yaml.SequenceNode {
		c.errorf(root, "", "want a list of results, have %s", frontmatter.KindName(root))
		return c.problems
	}
	c.yamlRules(root, "", 0)
	c.list(root, "", c.evalResult)
	return c.sorted()
}

var (
	resultKeys = []string{"dataset", "value", "verifyToken", "date", "source", "evaluation_framework", "notes"}
	sourceKeys = []string{"url", "name", "user", "org"}
)

func (c *checker) evalResult(result *yaml.Node, at string) {
	c.want(result, at, "dataset", func(c *checker, dataset *yaml.Node, key string) {
		c.want(dataset, key, "id", checkDatasetID)
		c.want(dataset, key, "task_id", checkText)
		c.may(dataset, key, "revision", checkText)
		c.unknown(dataset, key, []string{"id", "task_id", "revision"})
	})
	c.want(result, at, "value", func(*checker, *yaml.Node, string) {})
	c.may(result, at, "verifyToken", checkText)
	c.may(result, at, "notes", checkText)
	c.may(result, at, "evaluation_framework", checkText)
	c.may(result, at, "date", checkDate)
	c.may(result, at, "source", func(c *checker, source *yaml.Node, key string) {
		c.want(source, key, "url", checkAddress)
		c.unknown(source, key, sourceKeys)
	})
	c.unknown(result, at, resultKeys)
}

// unknown warns of keys that are most likely misspelt.
func (c *checker) unknown(mapping *yaml.Node, at string, known []string) {
	for i := 0; mapping.Kind == yaml.MappingNode && i < len(mapping.Content); i += 2 {
		if name := mapping.Content[i]; !slices.Contains(known, name.Value) {
			c.warnf(name, join(at, name.Value), "%q is not known; known are %s", plaintext.Shorten(name.Value, 60), strings.Join(known, ", "))
		}
	}
}

func checkDate(c *checker, n *yaml.Node, key string) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, n.Value); err == nil {
			return
		}
	}
	c.errorf(n, key, `%q must be an ISO-8601 date or datetime such as "2025-01-15"`, key)
}

func checkAddress(c *checker, n *yaml.Node, key string) {
	u, err := url.Parse(n.Value)
	if !frontmatter.IsText(n) || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		c.errorf(n, key, "%q must be a web address", key)
	}
}
