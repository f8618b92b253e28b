package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"longcat/internal/limits"
	"longcat/merge/recipe"
	"longcat/merge/tokenizer"
)

// vocabulary is that of a result whose models have different ones: which token
// has which row, and where each model has it.
type vocabulary struct {
	tokens []string                       // in the order of the result's rows
	rows   int64                          // with padding
	own    map[*checkpoint]map[string]int // of each model: the row of each token
	from   *tokenizer.Tokenizer           // whose file the result gets, with …
	added  []tokenizer.Token              // … these
	rules  map[string]*recipe.Token       // of the recipe, by token
}

// openVocabulary works out the result's vocabulary where the recipe asks for one
// that is not already every model's. Rows of models with one tokenizer stay as
// they are, also those beyond its tokens.
func (p *planner) openVocabulary(ctx context.Context) error {
	t := p.recipe.Tokenizer
	if t.Line == 0 {
		return nil
	}
	same := len(t.Tokens) == 0 && t.PadTo <= 1
	for _, c := range p.order {
		file, err := differs(ctx, p.tokenizerModel(), c)
		if err != nil {
			return err
		}
		same = same && file == ""
	}
	if same {
		return nil
	}
	v := &vocabulary{own: map[*checkpoint]map[string]int{}, rules: map[string]*recipe.Token{}}
	files := map[*checkpoint]*tokenizer.Tokenizer{}
	for _, c := range p.order {
		tok, err := c.tokenizer(ctx)
		if err != nil {
			return err
		}
		files[c] = tok
		rows, ok := c.embeddingRows()
		if !ok {
			return p.recipe.Errorf(t.Pos, "the embeddings of %q are not found by their name: its rows can not be rearranged for another tokenizer", c.ref.Name)
		}
		v.own[c] = map[string]int{}
		for token, id := range tok.Vocabulary() {
			if int64(id) < rows {
				v.own[c][token] = id
			}
		}
	}
	chosen := p.tokenizerModel()
	v.from = files[chosen]
	if err := v.begin(p, chosen); err != nil {
		return err
	}
	if t.Union {
		for _, c := range p.order {
			for _, token := range byID(v.own[c]) {
				v.add(token, files[c])
			}
		}
	}
	for i := range t.Tokens {
		rule := &t.Tokens[i]
		v.rules[rule.Text] = rule
		v.add(rule.Text, v.from)
	}
	v.rows = int64(len(v.tokens))
	if pad := int64(t.PadTo); pad > 1 {
		v.rows = (v.rows + pad - 1) / pad * pad
	}
	p.vocabulary = v
	return nil
}

// begin takes the vocabulary of the model whose tokenizer the result gets.
func (v *vocabulary) begin(p *planner, chosen *checkpoint) error {
	v.tokens = byID(v.own[chosen])
	for row, token := range v.tokens {
		if v.own[chosen][token] != row {
			return p.recipe.Errorf(p.recipe.Tokenizer.Pos, "the ids of the tokenizer of %q have a gap before %d: without renumbering its tokens, which is not supported, no rows can be added or removed", chosen.ref.Name, v.own[chosen][token])
		}
	}
	for _, a := range v.from.Added {
		if _, ok := v.own[chosen][a.Content]; !ok {
			return p.recipe.Errorf(p.recipe.Tokenizer.Pos, "the tokenizer of %q has the token %q, for which its embeddings have no row", chosen.ref.Name, a.Content)
		}
	}
	return nil
}

// add gives a token the next row, unless it has one. How it is written, the
// tokenizer that it comes from knows.
func (v *vocabulary) add(token string, from *tokenizer.Tokenizer) {
	if _, ok := v.from.Vocabulary()[token]; ok || slices.ContainsFunc(v.added, func(a tokenizer.Token) bool { return a.Content == token }) {
		return
	}
	a, ok := from.Find(token)
	if !ok {
		a = tokenizer.Token{Content: token}
	}
	a.ID = len(v.tokens)
	v.added = append(v.added, a)
	v.tokens = append(v.tokens, token)
}

// byID lists tokens in the order of their ids.
func byID(ids map[string]int) []string {
	tokens := make([]string, 0, len(ids))
	for token := range ids {
		tokens = append(tokens, token)
	}
	slices.SortFunc(tokens, func(a, b string) int { return ids[a] - ids[b] })
	return tokens
}

// tokenizer reads the model's tokenizer.
func (c *checkpoint) tokenizer(ctx context.Context) (*tokenizer.Tokenizer, error) {
	text, err := c.readFile(ctx, tokenizer.File, limits.Tokenizer)
	if err != nil {
		return nil, c.fail(tokenizer.File, "to give the result another tokenizer, each model needs one", err)
	}
	tok, err := tokenizer.Parse(text)
	if err != nil {
		return nil, c.fail(tokenizer.File, "", err)
	}
	return tok, nil
}

