#!/usr/bin/env python3
"""Merge tiny models of many transformers families and compare what they compute.

For each family a model with random weights is made and saved, longcat merges
it, and the merged directory is loaded by transformers: no weight may be missing
or unexpected, and its outputs must equal, bit for bit, those of the first model
with its layers rearranged in Python. Two recipes are tried: layers repeated in
the middle, and everything moved by one. A third takes the first
half from one model and the second half from another: what the first model feeds
to the middle layer is fed to the second model's, so that every tensor outside
the layers must come from the right one. Then longcat adds identity blocks (block
expansion); where its recipe says that the result computes what the base does,
it must.

What longcat refuses, or warns of, is told and is no failure, but for the
families of PLAIN: those must be right, without a warning.

usage: families.py [--longcat "CMD"] [--keep DIR] [FAMILY ...]

CMD is run as `CMD merge RECIPE DIR` and `CMD upscale DIR --method …`; default
`go run ./cmd/longcat`, from the root of the repo.
Needs torch and transformers 5.
"""
import argparse, copy, os, shlex, shutil, subprocess, sys, tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
import torch
import transformers
from transformers import AutoConfig

from specs import FAMILIES, LAYERS, PLAIN, SHARED

transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)

RECIPES = {"middle": [(0, 3), (1, 2), (2, 5), (4, 6)], "shifted": [(0, 1), (0, 6)]}
LISTS = ("layer_types", "no_rope_layers", "mlp_layer_types", "layers_block_type", "layer_rope_theta", "attn_type_list", "block_types", "num_attention_heads_per_layer", "activation_sparsity_pattern", "intermediate_size")
NUMBERS = ("cross_attention_layers", "attn_layer_indices")
COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "num_blocks", "encoder_layers", "decoder_layers", "num_decoder_layers")


def build(name, spec, seed=0, untied=False):
    """(class, model, layer stack in the checkpoint or None)"""
    torch.manual_seed(seed)
    spec = dict(spec)
    cls = getattr(transformers, spec.pop("auto", "AutoModelForCausalLM"))
    stack = spec.pop("stack", None)
    config = AutoConfig.for_model(spec.pop("model_type", name), **spec)
    if untied:  # one matrix can not come from two models
        for c in [config, *(getattr(config, k, None) for k in ("text_config", "encoder", "decoder"))]:
            if c is not None:
                c.tie_word_embeddings = False
    if hasattr(config, "vision_config") and cls is transformers.AutoModelForCausalLM:
        cls = transformers.AutoModelForImageTextToText
    model = cls.from_config(config, dtype=torch.float32).eval()
    for p in model.parameters():  # norms of ones and biases of zeros would hide mistakes
        if p.requires_grad:
            p.data += 0.05 * torch.randn_like(p)
    for n, b in model.named_buffers():
        if "layer_scalar" in n:
            b.data = b.data * 0.8
    return cls, model, stack


def layer_list(model, stack):
    lists = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.ModuleList) and len(m) == LAYERS]
    if stack:
        lists = [x for x in lists if x[0].endswith(stack)]
    else:
        lists = [x for x in lists if "vision" not in x[0] and "visual" not in x[0]]
    assert lists, "no layer list"
    return min(lists, key=lambda x: len(x[0]))


def rearrange(model, order, stack):
    """The model with its layers in another order, done on the live modules."""
    model = copy.deepcopy(model)
    name, layers = layer_list(model, stack)
    owner = model.get_submodule(name.rpartition(".")[0])
    new = [copy.deepcopy(layers[l]) for l in order]
    for i, layer in enumerate(new):
        for m in layer.modules():
            for attr in ("layer_idx", "layer_id"):
                if isinstance(getattr(m, attr, None), int):
                    setattr(m, attr, i)
    setattr(owner, name.rpartition(".")[2], torch.nn.ModuleList(new))
    for key in NUMBERS:
        if isinstance(getattr(owner, key, None), list):
            setattr(owner, key, [i for i, l in enumerate(order) if l in getattr(owner, key)])
    if hasattr(owner, "first_kv_shared_layer_idx"):
        owner.first_kv_shared_layer_idx = len(order)
    if hasattr(owner, "layers_are_rescaled"):
        owner.layers_are_rescaled = False
    seen = set()
    for m in owner.modules() if stack else model.modules():
        c = getattr(m, "config", None)
        for c in [c, getattr(c, "text_config", None)]:
            if c is None or id(c) in seen or "ision" in type(c).__name__:
                continue
            seen.add(id(c))
            for key in NUMBERS:
                v = c.__dict__.get(key)
                if isinstance(v, list):
                    setattr(c, key, [i for i, l in enumerate(order) if l in v])
            for key in LISTS:
                v = c.__dict__.get(key)
                if isinstance(v, (list, tuple)) and len(v) == LAYERS:
                    setattr(c, key, [v[l] for l in order])
            for key in COUNTS:
                if c.__dict__.get(key) == LAYERS and not (stack and "encoder" in stack and "decoder" in key) and not (stack and "decoder" in stack and "encoder" in key):
                    setattr(c, key, len(order))
    return model


