// Package tokenizer reads what a tokenizer.json says of its vocabulary, and adds
// tokens to one without changing anything else in it.
//
// Source: the format of huggingface/tokenizers: "model" holds the vocabulary that
// was trained, "added_tokens" those that were added, with their own ids.
package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"longcat/merge/jsontext"
)

// File is the name of the file in a model.
const File = "tokenizer.json"

// ConfigFile is the name of the file beside it that lists added tokens again.
const ConfigFile = "tokenizer_config.json"

// Token is a token that was added to a vocabulary.
type Token struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// Tokenizer is a tokenizer.json.
type Tokenizer struct {
	Added []Token

	vocabulary map[string]int
	text       []byte
	start, end int // of "added_tokens" in the text; 0, 0 if there is none
}

// maxTokens bounds a vocabulary; the largest published ones have 262,144.
const maxTokens = 4 << 20

// Parse reads a tokenizer.json. Vocabularies are objects from token to id, or, of
// Unigram models, lists of tokens with their scores.
func Parse(text []byte) (*Tokenizer, error) {
	t := &Tokenizer{text: text, vocabulary: map[string]int{}}
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.Join(errors.New("it is not a JSON object"), err)
	}
	found := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		switch key {
		case "model":
			found, err = true, t.readModel(raw)
		case "added_tokens":
			t.end = int(dec.InputOffset())
			t.start = t.end - len(raw)
			err = json.Unmarshal(raw, &t.Added)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if !found {
		return nil, errors.New("it has no model, and so no vocabulary")
	}
	for _, a := range t.Added {
		t.vocabulary[a.Content] = a.ID
	}
	if len(t.vocabulary) > maxTokens {
		return nil, fmt.Errorf("it has %d tokens, more than any vocabulary", len(t.vocabulary))
	}
	for token, id := range t.vocabulary {
		if id < 0 || id > maxTokens {
			return nil, fmt.Errorf("the token %.60q has the id %d", token, id)
		}
	}
	return t, nil
}

func (t *Tokenizer) readModel(raw []byte) error {
	var model struct {
		Vocab json.RawMessage `json:"vocab"`
	}
	if err := json.Unmarshal(raw, &model); err != nil {
		return err
	}
	if len(model.Vocab) > 0 && model.Vocab[0] == '{' {
		return json.Unmarshal(model.Vocab, &t.vocabulary)
	}
	var scored [][]json.RawMessage
	if err := json.Unmarshal(model.Vocab, &scored); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	for id, entry := range scored {
		var token string
		if len(entry) == 0 {
			return fmt.Errorf("vocab: entry %d is empty", id)
		}
		if err := json.Unmarshal(entry[0], &token); err != nil {
			return fmt.Errorf("vocab: entry %d: %w", id, err)
		}
		t.vocabulary[token] = id
	}
	return nil
}

// Vocabulary returns the id of each token, added ones included. It must not be
// changed.
func (t *Tokenizer) Vocabulary() map[string]int { return t.vocabulary }

// Find is an added token by its text.
func (t *Tokenizer) Find(content string) (Token, bool) {
	for _, a := range t.Added {
		if a.Content == content {
			return a, true
		}
	}
	return Token{}, false
}

// With is the tokenizer.json with more added tokens, and all else as it was, to
// the byte.
func (t *Tokenizer) With(more []Token) ([]byte, error) {
	if len(more) == 0 {
		return t.text, nil
	}
	if t.end == 0 {
		return nil, errors.New("it has no list of added tokens to which some could be added")
	}
	list, err := jsontext.Parse(t.text[t.start:t.end])
	if err != nil {
		return nil, err
	}
	if list.Root.Kind != jsontext.Array {
		return nil, errors.New("its list of added tokens is no list")
	}
	var items [][]byte
	for _, v := range list.Root.Vals {
		items = append(items, list.Raw(v))
	}
	for _, a := range more {
		items = append(items, encode(a, true))
	}
	out := append([]byte{}, t.text[:t.start]...)
	out = append(out, list.Array(list.Root, items)...)
	return append(out, t.text[t.end:]...), nil
}

// ConfigWith is a tokenizer_config.json with more added tokens in its
// "added_tokens_decoder"; one that has none is left as it is.
func ConfigWith(text []byte, more []Token) ([]byte, error) {
	config, err := jsontext.Parse(text)
	if err != nil {
		return nil, err
	}
	decoder := config.Root.Get("added_tokens_decoder")
	if decoder == nil || decoder.Kind != jsontext.Object || len(more) == 0 {
		return text, nil
	}
	var members []jsontext.Member
	for i, key := range decoder.Keys {
		members = append(members, jsontext.Member{Key: key, Text: config.Raw(decoder.Vals[i])})
	}
	for _, a := range more {
		members = append(members, jsontext.Member{Key: fmt.Sprint(a.ID), Text: encode(a, false)})
	}
	return config.Apply([]jsontext.Edit{{At: decoder, Text: config.Object(decoder, members)}}), nil
}

// encode is an added token as JSON, with its id or without.
func encode(a Token, id bool) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	var err error
	if id {
		err = enc.Encode(a)
	} else {
		err = enc.Encode(struct {
			Content    string `json:"content"`
			LStrip     bool   `json:"lstrip"`
			Normalized bool   `json:"normalized"`
			RStrip     bool   `json:"rstrip"`
			SingleWord bool   `json:"single_word"`
			Special    bool   `json:"special"`
		}{a.Content, a.LStrip, a.Normalized, a.RStrip, a.SingleWord, a.Special})
	}
	if err != nil {
		panic(fmt.Sprintf("tokenizer: encoding a token: %v", err)) // words and flags always encode
	}
	return bytes.TrimSpace(b.Bytes())
}
