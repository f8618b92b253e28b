"""Make conversions.json: hashes of torch's conversions and products, for TestTorch.

A key reads from>work*scale>out: convert to work, multiply, convert to out.
usage: python conversions.py > conversions.json   (any torch since 2.4, on a CPU)
"""
import hashlib, itertools, json, torch

T = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32, "f64": torch.float64,
     "e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2}
TIES = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x0FFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x3001]

def all_values(name):
    d = T[name]
    if d.itemsize == 1:
        return torch.arange(256, dtype=torch.int64).to(torch.uint8).view(d)
    if d.itemsize == 2:
        return torch.arange(1 << 16, dtype=torch.int64).to(torch.int16).view(d)
    upper = torch.arange(0, 1 << 16, 3, dtype=torch.int64)
    if d.itemsize == 4:
        return torch.cat([(upper << 16 | low) for low in TIES]).to(torch.int32).view(d)
    return torch.cat([(upper << 48 | low << 29 | 1) for low in TIES]).view(d)

def digest(x):
    bits = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[x.dtype.itemsize]
    ones = 255 if bits is torch.uint8 else -1
    raw = x.view(bits).clone()
    raw[x.to(torch.float64).isnan()] = ones
    return hashlib.sha256(raw.numpy().tobytes()).hexdigest()

out = {}
for a, b in itertools.product(T, T):
    out[f"{a}>{b}*1>{b}"] = digest(all_values(a).to(T[b]))
for a, s in itertools.product(["bf16", "f16", "f32", "f64"], [0.0, 0.5, 0.3, -1.7, 1e-3]):
    out[f"{a}>{a}*{s}>{a}"] = digest(all_values(a) * s)
for a, b, s, c in [("f32", "bf16", 0.3, "f16"), ("f16", "f32", 0.3, "bf16"), ("f64", "f32", 0.7, "bf16"), ("bf16", "f16", 0.9, "f32"), ("f64", "bf16", 0.7, "f64")]:
    out[f"{a}>{b}*{s}>{c}"] = digest((all_values(a).to(T[b]) * s).to(T[c]))
print(json.dumps(out, indent=1))