def inputs(model):
    ids = torch.arange(40).reshape(2, 20) * 7 % 90 + 3
    if model.main_input_name == "pixel_values":
        torch.manual_seed(1)
        c = model.config
        return dict(pixel_values=torch.randn(2, 3, c.image_size, c.image_size))
    if model.main_input_name == "input_features":
        torch.manual_seed(1)
        return dict(input_features=torch.randn(1, model.config.num_mel_bins, 2 * model.config.max_source_positions), decoder_input_ids=ids[:1])
    if model.config.is_encoder_decoder:
        return dict(input_ids=ids, decoder_input_ids=ids.flip(1))
    if hasattr(model, "get_text_features"):
        torch.manual_seed(1)
        size = model.config.vision_config.image_size
        return dict(input_ids=ids, pixel_values=torch.randn(2, 3, size, size))
    return dict(input_ids=ids)


def run(model):
    x = inputs(model)
    try:
        out = model(**x, use_cache=False)
    except TypeError:
        out = model(**x)
    for key in ("logits", "logits_per_text", "last_hidden_state"):
        if getattr(out, key, None) is not None:
            return getattr(out, key)
    return out[0]


def longcat(cmd, *args):
    return subprocess.run(shlex.split(cmd) + list(args), capture_output=True, text=True)


def load(dst, cls):
    """The merged model, with every weight accounted for."""
    merged, info = cls.from_pretrained(dst, output_loading_info=True, dtype=torch.float32)
    bad = {k: sorted(v)[:3] for k, v in info.items() if k.endswith("_keys") and v}
    if bad:
        raise RuntimeError(f"loading: {bad}")
    return merged.eval()


def said(done):
    return [l.partition("warning: ")[2] for l in done.stderr.splitlines() if "warning: " in l]


def last(done):
    return (done.stderr.strip().splitlines() or ["?"])[-1].replace("longcat: error: ", "")


def check_recipe(cmd, src, dst, slices, cls, model, stack, before):
    """('right' | 'refused' | 'warned' | 'alarm' | 'broken', more)"""
    order = [l for a, b in slices for l in range(a, b)]
    recipe = dst + ".yaml"
    with open(recipe, "w") as f:
        f.write("slices:\n")
        for a, b in slices:
            f.write(f"  - sources:\n      - model: {src}\n        layer_range: [{a}, {b}]\n")
        f.write("merge_method: passthrough\n")
    done = longcat(cmd, "merge", recipe, dst, *(["--layer-stack", stack] if stack else []))
    if done.returncode:
        return "refused", last(done)
    warnings = said(done)
    try:
        got = run(load(dst, cls))
        want = run(rearrange(model, order, stack))
    except Exception as e:
        return ("warned" if warnings else "broken"), f"{type(e).__name__}: {str(e)[:300]} {warnings}"
    if torch.equal(got, want):
        if torch.allclose(want, before, atol=1e-5):
            return "right", "but the rearranged model computes what the first one did: nothing is proved"
        return ("alarm", str(warnings)) if warnings else ("right", "")
    return ("warned" if warnings else "broken"), f"differs by {(got - want).abs().max().item():.3g} {warnings}"


