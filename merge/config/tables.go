package config

import (
	"slices"
	"strings"
)

// The keys below are those of the configuration classes of transformers 4 and 5
// and of models that bring their own code.

// countKeys are the names under which configs give a number of layers.
var countKeys = []string{
	"num_hidden_layers", "n_layer", "num_layers", "n_layers", "num_transformer_layers", "depth", "num_blocks", "layers", "n_blocks",
	"encoder_layers", "decoder_layers", "num_encoder_layers", "num_decoder_layers",
	"encoder_num_hidden_layers", "decoder_num_hidden_layers", "decoder_num_layers", "encoder_num_layers",
	"speech_encoder_layers", "t2u_encoder_layers", "t2u_decoder_layers",
}

// textSections are the names of sections, without _config, that describe what
// writes text.
var textSections = []string{"text", "llm", "language", "lm", "thinker", "decoder", "encoder"}

// decodersOfTheirOwn are model types that take num_decoder_layers where it is
// given, and num_layers for both sides where it is not.
var decodersOfTheirOwn = []string{"t5", "mt5", "umt5", "longt5", "switch_transformers", "pop2piano", "udop"}

// nothing are keys that have nothing to do with layers, whatever their value.
var nothing = []string{
	"architectures", "long_factor", "short_factor", "mrope_section", "id2label", "label2id", "auto_map", "torch_dtype", "dtype",
	"time_step_limit", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "ssm_multipliers", "mlp_multipliers", "languages", "langs",
	"conv_dim", "conv_kernel", "conv_stride", "conv_kernel_sizes", "image_mean", "image_std", "norm_mean", "norm_std", "image_size", "patch_size",
	"upsample_rates", "upsample_kernel_sizes", "resblock_kernel_sizes", "resblock_dilation_sizes", "upsampling_ratios", "downsampling_ratios",
	"tdnn_dim", "tdnn_kernel", "tdnn_dilation", "quantiles", "image_grid_pinpoints", "supported_aspect_ratios", "lags_sequence", "cardinality",
	"embedding_dimension", "target_bandwidths", "delay_pattern", "durations", "axial_pos_shape", "axial_pos_embds_dim", "type_vocab_sizes",
	"layer_norm_epsilon", "layer_norm_eps", "layernorm_epsilon", "layernorm_eps", "rescale_every", "scale_sqrt_depth",
}

func isNothing(key string) bool {
	return slices.Contains(nothing, key) || strings.HasSuffix(key, "_token_id") || strings.HasSuffix(key, "_token_ids") ||
		strings.HasPrefix(key, "mtp_") || strings.HasPrefix(key, "vocab_size")
}

// listNames are parts of keys of lists with an entry for each layer. A list of
// that length under another name is moved too, with a remark.
var listNames = []string{
	"layer", "block", "pattern", "types", "_type", "per_", "window", "heads", "schedule", "freq", "ratios", "rates", "experts", "_list", "sizes", "dims", "kinds", "thetas", "factors", "multipliers",
}

// layerNumbers are lists of layer numbers, with the number of the first layer.
var layerNumbers = map[string]int{
	"mlp_only_layers": 0, "full_attn_idxs": 0, "cross_attention_layers": 0, "attn_layer_indices": 0, "global_attn_layers": 0,
	"kv_sharing_layers": 0, "moe_layers": 0, "global_attn_idx": 0, "hybrid_layer_ids": 0, "local_layer_ids": 0, "rope_scaling_layers": 0,
	"fullatt_block_indexes": 0, "global_attn_indexes": 0, "global_attention_blocks": 0, "residual_block_indices": 0, "window_block_indices": 0,
	"moe_layers_enum": 0, "dense_layers": 0, "sliding_window_layers": 0, "full_attention_layers": 0, "linear_attn_layers": 0,
	"look_ahead_layers": 0, "look_backward_layers": 0, "no_rope_layer_ids": 0, "sparse_layers": 0, "layers_to_transform": 0, "subsample_layers": 0,
	"attn_layer_idx": 0, "slstm_at": 0, "layers": 0, "quantized_layers": 0, "attention_layers_idx": 0,
	"ple_layer_ids": 1, // and full_attn_layers, kda_layers: their first number is found in them
}

// numberNames are ends of keys of lists of layer numbers that are not known.
var numberNames = []string{"_layers", "_layer_ids", "_layers_ids", "_idx", "_idxs", "_indices", "_indexes", "_layer_idx", "_layers_enum", "_layer_list", "_block_ids", "_layer_numbers"}

