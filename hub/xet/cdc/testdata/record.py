#!/usr/bin/env python3
"""Records what hf_xet, the reference implementation, says of 50 files.

    pip install hf_xet==1.8.0 numpy
    python3 record.py > hashes.json

Every file is made from its kind, seed and size alone, so that the test can
make it again: "random" is the SplitMix64 generator's numbers, little-endian;
"zeros" is zero bytes; "weights" is random bytes of which every second one is
made one of 16 values, as the exponents of a model's bfloat16 weights are.
"""

import importlib.metadata
import json
import os
import tempfile

import hf_xet
import numpy

KIB, MB = 1 << 10, 10**6
NEAR_BOUNDS = [near + d for near in (8 * KIB, 64 * KIB, 128 * KIB) for d in (-1, 0, 1)]
CASES = (
    [("zeros", 0, 0), ("random", 1, 1), ("random", 2, 100)]
    + [("random", 10 + i, n) for i, n in enumerate(NEAR_BOUNDS)]
    + [("zeros", 0, n) for n in NEAR_BOUNDS]
    + [("random", 30 + i, n * MB // 4) for i, n in enumerate(range(1, 16))]
    + [("weights", 50 + i, n * MB) for i, n in enumerate((1, 2, 3, 4, 5, 6, 7))]
    + [("zeros", 0, n * MB) for n in (1, 7, 20)]
    + [("random", 60, 4 * MB), ("random", 61, 7 * MB), ("weights", 62, 20 * MB), ("random", 63, 300 * MB)]
)


def content(kind: str, seed: int, size: int) -> bytes:
    if kind == "zeros":
        return bytes(size)
    with numpy.errstate(over="ignore"):
        n = numpy.uint64(-(-size // 8))
        z = numpy.uint64(seed) + numpy.arange(1, n + numpy.uint64(1), dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    data = z.astype("<u8").view(numpy.uint8)[:size]
    if kind == "weights":
        data[1::2] = data[1::2] % 16 + 0x38
    return data.tobytes()


def main() -> None:
    assert len(CASES) == 50
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, seed, size in CASES:
            path = os.path.join(folder, "file")
            with open(path, "wb") as f:
                f.write(content(kind, seed, size))
            info = hf_xet.hash_files([path])[0]
            cases.append(json.dumps({"kind": kind, "seed": seed, "size": size, "hash": info.hash}))
    print('{"made_by": "hf_xet %s", "files": [' % importlib.metadata.version("hf_xet"))
    print(",\n".join(cases) + "\n]}")


if __name__ == "__main__":
    main()
