package modelcard

import (
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"longcat/internal/markdown"
)

//go:embed data/architectures.txt
var architecturesText string

// programs are what else than transformers runs an architecture.
type programs struct{ vllm, llamacpp bool }

// runs is read from data/architectures.txt: "name vllm llama.cpp".
var runs = sync.OnceValue(func() map[string]programs {
	out := map[string]programs{}
	for line := range strings.Lines(architecturesText) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			out[fields[0]] = programs{
				vllm:     slices.Contains(fields[1:], "vllm"),
				llamacpp: slices.Contains(fields[1:], "llama.cpp"),
			}
		}
	}
	return out
})

// useSection says how to load the model, with programs that really can.
func (f Facts) useSection() string {
	if f.Architecture == "" || f.library() != transformers {
		return "" // how the parents are loaded, their own cards say
	}
	text := "## How to use it\n\n" + markdown.Fenced("python", f.python())
	if f.CustomCode {
		return text + "\nLoading it runs code from this repo.\n"
	}
	can := runs()[f.Architecture]
	if can.vllm {
		text += "\nWith vLLM:\n\n" + markdown.Fenced("sh", "vllm serve "+f.place())
	}
	if can.llamacpp {
		name := path.Base(f.place())
		text += "\nWith llama.cpp (the script is in its repository):\n\n" + markdown.Fenced("sh", fmt.Sprintf(
			"hf download %s --local-dir %s\npython convert_hf_to_gguf.py %s --outfile %s.gguf\nllama-cli -m %s.gguf",
			f.place(), name, name, name, name))
	}
	return text
}

// autoClass is the transformers class that loads an architecture.
func (f Facts) autoClass() string {
	for _, head := range []string{"ForCausalLM", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"} {
		if strings.HasSuffix(f.Architecture, head) {
			return "AutoModel" + head
		}
	}
	if strings.HasSuffix(f.Architecture, "LMHeadModel") {
		return "AutoModelForCausalLM"
	}
	return "AutoModel"
}

func (f Facts) python() string {
	class, trust := f.autoClass(), ""
	if f.CustomCode {
		trust = ", trust_remote_code=True"
	}
	head := fmt.Sprintf(`from transformers import %s, AutoTokenizer

model = %s.from_pretrained(%q, dtype="auto", device_map="auto"%s)
tokenizer = AutoTokenizer.from_pretrained(%q%s)
`, class, class, f.place(), trust, f.place(), trust)
	if class != "AutoModelForCausalLM" {
		return head
	}
	input := `inputs = tokenizer("The cat", return_tensors="pt").to(model.device)`
	if f.ChatTemplate {
		input = `messages = [{"role": "user", "content": "Who are you?"}]
inputs = tokenizer.apply_chat_template(
    messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
).to(model.device)`
	}
	return head + "\n" + input + `
print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0]))
`
}
