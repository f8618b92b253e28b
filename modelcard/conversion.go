package modelcard

import (
	"bytes"
	"slices"
	"strings"

	"longcat/internal/markdown"
)

// conversionWords are what cards of copies in another format have among their
// tags or as their library.
var conversionWords = strings.Fields(`
	gguf ggml llama.cpp gptq awq exl2 exl3 mlx onnx openvino quantized quantization
	gguf-my-repo mlx-my-repo imatrix bitsandbytes hqq eetq aqlm`)

// isConversion says whether the card states that it is of another model's copy
// in another format, or of something trained on it, and not of a merge.
func (c *Card) isConversion() bool {
	if c.Has("quantized_by") || slices.Contains([]string{"quantized", "adapter", "finetune"}, c.Text("base_model_relation")) {
		return true
	}
	for _, word := range append(c.Strings("tags"), c.Text("library_name")) {
		if slices.Contains(conversionWords, strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// isStub says whether a body says nothing: it is empty but for a heading and
// comments.
func isStub(body []byte) bool {
	headings := 0
	var comment markdown.Comment
	for row := range bytes.Lines(body) {
		line := strings.TrimSpace(string(row))
		switch {
		case comment.Step(strings.TrimRight(string(row), "\r\n")), line == "":
		case strings.HasPrefix(line, "#") && headings == 0:
			headings++
		default:
			return false
		}
	}
	return true
}
