package modelcard

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"longcat/internal/cardcheck"
	"longcat/internal/frontmatter"
	"longcat/internal/limits"
	"longcat/internal/markdown"
)

// RecipeConfigFile is where mergekit, and longcat after it, leaves the recipe.
const RecipeConfigFile = "mergekit_config.yml"

// Recipe is a merge recipe as it was found.
type Recipe struct {
	Text   []byte   // YAML, with the person's comments
	Source string   // the file that it was in: RecipeConfigFile or File
	Line   int      // the line of that file at which Text begins, from 1
	Models []string // what it names as models, each once, in order, as written
}

// ErrNoRecipe says that neither file holds a recipe.
var ErrNoRecipe = errors.New("no recipe: want YAML with slices or models, in " + RecipeConfigFile + " or in " + File)

// FindRecipe looks for the recipe of a published merge: in mergekit_config.yml,
// else in the README, where it is any code block, whatever it is called, that
// reads as YAML with slices or models, or plain text that does. Either file may
// be nil. Without a recipe it fails with ErrNoRecipe.
func FindRecipe(config, readme []byte) (Recipe, error) {
	if models, ok := recipeModels(config); ok {
		return Recipe{Text: config, Source: RecipeConfigFile, Line: 1, Models: models}, nil
	}
	file := frontmatter.Locate(readme)
	first := len(frontmatter.LineStarts(file.Head()))
	for _, candidates := range [][]chunk{codeBlocks(file.Body()), bareYAML(file.Body())} {
		for _, c := range candidates {
			if models, ok := recipeModels(c.text); ok {
				return Recipe{Text: c.text, Source: File, Line: first + c.line, Models: models}, nil
			}
		}
	}
	return Recipe{}, ErrNoRecipe
}

// chunk is a part of the body that may be a recipe; line counts from 0.
type chunk struct {
	text []byte
	line int
}

// codeBlocks are the contents of fenced code blocks. A block in a list or a
// quotation, and one that is never closed, counts too.
func codeBlocks(body []byte) []chunk {
	var out []chunk
	var fence markdown.Fence
	var open *chunk
	prefix, line := "", -1
	for row := range bytes.Lines(body) {
		line++
		text := strings.TrimRight(string(row), "\r\n")
		before := fence.Open()
		if !before {
			prefix = text[:len(text)-len(strings.TrimLeft(text, " >\t"))]
		}
		inside := fence.Step(strings.TrimPrefix(text, prefix))
		switch now := fence.Open(); {
		case now && !before:
			out = append(out, chunk{line: line + 1})
			open = &out[len(out)-1]
		case !now:
			open = nil
		case inside && open != nil:
			open.text = append(open.text, bytes.TrimPrefix(row, []byte(prefix))...)
		}
	}
	return out
}

// recipeStart is a line with which a recipe can begin.
var recipeStart = regexp.MustCompile(`^(slices|models|merge_method|base_model|dtype|out_dtype|parameters|tokenizer_source|tokenizer|chat_template|name)[ \t]*:`)

// maxCuts is how many paragraphs after a bare recipe are tried as its end.
const maxCuts = 8

// bareYAML are the runs of text that look like a recipe without a code block
// around it: from a line that can begin one to the first that can not go on,
// and the same without its last paragraphs, which may be prose.
func bareYAML(body []byte) []chunk {
	var runs []chunk
	var fence markdown.Fence
	open, line := false, -1
	for row := range bytes.Lines(body) {
		line++
		text := strings.TrimRight(string(row), " \t\r\n")
		switch {
		case fence.Step(text):
			open = false
		case recipeStart.MatchString(text):
			if !open {
				runs = append(runs, chunk{line: line})
			}
			open = true
		case open && text != "" && !strings.ContainsAny(text[:1], " \t-#"):
			open = false
		}
		if open {
			last := &runs[len(runs)-1]
			last.text = append(last.text, row...)
		}
	}
	var out []chunk
	for _, run := range runs {
		for range maxCuts {
			run.text = append(bytes.TrimRight(run.text, " \t\r\n"), '\n')
			out = append(out, run)
			cut := max(bytes.LastIndex(run.text, []byte("\n\n")), bytes.LastIndex(run.text, []byte("\n\r\n")))
			if cut < 0 {
				break
			}
			run.text = run.text[:cut:cut]
		}
	}
	return out
}

// recipeModels are the models that a recipe names; false when text is no
// recipe. Tags such as !!python/object, which mergekit's own files hold, are
// read over.
func recipeModels(text []byte) ([]string, bool) {
	if len(text) == 0 || len(text) > limits.Recipe {
		return nil, false
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, false
	}
	root := doc.Content[0]
	found := false
	for _, key := range []string{"slices", "models"} {
		list, has := frontmatter.Field(root, key)
		found = found || has && list.Kind == yaml.SequenceNode && len(list.Content) > 0
	}
	if !found {
		return nil, false
	}
	return namedModels(nil, root, 0), true
}

// namedModels collects the values of model and base_model. Aliases are not
// followed: what they name is seen at its own position.
func namedModels(out []string, n *yaml.Node, depth int) []string {
	if depth > frontmatter.MaxDepth {
		return out
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			key := n.Content[i-1].Value
			if name, ok := modelName(child); ok && slices.Contains([]string{"model", "base_model"}, key) {
				out = appendNew(out, name)
				continue
			}
		}
		out = namedModels(out, child, depth+1)
	}
	return out
}

// modelName is the model of a scalar, or of the mapping that mergekit writes
// for it: {model: {path: …, revision: …}}.
func modelName(n *yaml.Node) (string, bool) {
	for range 3 {
		if n.Kind == yaml.ScalarNode {
			return n.Value, frontmatter.IsText(n)
		}
		if n.Kind != yaml.MappingNode {
			return "", false
		}
		next, ok := frontmatter.Field(n, "path")
		if !ok {
			next, ok = frontmatter.Field(n, "model")
		}
		if !ok {
			return "", false
		}
		n = next
	}
	return "", false
}

// hubModels are the models' Hub ids: without a revision and without an adapter
// ("model@revision", "model+adapter"); folders are left out.
func (r Recipe) hubModels() []string {
	var out []string
	for _, name := range r.Models {
		if id, ok := cardcheck.ModelID(name); ok && strings.Contains(id, "/") {
			out = appendNew(out, id)
		}
	}
	return out
}
