#!/usr/bin/env python3
"""Merge tiny models of many transformers families and compare what they compute.

For each family a model with random weights is made and saved, longcat merges
it, and the merged folder is loaded by transformers: no weight may be missing or
unexpected, and its logits must equal, bit for bit, those of the first model
with its layers rearranged in Python. Then longcat adds identity blocks to it
(block expansion), which must leave its logits as they were.

usage: families.py [--longcat "CMD"] [--keep DIR] [FAMILY ...]

CMD is run as `CMD merge RECIPE DIR` and `CMD upscale DIR --method …`; default
`go run ./cmd/longcat`, from the root of the repo.
Needs torch and transformers 5.
"""
import argparse, copy, os, shlex, subprocess, sys, tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

transformers.utils.logging.disable_progress_bar()

LAYERS = 6
SLICES = [(0, 3), (1, 2), (2, 5), (4, 6)]
ORDER = [l for a, b in SLICES for l in range(a, b)]

small = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=LAYERS, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, pad_token_id=0, bos_token_id=1, eos_token_id=2)

vision = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, image_size=16, patch_size=8)

FAMILIES = {
    "llama": dict(small),
    "mistral": dict(small, sliding_window=4),
    "qwen2": dict(small),
    "qwen2-windows": dict(small, model_type="qwen2", use_sliding_window=True, sliding_window=4, max_window_layers=3),
    "qwen3": dict(small, head_dim=8),
    "gemma": dict(small, head_dim=8),
    "gemma2": dict(small, head_dim=8, sliding_window=4, query_pre_attn_scalar=8),
    "gemma3_text": dict(small, head_dim=8, sliding_window=4, query_pre_attn_scalar=8),
    "phi": dict(small, num_key_value_heads=4),
    "phi3": dict(small),
    "gpt2": dict(vocab_size=96, n_embd=32, n_layer=LAYERS, n_head=4, n_positions=128, bos_token_id=1, eos_token_id=2),
    "gpt_neox": dict(small, rotary_pct=0.25),
    "gptj": dict(vocab_size=96, n_embd=32, n_layer=LAYERS, n_head=4, n_positions=128, rotary_dim=4, bos_token_id=1, eos_token_id=2),
    "opt": dict(vocab_size=96, hidden_size=32, ffn_dim=48, num_hidden_layers=LAYERS, num_attention_heads=4, max_position_embeddings=128, word_embed_proj_dim=32),
    "bloom": dict(vocab_size=96, hidden_size=32, n_layer=LAYERS, n_head=4, bos_token_id=1, eos_token_id=2),
    "falcon": dict(vocab_size=96, hidden_size=32, num_hidden_layers=LAYERS, num_attention_heads=4, bos_token_id=1, eos_token_id=2),
    "mpt": dict(vocab_size=96, d_model=32, n_layers=LAYERS, n_heads=4, max_seq_len=128),
    "starcoder2": dict(small, sliding_window=None),
    "stablelm": dict(small),
    "olmo": dict(small),
    "olmo2": dict(small),
    "olmo3": dict(small, sliding_window=4),
    "cohere": dict(small),
    "cohere2": dict(small, sliding_window=4),
    "granite": dict(small),
    "glm4": dict(small, head_dim=8),
    "smollm3": dict(small),
    "nemotron": dict(small),
    "mixtral": dict(small, num_local_experts=2, num_experts_per_tok=1),
    "qwen2_moe": dict(small, num_experts=2, num_experts_per_tok=1, moe_intermediate_size=16, shared_expert_intermediate_size=16, mlp_only_layers=[1, 4]),
    "qwen3_moe": dict(small, head_dim=8, num_experts=2, num_experts_per_tok=1, moe_intermediate_size=16, mlp_only_layers=[2]),
    "gpt_oss": dict(small, head_dim=8, num_local_experts=2, num_experts_per_tok=1, sliding_window=4),
    "deepseek_v3": dict(small, num_key_value_heads=4, n_routed_experts=2, num_experts_per_tok=1, n_group=1, topk_group=1, moe_intermediate_size=16, first_k_dense_replace=0,
                        q_lora_rank=8, kv_lora_rank=8, qk_rope_head_dim=4, qk_nope_head_dim=4, v_head_dim=8),
    "lfm2": dict(small, full_attn_idxs=[1, 4]),
    "mamba": dict(vocab_size=96, hidden_size=32, num_hidden_layers=LAYERS, state_size=4),
    "gemma3": dict(text_config=dict(small, head_dim=8, sliding_window=4, query_pre_attn_scalar=8), vision_config=dict(vision, model_type="siglip_vision_model"), mm_tokens_per_image=4, image_token_index=95, boi_token_index=93, eoi_token_index=94),
    "llava": dict(text_config=dict(small, model_type="llama"), vision_config=dict(vision, model_type="clip_vision_model", projection_dim=16), image_token_index=95),
    "qwen2_vl": dict(text_config=dict(small, rope_scaling={"type": "mrope", "mrope_section": [1, 1, 2]}), vision_config=dict(depth=3, embed_dim=16, hidden_size=32, num_heads=2, patch_size=8), image_token_id=95, video_token_id=94, vision_start_token_id=93, vision_end_token_id=92),
    "smolvlm": dict(text_config=dict(small, model_type="llama"), vision_config=dict(vision), image_token_id=95),
}


