"""Make the cases random-00 … here: random recipes over ./models, merged by mergekit.

usage: python make_random.py   (in this folder, with mergekit 0.1.5 installed)
"""
import hashlib, json, os, random, shutil, tempfile

import torch, yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from safetensors import safe_open

MODELS = ["llama-a", "llama-b", "llama-f32"]
FILTERS = ["o_proj", "down_proj", "mlp", "attn", "norm", "embed", "lm_head", "layers.2.", "*"]
NAMES = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32"}


def values(r):
    number = lambda: r.choice([0, 0.5, 1, 1.0, 2, -0.25, 0.1, 0.3333, 1e-3, 7])
    return number() if r.random() < 0.5 else [number() for _ in range(r.randint(1, 5))]


def setting(r):
    def condition():
        return {"value": values(r), **({"filter": r.choice(FILTERS)} if r.random() < 0.8 else {})}
    x = r.random()
    return values(r) if x < 0.3 else condition() if x < 0.4 else [condition() for _ in range(r.randint(1, 3))]


def recipe(r):
    out = {"slices": [], "merge_method": "passthrough"}
    for _ in range(r.randint(2, 5)):
        first = r.randrange(6)
        source = {"model": "./models/" + r.choice(MODELS), "layer_range": [first, r.randint(first + 1, 6)]}
        entry = {"sources": [source]}
        if r.random() < 0.4:
            source["parameters"] = {"scale": setting(r)}
        if r.random() < 0.3:
            entry["parameters"] = {"scale": setting(r)}
        out["slices"].append(entry)
    if r.random() < 0.4:
        out["parameters"] = {"scale": setting(r)}
    for key in ["dtype", "out_dtype"]:
        if r.random() < 0.5:
            out[key] = r.choice(["bfloat16", "float16", "float32"])
    out["base_model"] = out["slices"][0]["sources"][0]["model"]  # mergekit picks any without it
    return yaml.safe_dump(out, sort_keys=False)


for n in range(10):
    name = f"random-{n:02d}"
    text = recipe(random.Random(n))
    with tempfile.TemporaryDirectory() as tmp:
        run_merge(MergeConfiguration.model_validate(yaml.safe_load(text)), tmp, MergeOptions(clone_tensors=True, quiet=True))
        result = {"mergekit": "0.1.5", "config": json.load(open(tmp + "/config.json")), "tensors": {}}
        for file in sorted(os.listdir(tmp)):
            if not file.endswith(".safetensors"):
                continue
            with safe_open(os.path.join(tmp, file), "pt") as f:
                for key in sorted(f.keys()):
                    t = f.get_tensor(key)
                    raw = t.contiguous().view(torch.uint8).numpy().tobytes()
                    result["tensors"][key] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "sha256": hashlib.sha256(raw).hexdigest()}
    shutil.rmtree(name, ignore_errors=True)
    os.makedirs(name)
    open(name + "/recipe.yaml", "w").write(text)
    json.dump(result, open(name + "/expected.json", "w"), indent=1)
