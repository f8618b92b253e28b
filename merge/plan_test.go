package merge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"longcat/merge"
	"longcat/merge/safetensors"

	"github.com/google/go-cmp/cmp"
)

// TestPlanErrors lists merges that are refused at planning time.
func TestPlanErrors(t *testing.T) {
	base := tiny{}.build(t)
	broken := func(name string, data []byte) memory {
		m := tiny{shards: 2}.build(t)
		if data == nil {
			delete(m, name)
		} else {
			m[name] = data
		}
		return m
	}
	first, index := "model-00001-of-00002.safetensors", "model.safetensors.index.json"
	list := map[string]memory{
		"base":        base,
		"other-type":  tiny{config: map[string]any{"model_type": "mistral"}}.build(t),
		"other-heads": tiny{config: map[string]any{"num_attention_heads": 2}}.build(t),
		"heads":       tiny{config: map[string]any{"num_attention_heads": 4}}.build(t),
		"vocab":       tiny{vocab: 20}.build(t),
		"wide": tiny{change: func(x *safetensors.Tensor) {
			if strings.HasSuffix(x.Name, "up_proj.weight") {
				x.Shape = []int64{14, 8}
			}
		}}.build(t),
		"biased":      tiny{more: []safetensors.Tensor{{Name: "model.layers.2.self_attn.o_proj.bias", DType: "BF16", Shape: []int64{8}}}}.build(t),
		"other-names": tiny{prefix: "model.blocks"}.build(t),
		"no-config":   {"model.safetensors": base["model.safetensors"]},
		"bad-config":  {"model.safetensors": base["model.safetensors"], "config.json": []byte("{")},
		"list-config": {"model.safetensors": base["model.safetensors"], "config.json": []byte("[]")},
		"deep-config": {"model.safetensors": base["model.safetensors"], "config.json": bytes.Repeat([]byte("["), 100)},
		"wide-config": {"model.safetensors": base["model.safetensors"], "config.json": []byte("[" + strings.Repeat("1,", 1<<20) + "1]")},
		"no-count":    tiny{config: map[string]any{"num_hidden_layers": nil}}.build(t),
		"wrong-count": tiny{config: map[string]any{"num_hidden_layers": 7}}.build(t),
		"no-weights":  {"config.json": base["config.json"]},
		"pickled":     {"config.json": base["config.json"], "pytorch_model.bin": nil},
		"cut":         broken(first, []byte("abc")),
		"no-shard":    broken(first, nil),
		"no-map":      broken(index, []byte("{}")),
		"evil-map":    broken(index, []byte(`{"weight_map": {"x": "../../x.safetensors"}}`)),
		"evil-name":   {"config.json": base["config.json"], "model.safetensors": base["model.safetensors"], "../tokenizer.json": nil},
		"adapter":     {"adapter_config.json": []byte(`{"base_model_name_or_path": "org/base", "peft_type": "LORA"}`), "adapter_model.safetensors": nil},
		"adapter-2":   {"config.json": base["config.json"], "adapter_config.json": []byte("{}"), "adapter_model.bin": nil},
		"pipeline":    {"model_index.json": []byte("{}")},
		"gguf":        {"x.Q4_K_M.gguf": nil},
		"dataset":     {"data/train.parquet": nil},
		"tokenizer":   {"tokenizer.json": nil},
		"two-stacks":  tiny{more: []safetensors.Tensor{{Name: "decoder.block.0.w", DType: "U8"}, {Name: "decoder.block.1.w", DType: "U8"}, {Name: "decoder.block.2.w", DType: "U8"}, {Name: "decoder.block.3.w", DType: "U8"}}}.build(t),
	}
	one := func(model string) string { return recipeOf("", model+" 0 2") }
	for name, c := range map[string]struct{ recipe, want string }{
		"past the end":  {recipeOf("", "base 0 2", "base 3 5"), `recipe.yaml:7:22: layer_range [3, 5] goes past the end of "base", which has 4 layers (0 to 3)`},
		"an adapter":    {one("base+base"), `model "base": adapter_config.json: an adapter needs one`},
		"a module":      {"merge_method: passthrough\nmodules: {encoder: {models: [{model: base}]}}\n", `the module "encoder" by itself is not supported yet`},
		"token":         {recipeOf("tokenizer: {source: base, tokens: {a: {}}}\n", "base 0 2"), `model "base": tokenizer.json: to give the result another tokenizer, each model needs one`},
		"padding":       {recipeOf("tokenizer: {source: base, pad_to_multiple_of: 8}\n", "base 0 2"), `model "base": tokenizer.json: to give the result another tokenizer, each model needs one`},
		"chat template": {recipeOf("chat_template: exaone\n", "base 0 2"), `recipe.yaml:6:16: the chat template "exaone" is not known`},
		"unknown model": {one("nobody"), `opening model "nobody"`},
		"architecture":  {recipeOf("", "base 0 2", "other-type 0 2"), `recipe.yaml:6:16: "other-type" does not fit "base": the one is a mistral model, the other llama`},
		"heads":         {recipeOf("", "heads 0 2", "other-heads 0 2"), `num_attention_heads is 2, the other's 4`},
		"vocabulary":    {recipeOf("", "base 0 2", "vocab 0 2"), `its vocabulary has 20 words, the other's 16`},
		"shapes":        {recipeOf("", "base 0 2", "wide 1 2"), `its model.layers.1.mlp.up_proj.weight has shape [14 8], the other's [12 8]`},
		"extra tensor":  {recipeOf("", "base 0 2", "biased 2 3"), `its model.layers.2.self_attn.o_proj.bias has no counterpart`},
		"layer names":   {recipeOf("", "base 0 2", "other-names 2 3"), `its layers are named "model.blocks", the other's "model.layers"`},
		"no config":     {one("no-config"), `model "no-config": config.json: a model needs one`},
		"adapter":       {one("adapter"), `model "adapter": adapter_config.json: this is an adapter (LoRA), not a model; it has to be merged into its base model org/base first`},
		"adapter, too":  {one("adapter-2"), `it has to be merged into its base model first`},
		"pipeline":      {one("pipeline"), `this is a diffusers pipeline`},
		"GGUF":          {one("gguf"), `has GGUF files`},
		"dataset":       {one("dataset"), `is a dataset, not a model`},
		"tokenizer":     {one("tokenizer"), `has a tokenizer, but no model`},
		"broken config": {one("bad-config"), `model "bad-config": config.json: broken JSON`},
		"config list":   {one("list-config"), `is not a JSON object`},
		"deep config":   {one("deep-config"), `nested more than 64 deep`},
		"wide config":   {one("wide-config"), `more than 1048576 values`},
		"no count":      {one("no-count"), `its config.json has no layer count (such as num_hidden_layers); its layer stacks are "model.layers" (4)`},
		"wrong count":   {one("wrong-count"), `none has the 7 layers that config.json counts; its layer stacks are "model.layers" (4)`},
		"no weights":    {one("no-weights"), `has no weights`},
		"pickled":       {one("pickled"), `pytorch_model.bin: has weights in this format only; longcat reads safetensors`},
		"cut shard":     {one("cut"), `model-00001-of-00002.safetensors: invalid safetensors header`},
		"lost shard":    {one("no-shard"), `model-00001-of-00002.safetensors: the index names this file`},
		"empty index":   {one("no-map"), `has no weight_map`},
		"hostile index": {one("evil-map"), `is no safetensors file of the model`},
		"hostile name":  {one("evil-name"), `"../tokenizer.json" can not be the name of a file`},
		"two stacks":    {one("two-stacks"), `config.json does not say which one is meant; its layer stacks are "decoder.block" (4), "model.layers" (4)`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := planText(t, c.recipe, models(list), merge.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %q in it", err, c.want)
			}
		})
	}
	if _, err := planText(t, one("two-stacks"), models(list), merge.Options{LayerStack: "model.layers"}); err != nil {
		t.Errorf("picking a stack: %v", err)
	}
	_, err := planText(t, one("two-stacks"), models(list), merge.Options{LayerStack: "x"})
	if stack := (*merge.StackError)(nil); !errors.As(err, &stack) || len(stack.Stacks) != 2 {
		t.Errorf("picking a stack that is not there: %v", err)
	}
}

