package merge

import "testing"

// TestPlaceOf holds names of tensors outside the layers, as models have them,
// against where they work in the forward pass.
func TestPlaceOf(t *testing.T) {
	for _, c := range []struct {
		stack  string
		before []string
		after  []string
	}{
		{"model.layers", []string{"model.embed_tokens.weight", "model.rotary_emb.inv_freq", "model.per_layer_model_projection.weight", "model.per_layer_projection_norm.weight", "model.altup_projections.0.weight", "model.embed_tokens_per_layer.weight", "model.visual.norm.weight", "multi_modal_projector.linear_1.weight"}, []string{"model.norm.weight", "lm_head.weight", "model.embedding_norm.weight", "model.final_layernorm.weight", "score.weight", "mtp.fc.weight", "model.altup_unembed_projections.0.weight", "model.hc_head_base", "embed_out.weight", "value_head.summary.weight"}},
		{"transformer.h", []string{"transformer.wte.weight", "transformer.wpe.weight", "transformer.word_embeddings.weight", "transformer.word_embeddings_layernorm.weight"}, []string{"transformer.ln_f.weight", "lm_head.weight", "transformer.norm_f.weight"}},
		{"h", []string{"wte.weight", "wpe.weight"}, []string{"ln_f.weight"}},
		{"text_model.encoder.layers", []string{"text_model.embeddings.token_embedding.weight", "vision_model.post_layernorm.weight"}, []string{"text_model.final_layer_norm.weight", "text_projection.weight", "logit_scale"}},
		{"vision_tower.vision_model.encoder.layers", []string{"vision_tower.vision_model.embeddings.patch_embedding.weight", "vision_tower.vision_model.pre_layrnorm.weight"}, []string{"vision_tower.vision_model.post_layernorm.weight", "multi_modal_projector.linear_1.weight", "language_model.model.embed_tokens.weight"}},
		{"vit.encoder.layer", []string{"vit.embeddings.cls_token"}, []string{"vit.layernorm.weight", "classifier.weight"}},
		{"bert.encoder.layer", []string{"bert.embeddings.LayerNorm.weight"}, []string{"bert.pooler.dense.weight", "cls.predictions.bias"}},
		{"model.decoder.layers", []string{"model.decoder.embed_tokens.weight", "model.decoder.layernorm_embedding.weight", "model.encoder.layer_norm.weight", "model.shared.weight", "model.decoder.project_in.weight"}, []string{"model.decoder.layer_norm.weight", "model.decoder.final_layer_norm.weight", "model.decoder.project_out.weight", "final_logits_bias"}},
		{"encoder.block", []string{"shared.weight", "encoder.embed_tokens.weight"}, []string{"encoder.final_layer_norm.weight", "decoder.block.0.layer.0.SelfAttention.q.weight", "decoder.final_layer_norm.weight", "decoder.block.0.encoder_attn.q.weight"}},
		{"transformer.encoder.layers", []string{"transformer.embedding.word_embeddings.weight", "transformer.rotary_pos_emb.inv_freq"}, []string{"transformer.encoder.final_layernorm.weight", "transformer.output_layer.weight"}},
		{"backbone.blocks", []string{"backbone.embeddings.weight"}, []string{"backbone.out_norm.weight"}},
		{"rwkv.blocks", []string{"rwkv.embeddings.weight"}, []string{"rwkv.ln_out.weight", "head.weight"}},
		{"distilbert.transformer.layer", []string{"distilbert.embeddings.LayerNorm.weight"}, []string{"vocab_projector.bias", "vocab_transform.weight", "pre_classifier.weight"}},
		{"esm.encoder.layer", []string{"esm.embeddings.word_embeddings.weight"}, []string{"esm.encoder.emb_layer_norm_after.weight"}},
		{"model.layers", []string{"model.tok_embeddings.weight"}, []string{"output.weight"}},
	} {
		for _, name := range c.before {
			if placeOf(c.stack, name) != before {
				t.Errorf("%s: %s does not stand before the layers", c.stack, name)
			}
		}
		for _, name := range c.after {
			if placeOf(c.stack, name) != after {
				t.Errorf("%s: %s does not stand after the layers", c.stack, name)
			}
		}
	}
	if placeOf("model.layers", "model.conv_stem.weight") != somewhere {
		t.Error("model.conv_stem: its place is not known")
	}
}

// TestStays tells the files that belong to a model from what lies beside it.
func TestStays(t *testing.T) {
	for _, name := range []string{
		"generation_config.json", "modules.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "config_sentence_transformers.json", "LICENSE.md", "NOTICE.txt",
		"modeling_x.py", "hf_rwkv_tokenizer.py", "entity_labels.json", "preprocessor_config.json", "requirements.txt", "model_code/attention.py", "quantize_config.json", "licenses/MIT.txt",
	} {
		if why := stays(name); why != "" {
			t.Errorf("%s stays behind: %s", name, why)
		}
	}
	for _, name := range []string{
		"README.md", "config.json", "model.safetensors.index.json", "pytorch_model.bin", "onnx/model.onnx", "x.gguf", "params.json", "original/params.json", "trainer_state.json",
		"runs/Jan01/events.out.tfevents.1", "logo.png", "optimizer.pt", "training_args.bin", "eval_results.json", "tf_model.h5", "mergekit_config.yml", "longcat.lock.json", "adapter_config.json", "checkpoint-500/config.json",
	} {
		if stays(name) == "" {
			t.Errorf("%s goes along", name)
		}
	}
	for _, name := range []string{"tekken.json", "rwkv_vocab_v20230424.txt", "entity_vocab.json", "prophetnet.tokenizer", "tokenizer.json", "spiece.model", "qwen.tiktoken", "additional_chat_templates/tool.jinja", "source.spm", "sentencepiece.bpe.model"} {
		if !isTokenizerFile(name) {
			t.Errorf("%s is no file of a tokenizer", name)
		}
	}
}
