"""Learning from a larger model: its answers, its vectors, its attention."""

from ...lazy import lazy

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
__getattr__, __dir__ = lazy(__name__, PUBLIC)
