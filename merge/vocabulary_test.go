package merge_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"longcat/merge"
)

// tokenizerOf is a tokenizer.json with these tokens, and more that were added.
func tokenizerOf(tokens []string, added ...string) string {
	vocab := map[string]int{}
	for i, token := range tokens {
		vocab[token] = i
	}
	list := []map[string]any{}
	for i, token := range added {
		list = append(list, map[string]any{"id": len(tokens) + i, "content": token, "special": true})
	}
	text, err := json.Marshal(map[string]any{"added_tokens": list, "model": map[string]any{"type": "BPE", "vocab": vocab}})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// words are as many tokens.
func words(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("w%02d", i)
	}
	return list
}

const linearOf = "merge_method: linear\ndtype: float32\nmodels:\n- {model: a, parameters: {weight: 1}}\n- {model: b, parameters: {weight: 1}}\n"

// TestUnion merges models of 16 and 20 words: the result has all of them, each
// with the mean of what the models have.
func TestUnion(t *testing.T) {
	t.Parallel()
	list := models(map[string]memory{
		"a": tiny{seed: "a", files: map[string]string{"tokenizer.json": tokenizerOf(words(14), "<s>", "</s>")}}.build(t),
		"b": tiny{seed: "b", vocab: 20, files: map[string]string{"tokenizer.json": tokenizerOf(slices.Concat(words(14), []string{"x", "y"}), "<s>", "<|im_start|>", "<|im_end|>", "z")}}.build(t),
	})
	p := mustPlan(t, linearOf+"tokenizer_source: union\n", list, merge.Options{})
	var config struct {
		Size int `json:"vocab_size"`
	}
	if err := json.Unmarshal(readAll(t, p, "config.json", list), &config); err != nil || config.Size != 21 {
		t.Errorf("vocab_size is %d, %v", config.Size, err)
	}
	var tok struct {
		Added []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
	}
	if err := json.Unmarshal(readAll(t, p, "tokenizer.json", list), &tok); err != nil || len(tok.Added) != 7 {
		t.Fatalf("%+v, %v", tok, err)
	}
	for i, want := range []string{"<s>", "</s>", "x", "y", "<|im_start|>", "<|im_end|>", "z"} {
		trained := want == "x" || want == "y" // a token of b's model, which is none of its added ones
		if a := tok.Added[i]; a.Content != want || a.ID != 14+i || a.Special == trained {
			t.Errorf("added token %d: %+v, want %s", i, a, want)
		}
	}
	again := mustPlan(t, linearOf+"tokenizer: {source: base, pad_to_multiple_of: 8}\n", list, merge.Options{})
	if err := json.Unmarshal(readAll(t, again, "config.json", list), &config); err != nil || config.Size != 16 {
		t.Errorf("padded to a multiple of 8, vocab_size is %d, %v", config.Size, err)
	}
}

func TestVocabularyErrors(t *testing.T) {
	t.Parallel()
	gap := strings.Replace(tokenizerOf(words(16)), `"w07":7,`, "", 1)
	list := models(map[string]memory{
		"a":     tiny{seed: "a", files: map[string]string{"tokenizer.json": tokenizerOf(words(16))}}.build(t),
		"b":     tiny{seed: "b", files: map[string]string{"tokenizer.json": tokenizerOf(words(15))}}.build(t),
		"gap":   tiny{seed: "c", files: map[string]string{"tokenizer.json": gap}}.build(t),
		"short": tiny{seed: "d", files: map[string]string{"tokenizer.json": tokenizerOf(words(16), "beyond")}}.build(t),
	})
	for more, want := range map[string]string{
		"tokenizer_source: gap\n":                     `the ids of the tokenizer of "gap" have a gap before 8`,
		"tokenizer_source: short\n":                   `the tokenizer of "short" has the token "beyond", for which its embeddings have no row`,
		"tokenizer: {tokens: {new: {source: gap}}}\n": `the token "new" is to come from "gap", which is not among the models that are merged`,
		"tokenizer: {tokens: {new: {source: a}}}\n":   `"a" has no token new for "new"`,
		"tokenizer: {tokens: {new: {source: {kind: model_token, model: b, token_id: 99}}}}\n":   `"b" has no token number 99 for "new"`,
		"tokenizer: {tokens: {new: {source: {kind: model_token, model: b, token: missing}}}}\n": `"b" has no token missing for "new"`,
	} {
		_, err := planText(t, linearOf+more, list, merge.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", more, err, want)
		}
	}
}

func TestChatTemplate(t *testing.T) {
	t.Parallel()
	list := models(map[string]memory{"a": tiny{files: map[string]string{"chat_template.jinja": "old"}}.build(t)})
	for template, want := range map[string]string{"chatml": "<|im_start|>", `"{{ messages }}"`: "{{ messages }}", "auto": "old"} {
		p := mustPlan(t, recipeOf("chat_template: "+template+"\n", "a 0 4"), list, merge.Options{})
		if got := string(readAll(t, p, "chat_template.jinja", list)); !strings.Contains(got, want) {
			t.Errorf("%s: %q", template, got)
		}
	}
}
