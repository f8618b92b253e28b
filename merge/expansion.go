package merge

import (
	"fmt"
	"slices"
	"strings"

	"longcat/merge/jsontext"
	"longcat/merge/number"
)

// Block expansion adds layers that do nothing until they are trained. That is
// so where each layer adds what its output projections make to what came to it,
// and nothing else: no norm over the sum, no factor on it, nothing that depends
// on the depth.

// identities are the model types for which bench/families has compared the
// outputs of the expanded model with the base's.
var identities = []string{
	"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi", "phi3", "phimoe", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox", "gpt_neox_japanese", "gptj", "codegen", "opt", "bloom", "falcon",
	"falcon_h1", "mpt", "xglm", "biogpt", "starcoder2", "stablelm", "persimmon", "olmo", "olmo2", "olmo3", "olmoe", "cohere", "cohere2", "granite", "granitemoe", "granitemoehybrid", "glm", "glm4", "glm4_moe", "smollm3",
	"nemotron", "arcee", "apertus", "seed_oss", "helium", "exaone4", "ernie4_5", "ernie4_5_moe", "hunyuan_v1_dense", "mixtral", "qwen2_moe", "qwen3_moe", "qwen3_next", "gpt_oss", "deepseek_v2", "deepseek_v3", "dots1", "afmoe",
	"llama4_text", "bitnet", "lfm2", "lfm2_moe", "bamba", "mamba", "mamba2", "falcon_mamba", "clip_text_model", "clip_vision_model", "t5", "mbart", "whisper", "t5_gemma_module", "qwen2_vl_text", "qwen3_vl_text", "mllama_text_model",
	"dinov2",
}

// otherSums are model types whose layers do more than add, and what.
var otherSums = map[string]string{
	"minimax": factorOnSum, "doge": factorOnSum, "gemma4_text": factorOnSum, "gemma3n_text": "it mixes several streams", "deepseek_v4": "it mixes several streams",
	"diffllama": "its layers compute with their own number", "minicpm": dividedByDepth, "minicpm3": dividedByDepth, "zamba": "its layers share tensors", "zamba2": "its layers share tensors",
	"longcat_flash": "its identity experts add what comes to them", "albert": "its layers share tensors",
}

const (
	normOverSum    = "its layers put a norm over the sum"
	factorOnSum    = "its layers multiply the sum"
	dividedByDepth = "what its layers add is divided by the depth"
)

// normsOverSum are the model types that put a norm over the sum.
var normsOverSum = []string{
	"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "mpnet", "deberta", "deberta-v2", "convbert", "funnel", "layoutlm", "layoutlmv2", "layoutlmv3", "squeezebert", "mobilebert",
	"longformer", "big_bird", "roformer", "nystromformer", "fnet", "mra", "yoso", "splinter", "lxmert", "visual_bert", "markuplm", "ernie", "nezha", "rembert", "tapas", "luke", "mluke", "ibert", "qdqbert", "canine",
	"data2vec-text", "openai-gpt", "xlnet", "xlm", "flaubert", "bart", "plbart", "marian", "fsmt", "led", "prophetnet", "blenderbot-small", "trocr", "speech_to_text_2", "detr", "conditional_detr", "bert-generation", "xmod",
}

// addsNothing reports whether layers with zeroed output projections are known to
// leave what comes to them as it is; an error says why they do not.
func (c *checkpoint) addsNothing() (bool, error) {
	kind := c.depth.ModelType
	why := otherSums[kind]
	if slices.Contains(normsOverSum, kind) {
		why = normOverSum
	}
	for _, s := range c.depth.sections {
		if v := s.Obj.Get("scale_depth"); v != nil && v.Kind == jsontext.Number {
			why = dividedByDepth
		}
		if v := s.Obj.Get("do_layer_norm_before"); v != nil && v.Kind == jsontext.Bool && !v.IsTrue() {
			why = normOverSum
		}
		if s.Obj.Get("apply_residual_connection_post_layernorm").IsTrue() {
			why = "its layers add to what a norm made"
		}
	}
	for _, t := range c.layers[0] {
		switch {
		case strings.HasSuffix(t.rest, ".layer_scalar"), strings.HasSuffix(t.rest, "_residual"), strings.HasSuffix(t.rest, "_residual.weight"):
			why = factorOnSum
		case strings.HasSuffix(t.rest, ".output.LayerNorm.weight"):
			why = normOverSum
		}
	}
	if why != "" {
		return false, c.fail("", "block expansion would not compute what the model does: "+why, nil)
	}
	return slices.Contains(identities, kind), nil
}