// sources are lists that give for each layer the number of a layer that it
// takes something from.
var sources = []string{"kv_source_layers", "kv_source_layer", "kv_share_map"}

// oneMore are lists with entries for the layers of the next-token heads too.
var oneMore = []string{"compress_ratios", "layer_types", "mlp_layer_types", "layers_block_type", "sliding_windows", "moe_layer_freq", "attention_types_list"}

// cycles are lists of kinds that are repeated over the depth.
var cycles = []string{"block_types", "layer_cycle", "attention_pattern", "block_pattern", "layer_pattern", "sliding_window_pattern", "window_pattern", "_block_types"}

// outputs are numbers of layers whose output something else takes, counted as
// hidden states: the n-th is what n layers have made.
var outputs = []string{
	"out_indices", "vision_feature_layer", "feature_layer", "vision_select_layer", "select_layer", "mm_vision_select_layer", "extract_layers",
	"backbone_out_indices", "accept_hidden_layer", "conditional_layer", "spatial_target_layers", "spatial_vision_layer", "audio_feature_layer", "vision_feature_select_layer",
}

// taps are the same, counted as layers.
var taps = []string{
	"deepstack_visual_indexes", "intermediate_layers_indices", "intermediate_hidden_state_indices", "target_layer_ids", "insert_layer_id",
	"intermediate_hook_ids", "eagle_aux_hidden_state_layer_ids", "aux_hidden_state_layer_ids", "early_exit_layers", "exit_layers", "merge_index", "vit_layers",
}

// factor is how a value of the config depends on a layer's number.
type factor int

const (
	every        factor = iota // each n-th layer, the last of n
	everyFrom                  // each n-th layer, beginning with the number at offset
	first                      // the first n layers
	firstThrough               // the layers up to the one of number n
	last                       // the last n layers
	byNumber                   // each layer by its own number
)

// numberRule is a key whose value makes layers something by their number.
type numberRule struct {
	factor factor
	offset string   // everyFrom: the key that has it
	said   []string // lists that say for each layer what the rule would
	needs  string   // a key that has to be true for the rule to hold
}

var layerTypes = []string{"layer_types", "layers_block_type", "layer_type_list"}

var numberRules = map[string]numberRule{
	"sliding_window_pattern":                     {factor: every, said: layerTypes},
	"_sliding_window_pattern":                    {factor: every, said: layerTypes},
	"full_attention_interval":                    {factor: every, said: layerTypes},
	"global_attn_every_n_layers":                 {factor: every, said: layerTypes},
	"dense_attention_every_n_layers":             {factor: every, said: layerTypes},
	"layer_group_size":                           {factor: every, said: layerTypes},
	"no_rope_layer_interval":                     {factor: every, said: []string{"no_rope_layers"}},
	"interleave_moe_layer_step":                  {factor: every, said: []string{"moe_layers"}},
	"decoder_sparse_step":                        {factor: every},
	"encoder_sparse_step":                        {factor: everyFrom},
	"moe_every_n_layers":                         {factor: every},
	"moe_layer_interval":                         {factor: every, said: []string{"mlp_layer_types"}},
	"moe_layer_freq":                             {factor: everyFrom, said: []string{"mlp_layer_types"}},
	"attn_layer_period":                          {factor: everyFrom, offset: "attn_layer_offset", said: layerTypes},
	"expert_layer_period":                        {factor: everyFrom, offset: "expert_layer_offset"},
	"cross_attention_interval":                   {factor: everyFrom},
	"cross_attention_frequency":                  {factor: everyFrom},
	"cla_share_factor":                           {factor: everyFrom, needs: "use_cla"},
	"layer_switch":                               {factor: every, said: layerTypes},
	"moe_layer_frequency":                        {factor: every},
	"cross_layer_interval":                       {factor: everyFrom},
	"n_layers_per_attn_res_block":                {factor: everyFrom},
	"max_window_layers":                          {factor: first, said: layerTypes, needs: "use_sliding_window"},
	"first_k_dense_replace":                      {factor: first, said: []string{"mlp_layer_types"}},
	"moe_layer_end_index":                        {factor: firstThrough, said: []string{"mlp_layer_types"}},
	"moe_layer_start_index":                      {factor: first, said: []string{"mlp_layer_types"}},
	"num_dense_layers":                           {factor: first, said: []string{"mlp_layer_types"}},
	"n_dense_layers":                             {factor: first, said: []string{"mlp_layer_types"}},
	"num_hash_layers":                            {factor: first, said: []string{"mlp_layer_types"}},
	"prefix_dense_sliding_window_pattern":        {factor: first, said: layerTypes},
	"num_first_full_attention_layers":            {factor: first, said: layerTypes},
	"num_last_full_attention_layers":             {factor: last, said: layerTypes},
	"num_kv_shared_layers":                       {factor: last},
	"num_global_layers":                          {factor: first},
	"scale_attn_by_inverse_layer_idx":            {factor: byNumber},
	"scale_attention_by_inverse_layer_idx":       {factor: byNumber},
	"reorder_and_upcast_attn_by_layer":           {factor: byNumber},
	"deepstack_visual_indexes":                   {factor: first}, // as many text layers as the list has entries
	"num_recurrent_layers_before_attention_only": {factor: first},
}