// TestMissingTensor names the tensor that an index promises.
func TestMissingTensor(t *testing.T) {
	m := tiny{shards: 2}.build(t)
	var index map[string]map[string]string
	name := "model.safetensors.index.json"
	if err := json.Unmarshal(m[name], &index); err != nil {
		t.Fatal(err)
	}
	index["weight_map"]["model.layers.2.w"] = "model-00002-of-00002.safetensors"
	m[name] = mustJSON(t, index)
	_, err := planText(t, recipeOf("", "m 0 1"), models(map[string]memory{"m": m}), merge.Options{})
	var bad *merge.ModelError
	if !errors.As(err, &bad) || bad.File != "model-00002-of-00002.safetensors" || !strings.Contains(err.Error(), `"model.layers.2.w" is missing`) {
		t.Errorf("got %v", err)
	}
}

// warnings joins a plan's warnings.
func warnings(p *merge.Plan) string {
	var list []string
	for _, w := range p.Warnings {
		list = append(list, w.String())
	}
	return strings.Join(list, "\n")
}

// TestPlanWarnings lists merges that work but deserve a word.
func TestPlanWarnings(t *testing.T) {
	list := map[string]memory{
		"base":      tiny{files: map[string]string{"tokenizer.json": "a"}}.build(t),
		"speaks":    tiny{files: map[string]string{"tokenizer.json": "b"}}.build(t),
		"f16":       tiny{dtype: safetensors.F16}.build(t),
		"theta":     tiny{config: map[string]any{"rope_theta": 10000.0}}.build(t),
		"theta2":    tiny{config: map[string]any{"rope_theta": 500000.0}}.build(t),
		"tied":      tiny{tied: true}.build(t),
		"bigger":    tiny{vocab: 20}.build(t),
		"shared-kv": tiny{config: map[string]any{"num_layers_of_a_new_kind": 2}}.build(t),
		"quant":     tiny{config: map[string]any{"quantization_config": map[string]any{"modules_to_not_convert": []string{"model.layers.1.mlp"}}}}.build(t),
	}
	for name, c := range map[string]struct{ recipe, want string }{
		"tokenizer":  {recipeOf("", "base 0 2", "speaks 1 3"), `line 6, column 16: "base" and "speaks" have different tokenizers (tokenizer.json)`},
		"tokenizer2": {recipeOf("", "base 0 2", "speaks 1 3", "base 1 2"), `line 6, column 16: "speaks" was trained with another tokenizer than "base" (tokenizer.json differs)`},
		"filter":     {recipeOf("parameters: {scale: [{filter: nothing, value: 2}]}\n", "base 0 2"), `line 6, column 22: scale where the name contains "nothing": no tensor takes it`},
		"dtypes":     {recipeOf("", "base 0 2", "f16 1 3"), `line 6, column 16: "f16" stores model.layers.1.`},
		"rope":       {recipeOf("", "theta 0 2", "theta2 1 3"), `line 6, column 16: "theta2" has rope_theta 500000, "theta" 10000`},
		"vocabulary": {recipeOf("", "base 0 2", "bigger 1 3", "base 3 4"), `line 6, column 16: the vocabulary of "bigger" has 20 words, that of "base" 16`},
		"tied base":  {recipeOf("", "tied 0 2", "base 1 3"), `"base" has a head of its own, but config.json comes from "tied"`},
		"tied end":   {recipeOf("", "base 0 2", "tied 1 3"), `"tied" ties its head to its embeddings; lm_head.weight becomes a copy of its model.embed_tokens.weight`},
		"unknown":    {recipeOf("", "shared-kv 0 2"), `config.json: num_layers_of_a_new_kind is 2; whether that still fits 2 layers instead of 4 could not be told`},
	} {
		p := mustPlan(t, c.recipe, models(list), merge.Options{})
		if got := warnings(p); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q\nwant %q in it", name, got, c.want)
		}
	}
	p := mustPlan(t, recipeOf("", "base 0 2", "base 1 4"), models(list), merge.Options{})
	if len(p.Warnings) > 0 {
		t.Errorf("a plain merge warns: %s", warnings(p))
	}
}

