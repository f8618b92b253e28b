package modelcard

import (
	"regexp"
	"slices"
	"strings"

	"longcat/internal/cardcheck"
)

// languages are the codes that any parent's card names and a Hub accepts.
func (f Facts) languages() []string {
	var out []string
	for _, c := range f.cards() {
		for _, code := range c.Strings("language") {
			if code = strings.ToLower(code); cardcheck.LanguageCodes()[code] {
				out = appendNew(out, code)
			}
		}
	}
	return out
}

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

// notInherited are tags about how a parent was made or stored: of a merge they
// would be untrue. In lower case.
var notInherited = strings.Fields(`
	merge mergekit merged lazymergekit frankenmerge moe-merge slerp ties dare passthrough
	generated_from_trainer generated-from-trainer autotrain autotrain_compatible
	endpoints_compatible text-generation-inference inference-endpoints model-index
	model_hub_mixin pytorch_model_hub_mixin has_space custom_code
	finetune finetuned fine-tuned sft dpo rlhf ppo orpo kto grpo trl unsloth axolotl
	llama-factory alignment-handbook h2o-llmstudio lora qlora peft adapter
	gguf ggml gptq awq exl2 exl3 mlx onnx openvino bitsandbytes hqq eetq fp8 nf4
	quantized quantization 2-bit 3-bit 4-bit 5-bit 6-bit 8-bit 4bit 8bit
	transformers pytorch safetensors tensorboard jax tf keras llama.cpp vllm`)

func inheritable(tag string) bool {
	return plainTag.MatchString(tag) && strings.TrimSpace(tag) == tag && !slices.Contains(notInherited, strings.ToLower(tag))
}

// appendNew appends s unless the list has it.
func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