// Names that architectures give to the last matrix of attention and of the MLP.
// What is called the same in both is told apart by what it belongs to.
var (
	attentionOutputs = []string{"o_proj", "out_proj", "wo", "out_lin", "c_proj", "dense", "linear_proj", "attn_out", "o"}
	mlpOutputs       = []string{"down_proj", "c_proj", "dense_4h_to_h", "fc2", "fc_out", "w2", "lin2", "linear_fc2", "wo", "output_linear", "proj_out", "ff_out"}
)

// outputProjections finds filters for the tensors through which layers from …
// to-1 add to the residual stream. Each layer must have one on its attention
// and one on its MLP, or a single one where both are one block.
func (c *checkpoint) outputProjections(from, to int) ([]string, error) {
	var filters []string
	for layer := from; layer < to; layer++ {
		attention, mlp := false, false
		for _, t := range c.layers[layer] {
			parent, module := moduleOf(t.rest)
			parent = strings.ToLower(parent)
			inAttention := strings.Contains(parent, "att") || strings.Contains(parent, "mixer") || strings.Contains(parent, "conv") || strings.Contains(parent, "mamba")
			isAttention := inAttention && slices.Contains(attentionOutputs, module)
			isMLP := !inAttention && slices.Contains(mlpOutputs, module)
			if !isAttention && !isMLP {
				continue
			}
			if !number.IsFloat(t.DType) || c.fixed(t) {
				return nil, c.fail("", fmt.Sprintf("block expansion needs weights that are numbers, but %s is quantised (%s)", t.Name, t.DType), nil)
			}
			attention, mlp = attention || isAttention || strings.Contains(parent, "mamba"), mlp || isMLP || strings.Contains(parent, "mixer")
			if f := c.filterFor(t); !slices.Contains(filters, f) {
				filters = append(filters, f)
			}
		}
		if !attention || !mlp {
			return nil, c.fail("", fmt.Sprintf("the output projections of layer %d could not be told from its tensors: %s", layer, strings.Join(rests(c.layers[layer]), ", ")), nil)
		}
	}
	slices.Sort(filters)
	return filters, nil
}

func rests(layer []sourceTensor) []string {
	var list []string
	for _, t := range layer {
		list = append(list, strings.TrimPrefix(t.rest, "."))
	}
	return list
}

// moduleOf cuts ".self_attn.o_proj.weight" into "self_attn" and "o_proj". Names
// without a last part, such as ".mlp.experts.down_proj", end in their module.
func moduleOf(rest string) (parent, module string) {
	parts := strings.Split(strings.TrimPrefix(rest, "."), ".")
	last := parts[len(parts)-1]
	if len(parts) > 1 && (strings.HasPrefix(last, "weight") || last == "bias" || strings.HasSuffix(last, "scale")) {
		parts = parts[:len(parts)-1]
	}
	module = strings.TrimSuffix(parts[len(parts)-1], "_bias")
	return strings.Join(parts[:len(parts)-1], "."), module
}

// filterFor is the shortest filter that matches the module and no other tensor: its name, else that with the name of what it belongs to.
func (c *checkpoint) filterFor(of sourceTensor) string {
	parent, module := moduleOf(of.rest)
	for _, t := range c.tensors() {
		if _, m := moduleOf(t.rest); strings.Contains(t.Name, module) && m != module {
			return parent[strings.LastIndexByte(parent, '.')+1:] + "." + module + "."
		}
	}
	return module
}
