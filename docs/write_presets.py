"""Writes docs/presets.md from the preset files: `python docs/write_presets.py`."""

from itertools import groupby
from pathlib import Path

from keras_bert_zoo.registry import list_presets

HEAD = """# Presets

`kbz.TextClassifier.from_preset("roberta_base_en", labels=[...])` fetches the weights of the named
repository and checks them against the numbers here; those of `bert_nano_en_uncased` come with the
package. Parameters are the encoder's, with its pooler. Any other checkpoint of these families is
read as `hf://owner/name`. Scores are those of the linked pages, which say how they were reached;
none were measured here. This page is written by `docs/write_presets.py`.
"""
COLUMNS = (
    "preset",
    "layers x width",
    "longest",
    "parameters",
    "languages",
    "licence",
    "weights",
    "published scores",
    "",
)


def row(preset):
    config = preset.config
    names = [preset.name, *preset.aliases]
    return (
        "<br>".join(f"`{name}`" for name in names),
        f"{config['num_layers']} x {config['hidden_dim']}",
        f"{config['max_sequence_length']:,}",
        f"{preset.parameters:,}",
        ", ".join(preset.languages),
        preset.license,
        weights(preset),
        "<br>".join(
            f"[{', '.join(f'{what} {score}' for what, score in scores.items())}]({address})"
            for address, scores in preset.scores.items()
        ),
        f"[paper]({preset.paper}) {preset.description}",
    )


def weights(preset):
    """Where the weights are to be looked at."""
    for source in preset.sources:
        if source.startswith("hf://"):
            repository = source.removeprefix("hf://")
            return f"[{repository}](https://huggingface.co/{repository})"
    return f"[in the package](../presets/{preset.name}/README.md)"


def page():
    """The text of docs/presets.md."""
    parts = [HEAD]
    for family, presets in groupby(list_presets(), key=lambda preset: preset.family):
        lines = [COLUMNS, ["---"] * len(COLUMNS), *map(row, presets)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"## {family}\n\n{table}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("presets.md").write_text(page(), encoding="utf-8")
