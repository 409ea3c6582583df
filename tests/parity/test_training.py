"""The same updates as a loop written by hand with transformers and torch."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.parity.references import INPUTS, assert_same, reference, run, theirs
from tests.tiny import VOCABULARY, to_numpy

STEPS = 6
LABELS = np.array([0, 2, 1, 1])


def by_hand(model, recipe):
    """Losses of AdamW with exclusions, clipping, warm-up and linear decay."""
    import torch
    import transformers

    spared = ("bias", "LayerNorm.weight")
    groups = [
        {
            "params": [p for n, p in model.named_parameters() if n.endswith(spared) is no_decay],
            "weight_decay": 0.0 if no_decay else recipe.weight_decay,
        }
        for no_decay in (True, False)
    ]
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, eps=1e-8)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 2, STEPS)
    losses = []
    for _ in range(STEPS):
        logits = model(**theirs(INPUTS)).logits
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses


def logits_of(model):
    return run(model).logits.numpy()


def test_fine_tuning_step_by_step(tmp_path):
    # Adam divides by the size of a gradient, so what is rounding in a gradient of nearly nothing
    # is a whole step: with larger weights the float32 noise of two machines shows in the logits.
    options = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    options |= {"num_labels": 3, "initializer_range": 0.2}
    model = reference("BertForSequenceClassification", tmp_path, **options)
    before = logits_of(model)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY[:61]) + "\n")
    task = kbz.TextClassifier.from_preset(tmp_path)
    recipe = kbz.Recipe(learning_rate=1e-3, warmup=1 / 3, weight_decay=0.1, clip_norm=1.0)
    task.recipe = recipe
    task.compile(total_steps=STEPS)
    ours = []
    for _ in range(STEPS):
        task.reset_metrics()
        ours.append(task.train_on_batch(INPUTS, LABELS, return_dict=True)["loss"])
    expected = by_hand(model, recipe)
    assert abs(logits_of(model) - before).max() > 0.3
    assert ours == pytest.approx(expected, abs=1e-4)
    assert_same(to_numpy(task(INPUTS)), logits_of(model), atol=1e-4)
