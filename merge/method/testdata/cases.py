#!/usr/bin/env python3
"""Makes cases.json: random tensors and parameters of every method, with the sha256 of what an independent
implementation in numpy computes. usage: cases.py FOLDER-OF-reference.py COUNT SEED > cases.json
Inputs are made of MT19937's words, as the Go test makes them: see inputs()."""
import sys, json, hashlib, random
sys.path.insert(0, sys.argv[1])
import numpy as np, reference as R
np.seterr(all="ignore")

def inputs(seed, shape, dtypes, base):
    """the base is uniform in ±1/16; the others are it plus a change of at most 1/8 of that, many changes 0"""
    n = int(np.prod(shape)); r = np.random.RandomState(seed); out = []
    unit = lambda: r.randint(0, 2**32, size=n, dtype=np.uint32).astype(np.float64) * 2.0**-31 - 1
    root = unit() / 16
    for i, d in enumerate(dtypes):
        x = root
        if i != base: change = unit() / 128; x = root + np.where(np.abs(change) < 1 / 1024, 0, change)
        out.append(R.rnd(x, d).reshape(shape))
    return out

SHAPES = [[1], [7], [64], [5, 3], [16, 48], [3, 4096], [70, 100], [9, 5000], [40000], [2, 3, 4], [6, 1, 4], [300, 900]]
def param(rnd, method, name):
    u = rnd.uniform
    return {"weight": lambda: round(u(-.3, 1.2), 2) or .5, "normalize": lambda: rnd.random() < .5, "t": lambda: u(0, 1) if method == "slerp" else u(0, .01),
        "nuslerp_row_wise": lambda: rnd.random() < .5, "nuslerp_flatten": lambda: rnd.random() < .4, "normalize_weights": lambda: rnd.random() < .5, "eps": lambda: 1e-8,
        "max_iter": lambda: rnd.choice([1, 3, 10]), "tol": lambda: rnd.choice([1e-5, 1e-9]), "int8_mask": lambda: False, "rescale": lambda: rnd.random() < .5,
        "lambda": lambda: rnd.choice([1, u(.5, 1.5)]), "density": lambda: rnd.choice([1, 0, u(.2, .8), u(.3, .7), round(u(.2, .8), 2)]), "gamma": lambda: rnd.choice([0, .01, u(0, .3)]),
        "epsilon": lambda: rnd.choice([.05, .1, .15]) if method.startswith("della") else rnd.choice([1e-5, 1e-3]), "select_topk": lambda: rnd.choice([1, 0, u(.1, .9)]),
        "filter_wise": lambda: rnd.random() < .5, "r": lambda: u(0, .4), "alpha": lambda: u(.05, .4), "scale": lambda: rnd.choice(["none", u(0, 2)])}[name]()
def make(seed):
    rnd = random.Random(seed); method = rnd.choice(sorted(R.PARAMS))
    P = R.PARAMS[method]; shape = rnd.choice(SHAPES)
    k = {"slerp": 2, "nearswap": 2, "arcee_fusion": 2, "passthrough": 1}.get(method) or rnd.choice([2, 3, 4])
    base = rnd.randrange(k)
    if method in ("linear", "karcher", "passthrough"): base = -1
    if method in ("nuslerp", "multislerp"): base = rnd.choice([-1, base])
    if method == "nuslerp": k = 2 if base < 0 else 3; base = min(base, k - 1)
    if method == "model_stock": k = max(k, 3)
    dtype = rnd.choice(["", "", "BF16", "BF16", "F16", "F32", "F64"]); one = rnd.choice(["BF16", "BF16", "F16", "F32", "F32", "F64"])
    dtypes = [one if rnd.random() < .9 else rnd.choice(["BF16", "F32"]) for _ in range(k)]
    shared = {n: param(rnd, method, n) for n, (s, _) in P.items() if s == "shared"}
    per = [{n: param(rnd, method, n) for n, (s, _) in P.items() if s == "input" or s == "other" and i != base} for i in range(k)]
    num = lambda d: {a: float(b) for a, b in d.items() if b != "none" and a != "int8_mask"}
    return dict(seed=seed, method=method, shape=shape, dtypes=dtypes, base=base, dtype=dtype, params=num(shared), each=[num(p) for p in per])
def compute(c, exact):
    xs = inputs(c["seed"], c["shape"], c["dtypes"], c["base"]); m, base = c["method"], c["base"]
    if c["dtype"]: xs = [R.rnd(x, c["dtype"]) for x in xs]
    dt = c["dtype"] or R.promote(c["dtypes"]); xs = [np.asarray(x, np.float64) if exact or dt == "F64" else x for x in xs]
    a = R.A(dt, exact, R.Random(c["seed"])); p, per = dict(c["params"]), c["each"]
    for f in ("normalize", "rescale", "nuslerp_row_wise", "nuslerp_flatten", "normalize_weights", "filter_wise"): 
        if f in p: p[f] = bool(p[f])
    b = xs[base] if base >= 0 else None; o = [x for i, x in enumerate(xs) if i != base]; op = [q for i, q in enumerate(per) if i != base]; ww = [q.get("weight") for q in op]
    if m == "linear":
        if p["normalize"] and sum(np.float32(q["weight"]) for q in per) == 0: raise ValueError
        y = R.linear(a, xs, [q["weight"] for q in per], p["normalize"])
    elif m == "passthrough": s = per[0].get("scale"); y = xs[0] if s is None else a.q(xs[0] * a.s(s))
    elif m == "slerp": y = R.slerp(a, p["t"], b, o[0])
    elif m == "nuslerp": y = R.nuslerp(a, b, o, ww, p["nuslerp_row_wise"], p["nuslerp_flatten"])
    elif m == "multislerp": y = R.multislerp(a, b, o, ww, p["normalize_weights"], p["eps"])
    elif m == "karcher": y = R.karcher(a, xs, int(p["max_iter"]), p["tol"])
    elif m in R.SPARSE: y = R.gta(a, m, b, o, p, op)
    elif m == "sce": y = R.sce(a, b, o, p["select_topk"])
    elif m == "model_stock": y = R.model_stock(a, b, o, p["filter_wise"])
    elif m == "nearswap": y = R.nearswap(a, b, o[0], p["t"])
    elif m == "arcee_fusion": y = R.arcee(a, b, o[0])
    elif m == "ram": y = R.ram(a, b, o, p["epsilon"])
    elif m == "ramplus_tl": y = R.ram(a, b, o, p["epsilon"], p["r"], p["alpha"])
    x = R.rnd(y, dt)
    return (R.bits_bf16(x).astype("<u2") if dt == "BF16" else np.ascontiguousarray(x).astype({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dt])).tobytes()
def main(count, seed):
    out = []
    while len(out) < count:
        seed += 1; c = make(seed)
        dt = c["dtype"] or R.promote(c["dtypes"]); trig = c["method"] in ("slerp", "nuslerp", "multislerp", "karcher")
        if (trig and dt != "BF16" and dt != "F16") or (dt == "F64" and c["method"] not in ("linear", "nearswap", "ram", "ramplus_tl", "passthrough", "task_arithmetic")): continue   # the last bit hangs on the order of a sum, or on a library's sine
        try: c["sha256"], c["precise"] = (hashlib.sha256(compute(c, e)).hexdigest() for e in (False, True))
        except (ValueError, IndexError) as e: print(seed, c["method"], repr(e), file=sys.stderr); continue
        out.append(c)
    print("[" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "]")
if __name__ == "__main__": main(int(sys.argv[2]), int(sys.argv[3]))