// TestTokenizers takes the tokenizer that the recipe asks for. Where embeddings
// have to be rearranged, each model needs one that can be read.
func TestTokenizers(t *testing.T) {
	list := map[string]memory{
		"a": tiny{files: map[string]string{"tokenizer.json": "1", "tokenizer_config.json": "of a"}}.build(t),
		"b": tiny{files: map[string]string{"tokenizer.json": "1", "tokenizer_config.json": "of b"}}.build(t),
		"c": tiny{files: map[string]string{"tokenizer.json": "2"}}.build(t),
	}
	for _, c := range []struct{ more, slice, want string }{
		{"", "a", "of a"},
		{"tokenizer_source: base\n", "b", "of a"},
		{"tokenizer_source: b\n", "a", "of b"},
		{"tokenizer: {source: b}\n", "a", "of b"},
		{"tokenizer_source: union\n", "b", "of a"},
		{"tokenizer_source: union\n", "c", `model "a": tokenizer.json: it is not a JSON object`},
		{"tokenizer_source: b\n", "c", `model "a": tokenizer.json: it is not a JSON object`},
	} {
		p, err := planText(t, recipeOf(c.more, "a 0 2", c.slice+" 1 3"), models(list), merge.Options{})
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %s: %v", c.more, c.slice, err)
			}
			continue
		}
		if got := string(readAll(t, p, "tokenizer_config.json", models(list))); got != c.want {
			t.Errorf("%s with %s: tokenizer %s, want %s", c.more, c.slice, got, c.want)
		}
	}
}