def middle_input(model, stack):
    """What goes into the middle layer, and a way to replace it."""
    layer = layer_list(model, stack)[1][LAYERS // 2]
    seen = []

    def look(_, args, kwargs):
        seen.append(args[0] if args else kwargs["hidden_states"])

    hook = layer.register_forward_pre_hook(look, with_kwargs=True)
    run(model)
    hook.remove()
    return seen[-1]


def run_from_middle(model, stack, hidden, first):
    if model.config.is_encoder_decoder and "decoder" in stack:  # the encoder comes before all layers
        model = copy.deepcopy(model)
        path = next(n for n, m in model.named_modules() if m is model.get_encoder())
        setattr(model.get_submodule(path.rpartition(".")[0]), path.rpartition(".")[2], first.get_encoder())
    layer = layer_list(model, stack)[1][LAYERS // 2]

    def replace(_, args, kwargs):
        if args:
            return (hidden, *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": hidden}

    hook = layer.register_forward_pre_hook(replace, with_kwargs=True)
    out = run(model)
    hook.remove()
    return out


def check_halves(cmd, src, other, dst, cls, first, second, stack):
    """The first half of one model's layers and the second half of another's."""
    half = LAYERS // 2
    with open(dst + ".yaml", "w") as f:
        f.write(f"slices:\n  - sources:\n      - model: {src}\n        layer_range: [0, {half}]\n  - sources:\n      - model: {other}\n        layer_range: [{half}, {LAYERS}]\nmerge_method: passthrough\n")
    done = longcat(cmd, "merge", dst + ".yaml", dst, *(["--layer-stack", stack] if stack else []))
    if done.returncode:
        return "refused", last(done)
    warnings = said(done)
    got = run(load(dst, cls))
    want = run_from_middle(second, stack, middle_input(first, stack), first)
    if torch.equal(got, want):
        return ("alarm", str(warnings)) if warnings else ("right", "")
    return ("warned" if warnings else "broken"), f"differs by {(got - want).abs().max().item():.3g} {warnings}"


def check_expansion(cmd, src, dst, cls, stack, before):
    flags = ["--layer-stack", stack] if stack else []
    done = longcat(cmd, "upscale", src, "--method", "block-expansion", *flags)
    if done.returncode:
        return "refused", last(done)
    claims = "computes what the base does" in " ".join(done.stdout.replace("#", " ").split())
    with open(dst + ".yaml", "w") as f:
        f.write(done.stdout)
    done = longcat(cmd, "merge", dst + ".yaml", dst, *flags)
    if done.returncode:
        return "refused", last(done)
    try:
        difference = (run(load(dst, cls)) - before).abs().max().item()
    except Exception as e:
        return ("broken" if claims else "unclaimed"), f"{type(e).__name__}: {str(e)[:300]}"
    if claims:
        return ("right", "") if difference == 0 else ("broken", f"changes outputs by {difference:.3g}")
    return "unclaimed", f"changes outputs by {difference:.3g}"


def check(name, spec, cmd, root):
    cls, model, stack = build(name, spec)
    src = os.path.join(root, name + "-base")
    model.save_pretrained(src, max_shard_size="60KB")
    with torch.no_grad():
        before = run(model)
        results = {}
        for kind, slices in RECIPES.items():
            results[kind] = check_recipe(cmd, src, os.path.join(root, f"{name}-{kind}"), slices, cls, model, stack, before)
        results["expansion"] = check_expansion(cmd, src, os.path.join(root, name + "-expanded"), cls, stack, before)
        if name in SHARED:
            return results
        model, second = build(name, spec, 0, True)[1], build(name, spec, 1, True)[1]
        src = os.path.join(root, name + "-untied")
        model.save_pretrained(src, max_shard_size="60KB")
        other = os.path.join(root, name + "-other")
        second.save_pretrained(other, max_shard_size="60KB")
        results["halves"] = check_halves(cmd, src, other, os.path.join(root, name + "-halves"), cls, model, second, stack)
    return results


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("families", nargs="*")
    p.add_argument("--longcat", default="go run ./cmd/longcat")
    p.add_argument("--keep", help="leave the models in this directory")
    a = p.parse_args()
    failed, counts = 0, {}
    for name in a.families or FAMILIES:
        root = a.keep or tempfile.mkdtemp()
        try:
            results = check(name, FAMILIES[name], a.longcat, root)
        except Exception as e:
            results = {"made": ("broken", f"{type(e).__name__}: {str(e)[:300]}")}
        finally:
            if not a.keep:
                shutil.rmtree(root)
        bad = any(word == "broken" for word, _ in results.values()) or name in PLAIN and any(word != "right" for kind, (word, _) in results.items() if kind != "halves")
        failed += bad
        print(f"{'FAIL' if bad else 'ok':5}{name:20}" + " ".join(f"{kind}:{word}" for kind, (word, _) in results.items()), flush=True)
        for kind, (word, more) in results.items():
            counts[kind, word] = counts.get((kind, word), 0) + 1
            if more:
                print(f"       {kind}: {more}", flush=True)
    print(", ".join(f"{kind} {word}: {n}" for (kind, word), n in sorted(counts.items())))
    print(f"{failed} failed, transformers {transformers.__version__}")
    sys.exit(failed > 0)


main()
