"""A merge that longcat publishes is a whole model for the Python libraries."""

import json, math, random, struct

import pytest
from huggingface_hub import snapshot_download
from safetensors import deserialize

LAYERS, HIDDEN, INTER, VOCAB = 8, 64, 160, 256
ORDER = [0, 1, *[l for l in range(2, 6) for _ in range(2)], 6, 7]
RECIPE = """\
slices:
  - sources: [{model: BASE, layer_range: [0, 2]}]
""" + "".join(f"  - sources: [{{model: BASE, layer_range: [{l}, {l + 1}]}}]\n" * 2 for l in range(2, 6)) + """\
  - sources: [{model: BASE, layer_range: [6, 8]}]
merge_method: passthrough
dtype: bfloat16
"""


def tensors():
    shapes = {"model.embed_tokens.weight": [VOCAB, HIDDEN], "model.norm.weight": [HIDDEN], "lm_head.weight": [VOCAB, HIDDEN]}
    for l in range(LAYERS):
        for name, shape in {
            "input_layernorm": [HIDDEN], "post_attention_layernorm": [HIDDEN],
            "mlp.down_proj": [HIDDEN, INTER], "mlp.gate_proj": [INTER, HIDDEN], "mlp.up_proj": [INTER, HIDDEN],
            "self_attn.q_proj": [HIDDEN, HIDDEN], "self_attn.k_proj": [HIDDEN // 2, HIDDEN],
            "self_attn.v_proj": [HIDDEN // 2, HIDDEN], "self_attn.o_proj": [HIDDEN, HIDDEN],
        }.items():
            shapes[f"model.layers.{l}.{name}.weight"] = shape
    rng = random.Random(1)
    return {name: {"shape": shape, "data": rng.randbytes(2 * math.prod(shape))} for name, shape in shapes.items()}


def write(path, tensors):
    """The safetensors format, by hand: NumPy knows no bfloat16."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": "BF16", "shape": t["shape"], "data_offsets": [at, at + len(t["data"])]}
        at += len(t["data"])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t["data"] for t in tensors.values()))


def expected(base):
    """What the merge must hold: the layers in their new order."""
    merged = {name: t for name, t in base.items() if ".layers." not in name}
    for new, old in enumerate(ORDER):
        prefix = f"model.layers.{old}."
        merged |= {f"model.layers.{new}." + name.removeprefix(prefix): t for name, t in base.items() if name.startswith(prefix)}
    return merged


@pytest.fixture
def base(hub, repo, tmp_path):
    """A small model in a repo, and its tensors."""
    dir = tmp_path / "base"
    dir.mkdir()
    content = tensors()
    write(dir / "model.safetensors", content)
    (dir / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "num_hidden_layers": LAYERS, "hidden_size": HIDDEN,
        "intermediate_size": INTER, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": VOCAB, "tie_word_embeddings": False,
    }))
    (dir / "generation_config.json").write_text("{}")
    (dir / "README.md").write_text("---\nlicense: apache-2.0\nlanguage:\n- en\n---\n# Base\n")
    hub.hf("upload", repo + "-base", dir)
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace("BASE", repo + "-base"))
    return content


def read(dir):
    """All tensors of a model, found as transformers finds them: by the index."""
    index = json.loads((dir / "model.safetensors.index.json").read_text())
    found = {}
    for name in sorted(set(index["weight_map"].values())):
        for tensor, t in deserialize((dir / name).read_bytes()):
            assert index["weight_map"].pop(tensor) == name
            found[tensor] = t
    assert not index["weight_map"], "the index lists tensors that are in no shard"
    assert index["metadata"]["total_size"] == sum(len(t["data"]) for t in found.values())
    return found


def check(dir, base):
    found, want = read(dir), expected(base)
    assert found.keys() == want.keys()
    for name, t in found.items():
        assert (t["dtype"], t["shape"], bytes(t["data"])) == ("BF16", want[name]["shape"], want[name]["data"]), name
    assert json.loads((dir / "config.json").read_text())["num_hidden_layers"] == len(ORDER)


def test_publish(hub, api, repo, base, tmp_path, monkeypatch):
    done = hub.longcat("publish", tmp_path / "recipe.yaml", "--to", repo, "--shard-size", "400kB")
    assert "verified" in done.stderr
    dir = tmp_path / "merged"
    hub.at_home(tmp_path / "stranger").hf("download", repo, "--local-dir", dir, HF_TOKEN=None)
    assert len(list(dir.glob("model-*-of-*.safetensors"))) > 1
    check(dir, base)
    for shard in dir.glob("*.safetensors"):
        content = shard.read_bytes()
        header = json.loads(content[8:8 + struct.unpack_from("<Q", content)[0]])
        assert header["__metadata__"] == {"format": "pt"}
    info = api.model_info(repo)
    assert info.card_data.base_model == repo + "-base" and info.card_data.license == "apache-2.0"
    assert {"merge", f"base_model:{repo}-base", f"base_model:merge:{repo}-base"} <= set(info.tags)
    meta = api.get_safetensors_metadata(repo)
    assert meta.sharded and sum(meta.parameter_count.values()) == sum(len(t["data"]) for t in expected(base).values()) // 2
    hub.longcat("verify", repo, "--shard-size", "400kB")
    hub.hf("download", repo)  # by default the endpoint's own user sees the same
    hub.hf("cache", "verify", repo)


def test_publish_again_sends_nothing(hub, api, repo, base, tmp_path):
    args = ["publish", tmp_path / "recipe.yaml", "--to", repo, "--shard-size", "400kB"]
    hub.longcat(*args)
    commit = api.model_info(repo).sha
    again = json.loads(hub.longcat(*args, "--json").stdout)
    assert again["sent"] == 0
    assert api.model_info(repo).sha == commit


def test_merge_from_a_cache_that_python_filled(hub, repo, base, tmp_path):
    snapshot_download(repo + "-base", endpoint=hub.endpoint, cache_dir=hub.cache)
    hub.without_network().longcat("merge", tmp_path / "recipe.yaml", tmp_path / "merged", "--shard-size", "400kB", HF_HUB_OFFLINE="1")
    check(tmp_path / "merged", base)
    hub.hf("upload", repo, tmp_path / "merged")
    hub.longcat("verify", repo, "--shard-size", "400kB")