// embeddings are names of the tensors that have a row for each token, beside the
// head, and of modules that hold it.
var embeddings = []string{"embed_tokens", "wte", "word_embeddings", "embed_in", "tok_embeddings", "embeddings", "shared"}

// ofVocabulary reports whether a tensor outside the layers has a row for each
// token.
func ofVocabulary(name string) bool {
	parts := strings.Split(name, ".")
	return isHead(name) || len(parts) >= 2 && slices.Contains(embeddings, parts[len(parts)-2])
}

// embeddingRows is how many rows the embeddings have.
func (c *checkpoint) embeddingRows() (int64, bool) {
	for _, t := range c.loose {
		if ofVocabulary(t.Name) && !isHead(t.Name) && len(t.Shape) == 2 {
			return t.Shape[0], true
		}
	}
	return 0, false
}

// arrange says where the rows of member number k of a group come from: its own
// where it has the token, else, as mergekit decides, the recipe's rule, the only
// model's that has it, the base's, the mean of those that have it, or zero.
func (v *vocabulary) arrange(p *planner, group []member, base, k int) ([]rowRun, error) {
	var runs []rowRun
	for row, token := range v.tokens {
		r, err := v.rowOf(p, group, base, k, token)
		if err != nil {
			return nil, err
		}
		if last := len(runs) - 1; row > 0 && runs[last].follows(r) {
			runs[last].N++
			continue
		}
		runs = append(runs, r)
	}
	if more := v.rows - int64(len(v.tokens)); more > 0 {
		runs = append(runs, rowRun{N: more, Kind: padding})
	}
	return runs, nil
}

// follows reports whether a row can be added to a run.
func (r rowRun) follows(next rowRun) bool {
	switch {
	case r.Kind != next.Kind:
		return false
	case r.Kind == copiedRows:
		return r.Input == next.Input && r.Row+r.N == next.Row
	}
	return r.Kind == zeroRows
}

func (v *vocabulary) rowOf(p *planner, group []member, base, k int, token string) (rowRun, error) {
	copied := func(input, row int) rowRun { return rowRun{N: 1, Kind: copiedRows, Input: input, Row: int64(row)} }
	rule := v.rules[token]
	if row, ok := v.own[group[k].from][token]; ok && (rule == nil || !rule.Force) {
		return copied(k, row), nil
	}
	if rule != nil && (rule.Zero || rule.Model != nil || rule.Of != nil) {
		return v.byRule(p, group, rule)
	}
	var have []rowOf
	for i, m := range group {
		if row, ok := v.own[m.from][token]; ok {
			have = append(have, rowOf{i, int64(row)})
		}
	}
	switch {
	case len(have) == 0:
		return rowRun{N: 1, Kind: zeroRows}, nil
	case len(have) == 1:
		return copied(have[0].Input, int(have[0].Row)), nil
	}
	if base >= 0 {
		if row, ok := v.own[group[base].from][token]; ok {
			return copied(base, row), nil
		}
	}
	return rowRun{N: 1, Kind: meanRow, Of: have}, nil
}

// byRule is the row that the recipe names for a token.
func (v *vocabulary) byRule(p *planner, group []member, rule *recipe.Token) (rowRun, error) {
	if rule.Zero {
		return rowRun{N: 1, Kind: zeroRows}, nil
	}
	ref, token := rule.Model, rule.Text
	if rule.Of != nil {
		ref, token = &rule.Of.Model, rule.Of.Token
	}
	i := slices.IndexFunc(group, func(m member) bool { return m.from.ref.Name == ref.String() })
	if i < 0 {
		return rowRun{}, p.recipe.Errorf(rule.Pos, "the token %q is to come from %q, which is not among the models that are merged", rule.Text, ref.Name)
	}
	row, ok := v.own[group[i].from][token]
	if rule.Of != nil && token == "" {
		row, ok = rule.Of.ID, rule.Of.ID >= 0 && int64(rule.Of.ID) < group[i].src.Shape[0]
		token = fmt.Sprint("number ", rule.Of.ID)
	}
	if !ok {
		return rowRun{}, p.recipe.Errorf(rule.Pos, "%q has no token %s for %q", ref.Name, token, rule.Text)
	}
	return rowRun{N: 1, Kind: copiedRows, Input: i, Row: int64(row)}, nil
}

// tokenizerFile is a tokenizer's file with the tokens that were added, nil for
// one that lists none.
func (v *vocabulary) tokenizerFile(ctx context.Context, from *checkpoint, name string) ([]byte, error) {
	switch {
	case v == nil || len(v.added) == 0:
		return nil, nil
	case name == tokenizer.File:
		text, err := v.from.With(v.added)
		if err != nil {
			return nil, from.fail(name, "", err)
		}
		return text, nil
	case name != tokenizer.ConfigFile:
		return nil, nil
	}
	text, err := from.readFile(ctx, name, limits.Config)
	if err == nil {
		text, err = tokenizer.ConfigWith(text, v.added)
	}
	if err != nil {
		return nil, from.fail(name, "", err)
	}
	return text, nil
}
