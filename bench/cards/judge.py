"""Compare what huggingface_hub sees in cards with what longcat sees.

    go run ./bench/cards DIR && python bench/cards/judge.py DIR

Needs huggingface_hub. Exits with 1 when the two differ in any card, or when
there are suspiciously few cards.
"""

import json
import logging
import pathlib
import sys

from huggingface_hub import ModelCard, metadata_load

# Up to 2.0 the library finds nothing behind a byte-order mark; the Hub does.
HIDDEN_BEFORE = {"bom", "bom-updated"}


def differences(path: pathlib.Path) -> list[str]:
    seen = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    metadata = metadata_load(path) or {}
    card = ModelCard.load(path)
    if path.stem in HIDDEN_BEFORE and not metadata:
        return []
    found = []
    if json.loads(json.dumps(metadata, default=str)) != seen["metadata"]:
        found.append(f"metadata_load: {metadata!r}, longcat: {seen['metadata']!r}")
    data = card.data.to_dict()
    for key, value in seen["metadata"].items():
        if key == "tags":  # the library drops repeated ones
            value = list(dict.fromkeys(value))
        if key == "model-index":  # rebuilt by the library, key by key
            value, data[key] = value[0]["name"], data[key][0]["name"]
        if value not in (None, []) and data.get(key) != value:
            found.append(f"ModelCard.load: {key} is {data.get(key)!r}, longcat: {value!r}")
    lines = seen["body"].splitlines()
    if card.text.splitlines() != lines:
        found.append("ModelCard.load: another body")
    return found


def main() -> int:
    logging.disable(logging.WARNING)  # cards without front matter are meant
    cards = sorted(pathlib.Path(sys.argv[1]).glob("*.md"))
    bad = 0
    for path in cards:
        for difference in differences(path):
            bad += 1
            print(f"{path.name}: {difference}")
    print(f"{len(cards)} cards, {bad} differences")
    return 1 if bad or len(cards) < 200 else 0


if __name__ == "__main__":
    sys.exit(main())
