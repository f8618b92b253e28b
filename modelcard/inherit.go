package modelcard

import (
	"regexp"
	"slices"
	"strings"

	"longcat/internal/cardcheck"
)

// languages are the codes that any parent's card names and a Hub accepts. Of a
// region's language, such as zh-CN, that is the language.
func (f Facts) languages() []string {
	var out []string
	for _, c := range f.cards() {
		for _, code := range c.Strings("language") {
			code = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(code)), "_", "-")
			if !cardcheck.LanguageCodes()[code] {
				code, _, _ = strings.Cut(code, "-")
			}
			if cardcheck.LanguageCodes()[code] {
				out = appendNew(out, code)
			}
		}
	}
	return out
}

// library is what the parents' cards say loads them; "" when they differ. Where
// none says anything it is transformers, whose format the merge is in.
func (f Facts) library() string {
	var stated []string
	for _, c := range f.cards() {
		if name := c.Text("library_name"); name != "" {
			stated = appendNew(stated, strings.ToLower(name))
		}
	}
	switch {
	case len(stated) == 0:
		return transformers
	case len(stated) == 1 && libraryName.MatchString(stated[0]):
		return stated[0]
	}
	return ""
}

const transformers = "transformers"

var libraryName = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,39}$`)

// datasets are the Hub ids of all data that any parent was trained on.
func (f Facts) datasets() []string {
	var out []string
	for _, c := range f.cards() {
		for _, id := range c.Strings("datasets") {
			if cardcheck.IsRepoID(id) {
				out = appendNew(out, id)
			}
		}
	}
	return out
}

// pipelineTag is the task that the parents state, unless two state different
// ones. Where none does, a causal language model generates text.
func (f Facts) pipelineTag() string {
	var tags []string
	for _, c := range f.cards() {
		if tag := c.Text("pipeline_tag"); slices.Contains(cardcheck.TaskIDs(), tag) {
			tags = appendNew(tags, tag)
		}
	}
	switch {
	case len(tags) == 1:
		return tags[0]
	case len(tags) == 0 && strings.HasSuffix(f.Architecture, "ForCausalLM"):
		return "text-generation"
	}
	return ""
}

// tags are the merge's own and those of the parents' that hold for a merge too.
func (f Facts) tags() []string {
	out := []string{"merge"}
	if f.byLongcat() {
		out = append(out, longcatTag)
	}
	if f.Mergekit {
		out = append(out, "mergekit")
	}
	for _, c := range f.cards() {
		for _, tag := range c.Strings("tags") {
			if len(out) < maxTags && inheritable(tag) {
				out = appendNew(out, tag)
			}
		}
	}
	return out
}

const maxTags = 24

// A harmless tag is a word or two. Tags with a colon are the Hub's own
// ("license:mit"), those with a slash name a repo.
var plainTag = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,47}$`)

// notInherited are words of tags about how a parent was made, stored or
// measured: of a merge they would be untrue. In lower case.
var notInherited = strings.Fields(`
	merge mergekit merged lazymergekit longcat frankenmerge frankenmoe slerp ties dare passthrough
	autotrain endpoints_compatible autotrain_compatible inference-endpoints endpoints
	text-generation-inference tgi model-index model_hub_mixin pytorch_model_hub_mixin has_space custom_code
	generated_from_trainer generated-from-trainer trainer
	finetune finetuned finetuning fine-tune fine-tuned sft dpo rlhf ppo orpo kto grpo rloo trl unsloth axolotl
	llama-factory llamafactory alignment-handbook h2o-llmstudio torchtune lora qlora dora peft adapter adapters
	gguf ggml gptq gptqmodel autogptq auto-gptq awq autoawq exl2 exl3 exllama exllamav2 mlx mlx-lm onnx openvino ov
	bitsandbytes bnb hqq eetq aqlm vptq quip quark marlin torchao autoround auto-round smoothquant imatrix
	compressed-tensors llmcompressor llm-compressor modelopt neuralmagic sparse pruned distilled
	quantized quantised quantization quantisation quant quants bit bits
	mteb leaderboard leaderboards benchmark benchmarks eval evals evaluation arena
	gguf-my-repo mlx-my-repo my-repo ollama lmstudio lm-studio llamafile koboldcpp
	transformers sentence-transformers pytorch safetensors tensorboard tensorrt trtllm tensorrt-llm
	jax flax tf tensorflow keras coreml llama.cpp llama-cpp vllm sglang transformers.js`)

// sizeOrFormat matches words that state a size or a number format: 7b, 8x7b,
// 350m, 4bit, int4, fp8, bf16, w4a16, q4, iq3.
var sizeOrFormat = regexp.MustCompile(`^(\d+x)?\d+(\.\d+)?[bmkt]$|^a?\d+(\.\d+)?b$|^\d+bits?$|^(u?int|fp|bf|nf|mxfp|nvfp|e|w|q|iq|tq)\d+([a-z]\d*)*$`)

// inheritable says whether a parent's tag holds for a merge too: neither it nor
// a word of it is among those that do not.
func inheritable(tag string) bool {
	if !plainTag.MatchString(tag) || strings.TrimSpace(tag) != tag {
		return false
	}
	tag = strings.ToLower(tag)
	words := append(strings.FieldsFunc(tag, func(r rune) bool { return strings.ContainsRune("-_ +", r) }), tag)
	return !slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains(notInherited, word) || sizeOrFormat.MatchString(word)
	})
}

// appendNew appends s unless the list has it.
func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
