"""Tiny random models made by transformers, saved as folders, with what they compute."""

import json

import numpy as np
import pytest

from tests.tiny import random_inputs

SIZES = {
    "vocab_size": 61,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 24,
    "initializer_range": 0.5,  # large, so that a wrong activation or epsilon shows
}

INPUTS = random_inputs(batch=4, length=9, vocabulary_size=SIZES["vocab_size"])

# Regions of images for the same rows, and what transformers calls them; the second row has none.
VISUAL_DIM, REGIONS = 6, np.array([4, 0, 2, 3])
VISUAL_NAMES = {
    "visual_embeds": "visual_features",
    "visual_token_type_ids": "visual_segment_ids",
    "visual_attention_mask": "visual_mask",
}


def random_images():
    """The visual inputs: regions of one image, or of two in the third row."""
    mask = (np.arange(REGIONS.max()) < REGIONS[:, None]).astype("int32")
    features = np.random.default_rng(3).normal(size=(*mask.shape, VISUAL_DIM)).astype("float32")
    segments = mask.copy()
    segments[2, 0] = 0
    return {"visual_features": features, "visual_segment_ids": segments, "visual_mask": mask}


IMAGES = random_images()


def theirs(inputs):
    """Our inputs under transformers' names, as torch tensors."""
    import torch

    names = {
        "input_ids": "token_ids",
        "token_type_ids": "segment_ids",
        "attention_mask": "padding_mask",
    }
    return {key: torch.tensor(inputs[ours]).long() for key, ours in names.items()}


def reference(head, folder, config_class="BertConfig", **config):
    """Saves a random model with this head; returns it. A field of `...` is left out."""
    transformers = pytest.importorskip("transformers", reason="the reference: pip install .[test]")
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        sizes = {key: value for key, value in {**SIZES, **config}.items() if value is not ...}
        options = getattr(transformers, config_class)(**sizes)
        model = getattr(transformers, head)(options).eval()
        for name, weight in model.named_parameters():
            if name.endswith("bias") or "norm" in name.lower():
                weight.add_(torch.randn_like(weight) * 0.3)
    model.save_pretrained(folder)
    return model


def run(model, **options):
    """The reference's outputs."""
    import torch

    with torch.no_grad():
        return model(**theirs(INPUTS), **options)


def edit_config(folder, **changes):
    """Changes fields of config.json; a field set to `...` is removed."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not ...}))


def assert_same(ours, expected, mask=None, atol=1e-5):
    """Equal to `atol` where the mask is 1."""
    ours = np.asarray(ours)
    expected = expected.detach().numpy() if hasattr(expected, "detach") else np.asarray(expected)
    if mask is not None:
        ours, expected = ours[mask.astype(bool)], expected[mask.astype(bool)]
    np.testing.assert_allclose(ours, expected, atol=atol, rtol=1e-5)
