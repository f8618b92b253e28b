package tokenizer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"longcat/merge/tokenizer"
)

const bpe = `{
  "version": "1.0",
  "added_tokens": [
    {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
  ],
  "odd":   [1e0, "kept as it is"],
  "model": {"type": "BPE", "vocab": {"<unk>": 0, "a": 1, "Ġb": 2}, "merges": [["a", "b"]]}
}
`

func Example() {
	t, err := tokenizer.Parse([]byte(bpe))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(t.Vocabulary()), t.Vocabulary()["a"])
	// Output: 3 1
}

func TestWithChangesNothingElse(t *testing.T) {
	t.Parallel()
	tok, err := tokenizer.Parse([]byte(bpe))
	if err != nil {
		t.Fatal(err)
	}
	out, err := tok.With([]tokenizer.Token{{ID: 3, Content: "<|im_start|>", Special: true}})
	if err != nil {
		t.Fatal(err)
	}
	const added = `{"id":3,"content":"<|im_start|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}`
	if got := strings.Replace(string(out), ", "+added, "", 1); got != bpe {
		t.Errorf("more was changed:\n%s", out)
	}
	again, err := tokenizer.Parse(out)
	if err != nil || again.Vocabulary()["<|im_start|>"] != 3 || !again.Added[1].Special {
		t.Errorf("%+v, %v", again, err)
	}
	if same, err := tok.With(nil); err != nil || string(same) != bpe {
		t.Errorf("without tokens: %s, %v", same, err)
	}
}

func TestConfigWith(t *testing.T) {
	t.Parallel()
	const config = `{"tokenizer_class": "X", "added_tokens_decoder": {"0": {"content": "<unk>"}}, "model_max_length": 1000000000000000019884624838656}`
	out, err := tokenizer.ConfigWith([]byte(config), []tokenizer.Token{{ID: 3, Content: "<tool>"}})
	if err != nil || !json.Valid(out) {
		t.Fatalf("%s, %v", out, err)
	}
	if !strings.Contains(string(out), `"3": {"content":"<tool>","lstrip":false`) || !strings.HasSuffix(string(out), `"model_max_length": 1000000000000000019884624838656}`) {
		t.Errorf("%s", out)
	}
}

func TestUnigram(t *testing.T) {
	t.Parallel()
	tok, err := tokenizer.Parse([]byte(`{"model": {"type": "Unigram", "vocab": [["<unk>", 0.0], ["▁a", -1.5]]}}`))
	if err != nil || tok.Vocabulary()["▁a"] != 1 {
		t.Errorf("%+v, %v", tok, err)
	}
	if _, err := tok.With([]tokenizer.Token{{ID: 2, Content: "x"}}); err == nil {
		t.Error("a token was added where there is no list")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(bpe))
	f.Add([]byte(`{"model": {"vocab": [["a", 1]]}, "added_tokens": []}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tok, err := tokenizer.Parse(text)
		if err != nil {
			return
		}
		out, err := tok.With([]tokenizer.Token{{ID: 7, Content: "new"}})
		if err == nil {
			if again, err := tokenizer.Parse(out); err != nil || again.Vocabulary()["new"] != 7 {
				t.Errorf("%s became %s: %v", text, out, err)
			}
		}
	})
}
