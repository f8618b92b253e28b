#!/usr/bin/env python3
"""Merges random recipes of every method, and holds the tensors against reference.py, which computes them anew in numpy.
usage: random_recipes.py LONGCAT [COUNT [SEED]]      needs numpy and PyYAML
A tensor is right if all its elements are equal but those that reference.py calls free (of equal magnitudes any may be kept)
and those that hang on the last bit of a sum or a sine: of these at most one in 200 (in float32 any), each within two units in
the last place."""
import json, os, random, subprocess, sys, tempfile
import numpy as np, yaml
HERE = os.path.dirname(os.path.abspath(__file__)); sys.path.insert(0, HERE)
import check, reference as R
ROOT = os.path.join(HERE, "../../merge/testdata/arithmetic")

def value(rnd, draw):
    """a parameter as a recipe may give it: a number, a gradient, conditions"""
    kind = rnd.random()
    if kind < .5: return draw()
    if kind < .7: return [draw() for _ in range(rnd.choice([2, 3, 5]))]
    return [{"filter": rnd.choice(["mlp", "self_attn", "layernorm", "layers.1", "embed"]), "value": rnd.choice([draw(), [draw(), draw()]])}, {"value": draw()}]
def recipe(rnd):
    family = rnd.choice([["base", "a", "b", "c"], ["f32-base", "f32-a", "f32-b"], ["t-base", "t-a", "t-b", "t-c"]]); m = [f"./models/{x}" for x in family]
    method = rnd.choice(sorted(R.PARAMS)); base, others = m[0], rnd.sample(m[1:], rnd.randint(2, len(m) - 1))
    u = lambda a, b: (lambda: round(rnd.uniform(a, b), 3)); flag = lambda: rnd.random() < .5
    own, shared, r = {}, {}, {"merge_method": method}
    if method in R.SPARSE or method in ("linear", "nuslerp", "multislerp"): own["weight"] = u(.1, 1)
    if method in R.SPARSE:
        if method != "task_arithmetic": own["density"] = u(.35, .65)
        if "breadcrumbs" in method: own["gamma"] = u(0, .1)
        if "della" in method: own["epsilon"] = u(.05, .3)
        shared = {"normalize": flag, "lambda": u(.7, 1.3), "rescale": flag}
    shared |= {"linear": {"normalize": flag}, "slerp": {"t": u(0, 1)}, "nearswap": {"t": u(0, .01)}, "nuslerp": {"nuslerp_flatten": flag, "nuslerp_row_wise": flag}, "sce": {"select_topk": u(.2, 1)},
        "multislerp": {"normalize_weights": flag}, "karcher": {"max_iter": lambda: rnd.randint(1, 10)}, "model_stock": {"filter_wise": flag}, "ramplus_tl": {"r": u(.05, .3), "alpha": u(.1, .4)}}.get(method, {})
    if method == "task_arithmetic": del shared["rescale"]
    if method in ("slerp", "nearswap", "arcee_fusion"): others = others[:1]
    if method == "nuslerp": others = others[:2]
    if method == "passthrough": others, own = others[:1], {"scale": u(.5, 1.5)}
    models = list(others)
    if method not in ("linear", "karcher", "passthrough", "nuslerp", "multislerp") or (method in ("nuslerp", "multislerp") and flag()):
        r["base_model"] = base
        if method in ("slerp", "nearswap", "arcee_fusion") or flag(): models.insert(rnd.randint(0, len(models)), base)
    flags = ("normalize", "rescale", "nuslerp_flatten", "nuslerp_row_wise", "normalize_weights", "filter_wise", "max_iter")
    give = lambda ps: {k: d() if k in flags else value(rnd, d) for k, d in ps.items()}
    r["models"] = [{"model": x} | ({"parameters": give(own)} if own and x != r.get("base_model") else {}) for x in models]
    if shared: r["parameters"] = give({k: d for k, d in shared.items() if k in ("t", "r", "alpha") or rnd.random() < .7})
    if flag(): r["dtype"] = rnd.choice(["bfloat16", "bfloat16", "float16", "float32"])
    if rnd.random() < .2: r["out_dtype"] = rnd.choice(["bfloat16", "float32"])
    if family[0] == "t-base" and method != "passthrough" and flag(): tokens(rnd, r)
    return r
