"""A tiny random model of every family, by transformers, and what both give for one input."""

import dataclasses

import numpy as np

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from tests.parity.references import (
    IMAGES,
    INPUTS,
    SIZES,
    VISUAL_DIM,
    VISUAL_NAMES,
    reference,
)
from tests.tiny import VOCABULARY, to_numpy

MASK = INPUTS["padding_mask"].astype(bool)
PLACES = np.tile(np.arange(9, dtype="int32"), (4, 1))
DEBERTA = {
    "relative_attention": True,
    "share_att_key": True,
    "position_biased_input": False,
    "type_vocab_size": 0,
    "norm_rel_ebd": "layer_norm",
    "position_buckets": 4,
    "pos_att_type": ["p2c", "c2p"],
    "legacy": True,
}
MOBILEBERT = {
    "initializer_range": 0.2,  # without norms that centre, its vectors grow to tens with more
    "embedding_size": 8,
    "intra_bottleneck_size": 8,
    "num_feedforward_networks": 3,
    "hidden_act": "relu",
    "classifier_activation": False,
}
MODERNBERT = {
    "pad_token_id": 0,
    "num_hidden_layers": 4,
    "global_attn_every_n_layers": 3,
    "local_attention": 4,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "cls_token_id": 1,
    "sep_token_id": 2,
}
XLM = {
    "emb_dim": 16,
    "n_layers": 2,
    "n_heads": 2,
    "n_langs": 3,
    "lang2id": {"de": 0, "en": 1, "fr": 2},
    "init_std": 0.3,
    "embed_init_std": 0.3,
    "pad_token_id": 0,
    "bos_token_id": 3,
    "eos_token_id": 4,
    **dict.fromkeys(("hidden_size", "num_hidden_layers", "num_attention_heads"), ...),
    "intermediate_size": ...,
}
PADDED = {"pad_token_id": 1, "type_vocab_size": 1, "max_position_embeddings": 26}


@dataclasses.dataclass(frozen=True)
class Reference:
    """How transformers names a family, and what a tiny model of it has.

    Args:
        classes: what its classes begin with.
        config: changes to the sizes of `references.SIZES`.
        segments: whether it takes segment ids.
        lacks: heads that transformers does not have for it.
        alone: whether its texts are read one by one there, because padding changes them.
        visual: whether it also reads images.
    """

    classes: str
    config: dict = dataclasses.field(default_factory=dict)
    segments: bool = True
    lacks: tuple = ()
    alone: bool = False
    visual: bool = False

    def build(self, head, folder, **config):
        folder.mkdir(exist_ok=True)
        words = VOCABULARY[:61]
        pad = self.config.get("pad_token_id", 0)
        words[0], words[pad] = words[pad], words[0]
        kbz.Tokenizer.from_vocabulary(words).save(folder)
        config = {"initializer_range": 0.3, **self.config, **config}
        return reference(f"{self.classes}{head}", folder, f"{self.classes}Config", **config)


