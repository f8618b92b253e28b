"""A trained model, made deeper, still computes what it should, and speaks."""

import copy, os, pathlib

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

LAYERS = [*range(8), *[l for l in range(8, 22) for _ in range(2)], *range(22, 30)]
CARD = "---\nlicense: apache-2.0\nlanguage:\n- en\n---\n# SmolLM2-135M-Instruct\n"


@pytest.fixture(scope="session")
def smollm(tmp_path_factory):
    """The model as a folder in several files, as it would be on a Hub."""
    dir = tmp_path_factory.mktemp("smollm")
    [gguf] = pathlib.Path(os.environ["SMOLLM"]).glob("*.gguf")
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True))
    model.save_pretrained(dir, max_shard_size="100MB")
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(dir)
    (dir / "README.md").write_text(CARD)
    assert len(list(dir.glob("*.safetensors"))) > 1
    return dir


def load(dir):
    model, report = AutoModelForCausalLM.from_pretrained(dir, dtype=torch.bfloat16, output_loading_info=True)
    for kind in "missing_keys", "unexpected_keys", "mismatched_keys":
        assert not report[kind], report
    return model.eval()


def rearranged(model):
    """The model with its layers in the new order, by torch alone."""
    deep = copy.deepcopy(model)
    layers = [copy.deepcopy(model.model.layers[l]) for l in LAYERS]
    for new, layer in enumerate(layers):
        layer.self_attn.layer_idx = new
    deep.model.layers = torch.nn.ModuleList(layers)
    deep.config.num_hidden_layers = len(layers)
    return deep


@torch.no_grad()
def test_smollm_from_hf_to_hf(hub, repo, smollm, tmp_path):
    hub.hf("upload", repo + "-base", smollm)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(hub.longcat("upscale", repo + "-base", "--layers", "8:22").stdout)
    published = hub.longcat("publish", recipe, "--to", repo, "--shard-size", "150MB")
    assert "verified" in published.stderr
    stranger = hub.at_home(tmp_path / "stranger")
    dir = tmp_path / "deep"
    stranger.hf("download", repo, "--local-dir", dir, HF_TOKEN=None)

    base, deep, tokenizer = load(smollm), load(dir), AutoTokenizer.from_pretrained(dir)
    assert deep.config.num_hidden_layers == 44
    chat = [{"role": "user", "content": "What is the capital of France?"}]
    asked = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    assert torch.equal(deep(**asked).logits, rearranged(base)(**asked).logits)

    def answer(model):
        tokens = model.generate(**asked, max_new_tokens=24, do_sample=False)[0, asked["input_ids"].shape[1]:]
        return tokenizer.decode(tokens, skip_special_tokens=True)

    assert "Paris" in answer(base)
    said = answer(deep)
    print("the deeper model says:", said)
    assert any(c.isalpha() for c in said)