// TestCarried lists which of the base's files a merge takes along, byte for byte.
func TestCarried(t *testing.T) {
	want := []string{
		"LICENSE", "added_tokens.json", "additional_chat_templates/tool.jinja", "chat_template.jinja", "chat_template.json",
		"config.json", "generation_config.json", "mergekit_config.yml", "merges.txt", "model.safetensors", "modeling_x.py",
		"preprocessor_config.json", "processor_config.json", "special_tokens_map.json", "spiece.model", "tokenizer.json",
		"tokenizer.model", "tokenizer_config.json", "vocab.json", "x.tiktoken",
	}
	files := map[string]string{}
	for _, name := range append(slices.Clone(want), "README.md", "pytorch_model.bin", "training_args.bin", "onnx/model.onnx", "consolidated.00.pth",
		"original/tokenizer.model", "x.gguf", "figure.png", "trainer_state.json", "eval.json") {
		if !slices.Contains([]string{"config.json", "model.safetensors", "mergekit_config.yml"}, name) {
			files[name] = "content of " + name
		}
	}
	open := models(map[string]memory{"m": tiny{files: files}.build(t)})
	p := mustPlan(t, recipeOf("", "m 0 2"), open, merge.Options{})
	got := p.Model(open).Files()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, text := range files {
		if slices.Contains(want, name) && string(readAll(t, p, name, open)) != text {
			t.Errorf("%s was changed", name)
		}
	}
	if reads := p.Reads(); len(reads) != 1 || len(reads[0].Files) != len(want)-2 {
		t.Errorf("reads %+v", reads)
	}
}

// TestUsage proves that the plan accounts for each tensor of each model.
func TestUsage(t *testing.T) {
	list := map[string]memory{"a": tiny{seed: "a"}.build(t), "b": tiny{seed: "b", extra: 1}.build(t)}
	p := mustPlan(t, recipeOf("", "a 0 2", "a 1 2", "b 3 4"), models(list), merge.Options{})
	var got []string
	for _, m := range p.Models {
		got = append(got, fmt.Sprintf("%s: %d once, %d repeated, %d dropped", m.Name, m.Usage.Once, m.Usage.Repeated, len(m.Usage.Dropped)))
	}
	// a: embeddings and layer 0 once, layer 1 twice, layers 2 and 3, norm and head not.
	// b: layer 3, the extra layer, norm and head.
	want := []string{"a: 6 once, 5 repeated, 12 dropped", "b: 12 once, 0 repeated, 16 dropped"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	reasons := map[string]string{}
	for _, m := range p.Models {
		for _, d := range m.Usage.Dropped {
			reasons[m.Name+" "+d.Tensor] = d.Reason
		}
	}
	for tensor, want := range map[string]string{
		"a model.layers.2.mlp.up_proj.weight": "no slice takes this layer",
		"a lm_head.weight":                    `what follows the layers comes from "b"`,
		"b model.embed_tokens.weight":         `what precedes the layers comes from "a"`,
	} {
		if !strings.Contains(reasons[tensor], want) {
			t.Errorf("%s: %q, want %q", tensor, reasons[tensor], want)
		}
	}
	tensors := tensorsOf(t, p, models(list))
	if _, ok := tensors["model.layers.4.mlp.up_proj.weight"]; !ok || len(p.Layers) != 4 {
		t.Error("the layer beyond the config's count has not kept its distance from the end")
	}
}

// TestSteps merges in two steps, in one recipe of two documents and in two
// recipes with the first one's result written out between them.
func TestSteps(t *testing.T) {
	list := map[string]memory{"a": tiny{seed: "a"}.build(t), "b": tiny{seed: "b"}.build(t)}
	first := recipeOf("dtype: float32\n", "a 0 2", "b 1 4")
	second := recipeOf("dtype: bfloat16\nparameters: {scale: 0.5}\n", "step 0 4", "a 3 4", "step 2 5")
	both := mustPlan(t, "name: step\n"+first+"---\n"+second, models(list), merge.Options{ShardSize: 3000})
	got := tensorsOf(t, both, models(list))

	p := mustPlan(t, first, models(list), merge.Options{})
	step := memory{}
	for _, f := range p.Files {
		step[f.Path] = readAll(t, p, f.Path, models(list))
	}
	list["step"] = step
	want := tensorsOf(t, mustPlan(t, second, models(list), merge.Options{}), models(list))
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tensor{})); diff != "" {
		t.Error(diff)
	}
	var reads []string
	for _, s := range both.Reads() {
		reads = append(reads, s.Name)
	}
	if !slices.Equal(reads, []string{"a", "b"}) {
		t.Errorf("reads %v", reads)
	}
	if _, err := planText(t, "name: x\n"+recipeOf("", "y 0 1")+"---\nname: y\n"+recipeOf("", "x 0 1"), models(list), merge.Options{}); err == nil || !strings.Contains(err.Error(), "needs its own result") {
		t.Errorf("a circle of steps: %v", err)
	}
}