def tokens(rnd, r):
    """other vocabularies among the models, and a tokenizer for the result"""
    for m in r["models"]:
        if m["model"] != r.get("base_model") and rnd.random() < .7:
            new = rnd.choice(["./models/t-add", "./models/t-other"])
            if all(o["model"] != new for o in r["models"]): m["model"] = new
    names = [m["model"] for m in r["models"]]
    if "base_model" not in r: r["tokenizer_source"] = rnd.choice(["union", "base"]); return
    rules = {}
    if rnd.random() < .5: rules["<|im_start|>"] = {"source": {"kind": "zero"}, "force": rnd.random() < .5}
    if rnd.random() < .5: rules["<new>"] = {"source": {"kind": "model_token", "model": names[0], rnd.choice(["token", "token"]): "a"}}
    if rnd.random() < .5: rules["<other>"] = {"source": {"kind": "model_token", "model": names[0], "token_id": 5}}
    if rnd.random() < .5: rules["b"] = {"source": names[0], "force": True}
    r["tokenizer"] = {"source": rnd.choice(["union", "base"])} | ({"tokens": rules} if rules else {}) | ({"pad_to_multiple_of": rnd.choice([8, 64])} if rnd.random() < .4 else {})
def judge(longcat, r, seed, dir):
    path, out = os.path.join(dir, "recipe.yaml"), os.path.join(dir, "out"); open(path, "w").write(yaml.safe_dump(r, sort_keys=False))
    done = subprocess.run([longcat, "merge", path, out, "--no-card", "--replace", "--random-seed", str(seed)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode: return "refused: " + done.stderr.strip().splitlines()[-1]
    frees = {}; want = R.run(r, ROOT, seed=seed, frees=frees); got = check.read(out)
    if set(want) != set(got): return f"other tensors: {sorted(set(want) ^ set(got))[:3]}"
    short = {"arcee_fusion", "ramplus_tl"} & {r["merge_method"]}       # these write the recipe's dtype, mergekit float32
    vocabulary = R.vocab_of(out) if "tokenizer" in r or "tokenizer_source" in r else None
    for name, (w, dt) in want.items():
        x, have, shape, _ = got[name]
        if vocabulary and name in ("model.embed_tokens.weight", "lm_head.weight"): x = R.by_token(np.reshape(x, shape), vocabulary, R.merge.vocab)
        if short and have != dt: w, dt = R.rnd(w, have), have
        if have != dt: return f"{name}: {have}, want {dt}"
        w, x = np.asarray(w, np.float64).reshape(-1), x.reshape(-1); fixed = ~frees.get(name, np.zeros(shape, bool)).reshape(-1)
        d = np.abs(w - x)[fixed]; off = d > 0
        if off.mean() > 1 / 200 and off.sum() > 2 and dt != "F32": return f"{name}: {int(off.sum())} of {d.size} elements differ"
        least = 2e-7 * np.abs(w).max() if dt == "F32" else 0
        if (d[off] > 2.01 * check.ulp(np.maximum(np.abs(w), np.abs(x))[fixed][off], dt) + least).any() and off.sum() > 2: return f"{name}: an element is too far off"
    return None
def main():
    longcat, count, seed = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or [30])[0]), int((sys.argv[3:] or [0])[0]); wrong = 0
    np.seterr(all="ignore")
    for i in range(seed, seed + count):
        r = recipe(random.Random(i))
        with tempfile.TemporaryDirectory() as dir: said = judge(longcat, r, i, dir)
        if said: wrong += 1; print(f"{i}: {r['merge_method']}: {said}\n{json.dumps(r)}", flush=True)
    print(f"{count - wrong} passed, {wrong} failed"); sys.exit(wrong > 0)
if __name__ == "__main__": main()