def build(name, spec):
    torch.manual_seed(0)
    spec = dict(spec)
    config = AutoConfig.for_model(spec.pop("model_type", name), **spec)
    auto = AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM
    model = auto.from_config(config, dtype=torch.float32).eval()
    for p in model.parameters():  # norms of ones and biases of zeros would hide mistakes
        p.data += 0.05 * torch.randn_like(p)
    return auto, model


def layer_list(model, length=LAYERS):
    lists = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.ModuleList) and (length is None or len(m) == length) and "vision" not in n and "visual" not in n]
    assert lists, "no layer list"
    return min(lists, key=lambda x: len(x[0]))


def rearrange(model):
    """The model with its layers in ORDER, done on the live modules."""
    model = copy.deepcopy(model)
    name, layers = layer_list(model)
    owner = model.get_submodule(name.rpartition(".")[0])
    new = [copy.deepcopy(layers[l]) for l in ORDER]
    for i, layer in enumerate(new):
        for m in layer.modules():
            if hasattr(m, "layer_idx"):
                m.layer_idx = i
    setattr(owner, name.rpartition(".")[2], torch.nn.ModuleList(new))
    seen = set()
    for m in model.modules():
        cfg = getattr(m, "config", None)
        if cfg is None or id(cfg) in seen:
            continue
        seen.add(id(cfg))
        for c in [cfg, getattr(cfg, "text_config", None)]:
            if c is None or (c is not cfg and id(c) in seen) or "ision" in type(c).__name__:
                continue
            seen.add(id(c))
            for key in ("layer_types", "no_rope_layers", "mlp_layer_types"):
                v = getattr(c, key, None)
                if key in c.__dict__ and isinstance(v, list) and len(v) == LAYERS:
                    setattr(c, key, [v[l] for l in ORDER])
            for key in ("num_hidden_layers", "n_layer", "num_layers", "n_layers"):
                if key in c.__dict__ and getattr(c, key) == LAYERS:
                    setattr(c, key, len(ORDER))
    return model


def longcat_merge(longcat, recipe, dst, auto):
    """Merge, and load the result with every weight accounted for."""
    done = subprocess.run(shlex.split(longcat) + ["merge", recipe, dst], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("longcat: " + done.stderr.strip())
    merged, info = auto.from_pretrained(dst, output_loading_info=True, dtype=torch.float32)
    bad = {k: v for k, v in info.items() if k.endswith("_keys") and v}
    if bad:
        raise RuntimeError(f"loading: {bad}")
    return merged.eval(), sum("warning" in line for line in done.stderr.splitlines())


def check(name, spec, longcat, root):
    auto, model = build(name, spec)
    src, recipe = (os.path.join(root, name + s) for s in ("-base", ".yaml"))
    model.save_pretrained(src, max_shard_size="60KB")
    with open(recipe, "w") as f:
        f.write("slices:\n")
        for a, b in SLICES:
            f.write(f"  - sources:\n      - model: {src}\n        layer_range: [{a}, {b}]\n")
        f.write("merge_method: passthrough\n")
    merged, warnings = longcat_merge(longcat, recipe, os.path.join(root, name + "-merged"), auto)
    ids = torch.arange(40).reshape(2, 20) * 7 % 90 + 3
    with torch.no_grad():
        before = model(input_ids=ids, use_cache=False).logits
        want = rearrange(model)(input_ids=ids, use_cache=False).logits
        got = merged(input_ids=ids, use_cache=False).logits
    if not torch.equal(got, want):
        return f"logits differ by up to {(got - want).abs().max().item():.3g}"
    if torch.allclose(want, before, atol=1e-4):
        return "the rearranged model computes what the first one did: nothing is proved"
    result = "ok" + (f" ({warnings} warnings)" if warnings else "")

    # Block expansion must not change what the model computes.
    done = subprocess.run(shlex.split(longcat) + ["upscale", src, "--method", "block-expansion"], capture_output=True, text=True)
    if done.returncode:
        return "upscale: " + done.stderr.strip()
    with open(recipe, "w") as f:
        f.write(done.stdout)
    expanded, _ = longcat_merge(longcat, recipe, os.path.join(root, name + "-expanded"), auto)
    with torch.no_grad():
        got = expanded(input_ids=ids, use_cache=False).logits
    if len(layer_list(expanded, None)[1]) <= LAYERS or not torch.equal(got, before):
        return f"block expansion changes logits by up to {(got - before).abs().max().item():.3g}"
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("families", nargs="*")
    p.add_argument("--longcat", default="go run ./cmd/longcat")
    p.add_argument("--keep", help="leave the models in this folder")
    a = p.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        for name in a.families or FAMILIES:
            try:
                result = check(name, FAMILIES[name], a.longcat, a.keep or tmp)
            except Exception as e:
                result = f"{type(e).__name__}: {e}"
            failed += not result.startswith("ok")
            print(f"{name:16} {result}", flush=True)
    print(f"{failed} failed, transformers {transformers.__version__}")
    sys.exit(failed > 0)


main()