REFERENCES = {
    "albert": Reference("Albert", {"embedding_size": 8, "hidden_act": "gelu_new"}),
    "bert": Reference("Bert"),
    "camembert": Reference("Camembert", PADDED, segments=False),
    "deberta": Reference(
        "Deberta",
        {
            "relative_attention": True,
            "position_biased_input": False,
            "type_vocab_size": 0,
            "pos_att_type": ["c2p", "p2c"],
        },
        segments=False,
        lacks=("ForMultipleChoice",),
    ),
    "deberta_v2": Reference("DebertaV2", DEBERTA, segments=False),
    "distilbert": Reference(
        "DistilBert",
        {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
        segments=False,
    ),
    "electra": Reference("Electra", {"embedding_size": 8}),
    "ernie": Reference("Ernie", {"use_task_id": True, "task_type_vocab_size": 4}),
    "mobilebert": Reference("MobileBert", MOBILEBERT, alone=True),
    "modernbert": Reference("ModernBert", MODERNBERT, segments=False),
    "mpnet": Reference("MPNet", PADDED, segments=False),
    "roberta": Reference("Roberta", PADDED, segments=False),
    "visual_bert": Reference(
        "VisualBert",
        {"visual_embedding_dim": VISUAL_DIM, "pad_token_id": 0},
        lacks=("ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM"),
        visual=True,
    ),
    "xlm": Reference("XLM", XLM, segments=False),
    "xlm_roberta": Reference("XLMRoberta", PADDED, segments=False),
    "xlm_roberta_xl": Reference("XLMRobertaXL", PADDED, segments=False),
    "xlnet": Reference(
        "XLNet",
        {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32, "max_position_embeddings": ...},
        alone=True,
        lacks=("ForMaskedLM",),
    ),
}
HEADS = {
    "ForSequenceClassification": ("TextClassifier", {"num_labels": 3}),
    "ForTokenClassification": ("TokenClassifier", {"num_labels": 5}),
    "ForMultipleChoice": ("MultipleChoice", {}),
    "ForQuestionAnswering": ("SpanExtractor", {}),
    "ForMaskedLM": ("MaskedLM", {"initializer_range": 0.2}),
}


def ids_of(family):
    """Ids that do not hold the padding id inside of a text: RoBERTa counts positions by it."""
    ids = INPUTS["token_ids"]
    pad = REFERENCES[family].config.get("pad_token_id", 0)
    return np.where(MASK, np.where(ids == pad, 7, ids), pad)


def theirs(family, choices=False):
    import torch

    inputs = {"input_ids": ids_of(family), "attention_mask": INPUTS["padding_mask"]}
    if REFERENCES[family].segments:
        inputs["token_type_ids"] = INPUTS["segment_ids"]
    inputs = {key: torch.tensor(value).long() for key, value in inputs.items()}
    if REFERENCES[family].visual:
        inputs |= {key: torch.tensor(IMAGES[name]) for key, name in VISUAL_NAMES.items()}
    return {k: v.view(2, 2, *v.shape[1:]) for k, v in inputs.items()} if choices else inputs


def ours(family, choices=False):
    inputs = {**INPUTS, "token_ids": ids_of(family).astype("int32")}
    if REFERENCES[family].visual:
        inputs |= IMAGES
    return {k: v.reshape(2, 2, *v.shape[1:]) for k, v in inputs.items()} if choices else inputs


def ask(model, family, choices=False, **options):
    """What the reference gives for our inputs, a dictionary."""
    import torch

    with torch.no_grad():
        if not REFERENCES[family].alone:
            return model(**theirs(family, choices), **options)
        rows = []
        for row, length in enumerate(MASK.sum(axis=1)):
            inputs = {k: v[row : row + 1, :length] for k, v in theirs(family).items()}
            inputs = {k: v[:, None] if choices else v for k, v in inputs.items()}
            rows.append(model(**inputs, **options))
    shape = (2, 2) if choices else None
    return type(rows[0])(
        **{
            key: together(key, [row[key] for row in rows], shape)
            for key in rows[0]
            if key != "mems"
        }
    )


def together(key, parts, shape):
    """One tensor of the rows' tensors; those of tokens are filled up with zeros."""
    import torch

    if isinstance(parts[0], tuple):
        return tuple(together(key, list(layer), shape) for layer in zip(*parts))
    longest = MASK.shape[1]
    if key in ("last_hidden_state", "hidden_states", "start_logits", "end_logits") or (
        key == "logits" and parts[0].ndim == 3
    ):
        fill = lambda x: torch.cat([x, x.new_zeros(1, longest - x.shape[1], *x.shape[2:])], 1)  # noqa: E731
        parts = [fill(part) for part in parts]
    whole = torch.cat(parts)
    return whole if shape is None else whole.view(*shape)


def logits_of(model, family, head):
    import torch

    outputs = ask(model, family, head == "ForMultipleChoice")
    if head == "ForQuestionAnswering":
        return torch.stack([outputs.start_logits, outputs.end_logits], dim=-1)
    return outputs.logits


def our_logits(task, family, head):
    inputs = ours(family, head == "ForMultipleChoice")
    if head == "ForMaskedLM":
        inputs["mask_positions"] = PLACES
    return to_numpy(task(inputs))


def of_tokens(states):
    """States without those of an image's regions, which stand behind the tokens."""
    return states[:, : MASK.shape[1]]


def tiny(family, **changes):
    family = FAMILIES[family]
    known = {field.name for field in dataclasses.fields(family.Config)}
    names = {**{ours: ours for ours in known}, **family.hugging_face.config}
    sizes = {"vocabulary_size": "vocab_size", "num_layers": "num_hidden_layers"}
    sizes |= {"hidden_dim": "hidden_size", "num_heads": "num_attention_heads"}
    sizes |= {"intermediate_dim": "intermediate_size"}
    sizes |= {"max_sequence_length": "max_position_embeddings"}
    values = {ours: SIZES[theirs] for ours, theirs in sizes.items() if ours in names}
    if "embedding_dim" in known:
        values["embedding_dim"] = 8
    if "visual_dim" in known:
        values["visual_dim"] = VISUAL_DIM
    return family.build(family.Config(**{**values, **changes}))
