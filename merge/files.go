package merge

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"longcat/merge/recipe"
)

// isTokenizerFile tells the files that make up a tokenizer.
func isTokenizerFile(name string) bool {
	if strings.Contains(name, "/") {
		return strings.HasPrefix(name, "additional_chat_templates/") && path.Ext(name) == ".jinja"
	}
	base := strings.ToLower(name)
	switch base {
	case "special_tokens_map.json", "added_tokens.json", "merges.txt", "bpe.codes", "tekken.json", "spm.model", "dict.txt":
		return true
	}
	if path.Ext(base) == ".md" {
		return false
	}
	for _, word := range []string{"tokenizer", "vocab", "tokenization", "chat_template"} {
		if strings.Contains(base, word) {
			return true
		}
	}
	return slices.Contains([]string{".model", ".tiktoken", ".spm", ".bpe"}, path.Ext(base))
}

// Everything of the base that is not known to be weights, a card, a trace of
// training or a description of the base's own depth goes along: a model may need
// it to load, to be used, or to be used lawfully.
var (
	weightExts  = []string{".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf", ".ggml", ".onnx", ".onnx_data", ".ot", ".tflite", ".mlmodel", ".npz", ".npy", ".pdparams", ".nemo", ".engine", ".pkl", ".pickle", ".params", ".xml", ".dat", ".distcp", ".caffemodel", ".zip", ".tar", ".gz", ".llamafile"}
	pictureExts = []string{".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".mp4", ".webm", ".mp3", ".wav", ".flac", ".pdf", ".ipynb", ".drawio"}
	traceNames  = regexp.MustCompile(`^(optimizer|scheduler|rng_state|trainer_state|training_args|train_results|eval|all_results|results|test_results|events\.out|imatrix|quant_log|measurement|latest|zero_to_fp32|trainer_log|training_log|train_config|training_config|axolotl|adapter_|wandb|dvc)`)
	traceDirs   = regexp.MustCompile(`^(runs|logs?|wandb|checkpoint-?\d*|global_step\d+|eval\w*|results?|benchmarks?|assets|images?|figures?|figs?|imgs?|pics?|docs?|examples?|samples?|media|original|onnx|openvino|coreml|gguf|mlx|trt|tensorrt|consolidated|fp8|int[48]|metal|\.\w+)(/|$)`)
	// a sentence-transformers module of its own, such as 2_Dense
	moduleDir = regexp.MustCompile(`^[1-9]\d*_[A-Za-z]+/`)
	lawful    = regexp.MustCompile(`^(?i)(licen[cs]e|notice|use_policy|usage_policy|terms|copying|copyright|patents)`)
)

// stays is why a file of the base, that is no part of its tokenizer, is left
// behind, or "" if it goes along.
func stays(name string) string {
	ext := strings.ToLower(path.Ext(name))
	base := strings.ToLower(path.Base(name))
	switch {
	case lawful.MatchString(base):
		return ""
	case moduleDir.MatchString(name) && ext != ".md":
		return ""
	case name == "config.json", name == recipe.FileName, name == indexFile, strings.HasSuffix(base, ".lock.json"), base == "longcat-merge.json":
		return "the result has its own"
	case traceDirs.MatchString(strings.ToLower(name)):
		return "its directory holds no part of the model"
	case slices.Contains(weightExts, ext), strings.HasSuffix(base, ".index.json"):
		return "weights of the base, or in another format"
	case base == "params.json", base == "model_args.json", base == "model_config.yaml", base == "genai_config.json", base == "mlc-chat-config.json":
		return "it describes the layers of the base"
	case ext == ".md", ext == ".rst":
		return "it speaks of the base"
	case slices.Contains(pictureExts, ext):
		return "it belongs to the base's card"
	case traceNames.MatchString(base), ext == ".log", ext == ".csv", ext == ".tsv", ext == ".parquet", ext == ".jsonl", ext == ".out", ext == ".sh", ext == ".lock":
		return "a trace of its training or evaluation"
	case strings.HasPrefix(base, "."):
		return "hidden"
	}
	return ""
}

// quantisationFiles may name layers, as config.json may.
var quantisationFiles = []string{"hf_quant_config.json", "quantize_config.json", "quant_config.json", "quantization_config.json"}

// isModuleWeights tells weights in a directory that holds no other format or
// copy of the model: a part that its own code may load.
func isModuleWeights(name string) bool {
	return strings.Contains(name, "/") && path.Ext(name) == ".safetensors" && !traceDirs.MatchString(strings.ToLower(name))
}
