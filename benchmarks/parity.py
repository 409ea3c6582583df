"""Largest difference from transformers, for every family and head, on random tiny models.

    KERAS_BACKEND=jax python benchmarks/parity.py

The models are those of tests/parity/families.py: weights of deviation 0.2 to 0.5, texts of
several lengths, padded. Prints a row of a Markdown table for each family.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def difference(ours, theirs, mask):
    ours, theirs = np.asarray(ours), theirs.detach().numpy()
    return float(np.abs(ours - theirs)[mask if mask is not None else ...].max())


def main():
    import keras_bert_zoo as kbz
    from tests.parity import families as tests
    from tests.tiny import to_numpy

    heads = {"Model": None, **tests.HEADS}
    print(f"| {os.environ.get('KERAS_BACKEND', 'tensorflow')} | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 1) + "|")
    for family, reference in tests.REFERENCES.items():
        cells = []
        for head, how in heads.items():
            if head in reference.lacks:
                cells.append("")
                continue
            with tempfile.TemporaryDirectory() as folder:
                cls, config = how or ("Encoder", {})
                names = tests.FAMILIES[family].hugging_face.architectures
                model = reference.build(names.get(head, head), Path(folder), **config)
                ours = getattr(kbz, cls).from_preset(folder)
                if head == "Model":
                    expected = tests.of_tokens(tests.ask(model, family).last_hidden_state)
                    found, mask = to_numpy(ours(tests.ours(family))), tests.MASK
                else:
                    expected = tests.logits_of(model, family, head)
                    found = tests.our_logits(ours, family, head)
                    whole = head in ("ForSequenceClassification", "ForMultipleChoice")
                    mask = None if whole else tests.MASK
            cells.append(f"{difference(found, expected, mask):.1e}")
        print(f"| {family} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
