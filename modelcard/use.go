package modelcard

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
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
	text := "## How to use it\n\n"
	if f.loadName() == "." {
		text += "In the directory of this file:\n\n"
	}
	text += markdown.Fenced("python", f.python())
	if f.CustomCode {
		return text + "\nLoading it runs code from this repo.\n"
	}
	can := runs()[f.Architecture]
	if can.vllm {
		text += "\nWith vLLM:\n\n" + markdown.Fenced("sh", "vllm serve "+f.loadName())
	}
	if can.llamacpp {
		text += "\nWith llama.cpp:\n\n" + markdown.Fenced("sh", f.llamacpp())
	}
	return text
}

// llamacpp converts and runs the model, in an empty directory.
func (f Facts) llamacpp() string {
	name, fetch := f.loadName(), ""
	if f.loadName() != "." {
		name = path.Base(f.loadName())
		fetch = fmt.Sprintf("hf download %s --local-dir %s\n", f.loadName(), name)
	}
	file := path.Base(f.title()) + ".gguf"
	if !plainFile.MatchString(file) {
		file = "model.gguf"
	}
	return fetch + `git clone --depth 1 https://github.com/ggml-org/llama.cpp
pip install -r llama.cpp/requirements/requirements-convert_hf_to_gguf.txt
` + fmt.Sprintf("python llama.cpp/convert_hf_to_gguf.py %s --outfile %s\nllama-cli -m %s\n", name, file, file)
}

var plainFile = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

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
	head := fmt.Sprintf(`# pip install transformers accelerate
from transformers import %s, AutoTokenizer

model = %s.from_pretrained(%q, dtype="auto", device_map="auto"%s)
tokenizer = AutoTokenizer.from_pretrained(%q%s)
`, class, class, f.loadName(), trust, f.loadName(), trust)
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
output = model.generate(**inputs, max_new_tokens=64)
print(tokenizer.decode(output[0][inputs["input_ids"].shape[1]:], skip_special_tokens=True))
`
}
