"""Learning from a larger model: its answers, its vectors, its attention."""

import importlib

PUBLIC = {
    "AttentionMaps": "attention_maps",
    "AttentionScores": "attention_scores",
    "CosineHidden": "cosine_hidden",
    "Distiller": "distiller",
    "HiddenStates": "hidden_states",
    "Relations": "relations",
    "SoftTargets": "soft_targets",
    "distilbert": "recipes",
    "distill": "distiller",
    "minilm": "recipes",
    "minilm_v2": "recipes",
    "mobilebert": "recipes",
    "student_of": "student",
    "tinybert": "recipes",
    "transfer_by_layers": "progressive",
}
__all__ = [*PUBLIC]


def __getattr__(name):
    if name in PUBLIC:
        value = getattr(importlib.import_module(f".{PUBLIC[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