// isPeriod reports whether a key that is not known may make every n-th layer
// something.
func isPeriod(key string) bool {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(key, w) })
	}
	return has("every", "interval", "period", "frequency", "_freq", "stride", "_step") && has("layer", "attn", "attention", "moe", "expert", "block", "mamba", "ssm", "global", "local", "dense", "sparse") &&
		!has("time", "token", "sample", "frame", "conv", "patch")
}

// implied are the rules of architectures that make every n-th layer another
// kind without a word in the config, unless layer_types says which.
var implied = map[string]int{
	"gemma2": 2, "gpt_oss": 2, "gemma3_text": 6, "cohere2": 4, "olmo3": 4, "gemma3n_text": 5, "gemma4_text": 6, "exaone4": 4, "afmoe": 4,
	"smollm3": 4, "llama4_text": 4, "qwen3_next": 4,
}

// writtenOut are the model types whose readers take layer_types, with the words
// for the other layers and for each n-th.
var writtenOut = map[string][2]string{
	"gemma2": {"sliding_attention", "full_attention"}, "gpt_oss": {"sliding_attention", "full_attention"},
	"gemma3_text": {"sliding_attention", "full_attention"}, "cohere2": {"sliding_attention", "full_attention"},
	"olmo3": {"sliding_attention", "full_attention"}, "exaone4": {"sliding_attention", "full_attention"},
	"afmoe": {"sliding_attention", "full_attention"}, "qwen3_next": {"linear_attention", "full_attention"},
}

// byNumberOnly are model types whose layers compute with their own number.
var byNumberOnly = map[string]string{
	"diffllama": "the weight of its differential attention", "phi4flash": "the weight of its differential attention", "Motif": "the weight of its differential attention", "motif": "the weight of its differential attention",
	"bailing_moe_linear": "how fast its linear attention forgets", "transnormer": "how fast its linear attention forgets",
}

// shared are model types whose layers take tensors from one another.
var shared = []string{"zamba", "zamba2"}

// harmless are parts of keys with "layer", "block" or "depth" in them that do
// not depend on the depth.
var harmless = []string{
	"num_nextn_predict_layers", "layernorm", "layer_norm", "layerdrop", "layer_drop", "layer_scale", "layerscale", "hidden_size_per_layer", "vocab_size", "per_layer", "layer_size", "layer_dim", "layer_activation", "query_key_layer_scaling",
	"block_size", "block_length", "blocksize", "q_block", "kv_block", "adapter", "conv", "feat_extract", "predict", "mtp", "pooler", "prenet", "postnet", "init", "dropout", "decoder_depth", "resampler",
	"lstm", "residual", "head_layers", "head_depth", "memory", "projector", "depthwise", "depth_mult", "depth_divisor", "per_block", "random_blocks", "n_blocks", "block_multiple", "block_ffn",
	"block_auto", "block_per_row", "upscale_blocks", "mem_blocks", "group", "wavenet", "layer_type", "fusion", "freeze", "share", "num_blocks_per", "timestamp", "layers_skip", "use_", "zero_pad", "depths",
	"stack", "layer_offset", "topk", "min_depth", "max_depth", "mit_", "auxiliary", "proj_layers", "query_dec", "text_encoder", "index_block", "index_local", "mel_attn", "attn_blocks", "fov_",
}

// speaksOfLayers reports whether a key with a number may count or name layers.
func speaksOfLayers(key string) bool {
	key = strings.ToLower(key)
	return (strings.Contains(key, "layer") || strings.Contains(key, "block") || strings.Contains(key, "depth")) &&
		!slices.ContainsFunc(harmless, func(h string) bool { return strings.Contains(key, h) })
}
