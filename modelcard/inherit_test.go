package modelcard_test

import (
	"slices"
	"strings"
	"testing"

	"longcat/modelcard"
)

// child is the card of a merge whose parents have these front matters.
func child(t *testing.T, parents ...string) *modelcard.Card {
	t.Helper()
	f := seed()
	for i, front := range parents {
		if i > 0 {
			f.Parents = append(slices.Clone(f.Parents), f.Parents[0])
		}
		f.Parents[i].Card = []byte("---\nlicense: mit\n" + front + "\n---\n# P\n")
	}
	readme, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, readme)
}

func TestInheritedTags(t *testing.T) {
	lost := strings.Split("7b,7B,8x7b,350m,1.5b,mteb,compressed-tensors,gguf-my-repo,int4,4-bit,8bit,w4a16,fp8,q4_k_m,IQ3_XS,"+
		"open-llm-leaderboard,bnb-4bit,autotrain_compatible,qwen2.5-7b,mlx-my-repo,GPTQ,dpo,lora-adapter,Eval Results,llm-compressor,sft,license:mit,org/x", ",")
	kept := strings.Split("cats,chat,llama-3,moe,code,math,roleplay,conversational,gpt-2,qwen2,long-context,한국어,e-commerce,medical,instruct", ",")
	c := child(t, "tags: ['"+strings.Join(append(lost, kept...), "', '")+"']")
	if got := c.Strings("tags"); !slices.Equal(got, append([]string{"merge", "longcat"}, kept...)) {
		t.Errorf("tags %q", got)
	}
}

func TestInheritedLanguages(t *testing.T) {
	c := child(t, "language: [zh-CN, en_US, pt-br, EN, deu, English, x-klingon, cmn-Hans]", "language: zh-TW")
	if got := c.Strings("language"); !slices.Equal(got, []string{"zh", "en", "pt", "deu", "cmn"}) {
		t.Errorf("languages %q", got)
	}
}

func TestInheritedLibrary(t *testing.T) {
	for _, c := range []struct {
		parents []string
		want    string
	}{
		{[]string{"x: 1"}, "transformers"},
		{[]string{"library_name: mlx"}, "mlx"},
		{[]string{"library_name: sentence-transformers", "library_name: sentence-transformers"}, "sentence-transformers"},
		{[]string{"library_name: Transformers", "x: 1"}, "transformers"},
		{[]string{"library_name: mlx", "library_name: transformers"}, ""},
		{[]string{"library_name: '<script>'"}, ""},
	} {
		card := child(t, c.parents...)
		if got := card.Text("library_name"); got != c.want {
			t.Errorf("%q: %q, want %q", c.parents, got, c.want)
		}
		if c.want != "transformers" && strings.Contains(string(card.Body()), "from transformers import") {
			t.Errorf("%q: the card says that transformers loads it", c.parents)
		}
	}
}

func TestUpdateRepairsBaseModel(t *testing.T) {
	for have, want := range map[string]string{
		"https://huggingface.co/org/a":                        "org/a",
		"http://www.hf.co/org/a/":                             "org/a",
		"huggingface.co/org/a/tree/v1":                        "org/a",
		"https://huggingface.co/org/a?x=1#y":                  "org/a",
		"hf://org/a":                                          "org/a",
		"hf://models/org/a":                                   "org/a",
		"org/a@0123456789abcdef":                              "org/a",
		"'org/a+org/adapter'":                                 "org/a",
		"[https://huggingface.co/org/a, org/b]":               "[org/a, org/b]",
		"[org/a@v1, org/a@v2]":                                "org/a",
		"\n- https://huggingface.co/org/a # ours\n- ./folder": "org/a",
		"https://example.com/org/a":                           "",
		"https://huggingface.co/datasets/org/a":               "",
		"/workspace/out":                                      "",
	} {
		u, err := modelcard.Update([]byte("---\nlicense: mit\nbase_model: "+have+"\n---\n# X\n"), nil)
		if err != nil {
			t.Errorf("%s: %v", have, err)
			continue
		}
		got := parse(t, u.README).Strings("base_model")
		if wanted := parse(t, []byte("---\nbase_model: "+want+"\n---\n")).Strings("base_model"); !slices.Equal(got, wanted) || len(u.Changes) == 0 {
			t.Errorf("%s: %q %q, want %q", have, got, u.Changes, wanted)
		}
	}
}

// A card of a conversion quotes its original's recipe and is none of a merge.
func TestUpdateLeavesConversions(t *testing.T) {
	recipe := "# X\n```yaml\n" + string(seed().Recipe) + "```\n"
	for _, front := range []string{
		"base_model: []\nlibrary_name: gguf\nquantized_by: x\ntags:\n- mergekit\n- merge\n- gguf\n",
		"tags: [merge, GGUF]\n", "library_name: mlx\n", "quantized_by: me\n",
		"base_model: org/a\nbase_model_relation: quantized\ntags: [merge]\n", "tags: [awq]\n",
	} {
		f := seed()
		for _, facts := range []*modelcard.Facts{nil, &f} {
			readme := "---\n" + front + "---\n" + recipe
			u, err := modelcard.Update([]byte(readme), facts)
			if err != nil || string(u.README) != readme {
				t.Errorf("%q: %q %v\n%s", front, u.Changes, err, u.README)
			}
		}
	}
}

// A card without text, as a Hub makes with a new repo, gets all of it.
func TestUpdateWritesStubs(t *testing.T) {
	f := seed()
	whole, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	sections := string(whole[strings.Index(string(whole), "<!-- longcat"):])
	for stub, heading := range map[string]string{
		"":                                "# LongCAT-10.7B\n",
		"---\nlicense: apache-2.0\n---\n": "# LongCAT-10.7B\n",
		"---\nlicense: apache-2.0\n---":   "# LongCAT-10.7B\n",
		"---\nlicense: apache-2.0\n---\n# My cat\n": "# My cat\n",
		"# My cat":                    "# My cat\n",
		"<!-- say\n\nsomething -->\n": "# LongCAT-10.7B\n",
	} {
		u, err := modelcard.Update([]byte(stub), &f)
		if err != nil || !strings.HasSuffix(string(u.README), heading+"\n"+sections) || len(u.Changes) == 0 {
			t.Errorf("%q: %v\n%s", stub, err, u.README)
		}
		if c := parse(t, u.README); c.Text("license") != "apache-2.0" || c.Text("base_model") != "rishiraj/CatPPT-base" ||
			!slices.Equal(c.Strings("tags"), []string{"merge", "longcat", "chat"}) {
			t.Errorf("%q: %s", stub, u.README)
		}
	}
	u, err := modelcard.Update([]byte("# My cat\n\nA word.\n"), &f)
	if err != nil || strings.Contains(string(u.README), "longcat:begin") {
		t.Errorf("a card that somebody wrote got text: %v\n%s", err, u.README)
	}
}