// TestOtherDTypes carries what is no number as it is, and converts narrow
// floats only where they are numbers by themselves.
func TestOtherDTypes(t *testing.T) {
	narrow := func(x *safetensors.Tensor) {
		switch {
		case strings.HasSuffix(x.Name, "up_proj.weight"):
			x.DType = safetensors.F8E4M3
		case strings.HasSuffix(x.Name, "down_proj.weight"):
			x.DType = safetensors.I8
		}
	}
	more := []safetensors.Tensor{{Name: "model.position_ids", DType: safetensors.I64, Shape: []int64{5}}}
	list := map[string]memory{
		"plain": tiny{change: narrow, more: more}.build(t),
		"quant": tiny{change: narrow, more: more, config: map[string]any{"quantization_config": map[string]any{"quant_method": "fp8"}}}.build(t),
	}
	for _, c := range []struct{ recipe, up string }{
		{recipeOf("", "plain 0 2"), "F8_E4M3"},
		{recipeOf("dtype: bfloat16\n", "plain 0 2"), "BF16"},
		{recipeOf("dtype: bfloat16\n", "quant 0 2"), "F8_E4M3"},
		{recipeOf("parameters: {scale: 0}\n", "plain 0 2"), "F8_E4M3"},
	} {
		p := mustPlan(t, c.recipe, models(list), merge.Options{})
		got := tensorsOf(t, p, models(list))
		source := tensorsOf(t, mustPlan(t, recipeOf("", "plain 0 2"), models(list), merge.Options{}), models(list))
		if d := got["model.layers.0.mlp.up_proj.weight"].DType; d != c.up {
			t.Errorf("%s: up_proj is %s, want %s", c.recipe, d, c.up)
		}
		for _, name := range []string{"model.layers.0.mlp.down_proj.weight", "model.position_ids"} {
			if !bytes.Equal(got[name].data, source[name].data) {
				t.Errorf("%s: %s was changed", c.recipe, name)
			}
		}
	}
}

// TestModelsForm reads the form of a recipe that takes one model whole.
func TestModelsForm(t *testing.T) {
	open := models(map[string]memory{"m": tiny{}.build(t)})
	scale := "parameters: {scale: [{filter: o_proj, value: [0, 1]}]}\n"
	whole := mustPlan(t, "models:\n- model: m\n  "+scale+"merge_method: passthrough\n", open, merge.Options{})
	slice := mustPlan(t, recipeOf(scale, "m 0 4"), open, merge.Options{})
	if diff := cmp.Diff(tensorsOf(t, slice, open), tensorsOf(t, whole, open), cmp.AllowUnexported(tensor{})); diff != "" {
		t.Error(diff)
	}
	if !whole.Layers[0].Scaled || whole.Layers[3].Scaled {
		t.Errorf("scaled layers: %+v", whole.Layers)
	}
}

// TestLargePlan plans a merge of 38,000 tensors in many files. It would take
// hours if any step looked at all tensors for each of them.
func TestLargePlan(t *testing.T) {
	var more []safetensors.Tensor
	for l := range 4 {
		for e := range 2000 {
			more = append(more, safetensors.Tensor{Name: fmt.Sprintf("model.layers.%d.mlp.experts.%d.w", l, e), DType: safetensors.U8, Shape: []int64{1}})
		}
	}
	open := models(map[string]memory{"m": tiny{more: more, shards: 40}.build(t)})
	p := mustPlan(t, recipeOf("", "m 0 4", "m 0 4", "m 1 4", "m 0 4", "m 1 4"), open, merge.Options{ShardSize: 100_000})
	if p.Tensors < 36_000 {
		t.Errorf("%d tensors planned", p.Tensors)
	}
}
