"""Every family, with every head: what transformers gives, and back into its format."""

import dataclasses
import json

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.preprocessing import preprocessor_for
from tests.parity.references import (
    IMAGES,
    INPUTS,
    SIZES,
    VISUAL_DIM,
    VISUAL_NAMES,
    assert_same,
    edit_config,
    reference,
)
from tests.tiny import VOCABULARY, tiny_tokenizer, to_numpy

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


def test_every_family_has_a_reference():
    assert set(REFERENCES) == set(FAMILIES)


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


@pytest.mark.parametrize("family", REFERENCES)
def test_encoder(family, tmp_path):
    model = REFERENCES[family].build("Model", tmp_path)
    encoder = kbz.Encoder.from_preset(tmp_path)
    expected = ask(model, family, output_hidden_states=True)
    traced = encoder.trace(ours(family), attention_maps=False)
    assert_same(to_numpy(encoder(ours(family))), of_tokens(expected.last_hidden_state), MASK)
    # Some families norm or project their first state later than others.
    for state, theirs_ in list(zip(traced["hidden_states"], expected.hidden_states))[-2:]:
        assert_same(of_tokens(to_numpy(state)), of_tokens(theirs_), MASK)
    if encoder.pooler is not None:
        assert_same(to_numpy(traced["pooled_output"]), expected.pooler_output)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])


@pytest.mark.parametrize(("layers", "groups"), [(4, 2), (3, 2), (3, 3)])
def test_groups_of_albert(layers, groups, tmp_path):
    import torch

    sizes = {"num_hidden_layers": layers, "num_hidden_groups": groups}
    model = REFERENCES["albert"].build("Model", tmp_path, **sizes)
    with torch.no_grad():
        expected = model(**theirs("albert")).last_hidden_state
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert len({id(block) for block in encoder.blocks}) == groups
    assert_same(to_numpy(encoder(ours("albert"))), expected, MASK)


def test_convolution_of_deberta_v2(tmp_path):
    import torch

    config = {"conv_kernel_size": 3, "conv_act": "gelu", "num_hidden_layers": 3}
    model = REFERENCES["deberta_v2"].build("ForTokenClassification", tmp_path / "theirs", **config)
    with torch.no_grad():
        expected = model(**theirs("deberta_v2")).logits
    task = kbz.TokenClassifier.from_preset(tmp_path / "theirs")
    assert task.conversion_report.leftover == []
    assert_same(to_numpy(task(ours("deberta_v2"))), expected, MASK)
    task.save_to_hugging_face(tmp_path / "back")
    again = type(model).from_pretrained(tmp_path / "back").eval()
    with torch.no_grad():
        np.testing.assert_array_equal(again(**theirs("deberta_v2")).logits, expected)


def test_places_further_apart_than_the_table_of_deberta(tmp_path):
    import torch

    model = REFERENCES["deberta"].build("Model", tmp_path, max_position_embeddings=4)
    with torch.no_grad():
        expected = model(**theirs("deberta")).last_hidden_state
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(ours("deberta"))), expected, MASK)


def test_modernbert_as_transformers_4_wrote_it_and_as_5_does(tmp_path):
    """A pattern of layers and two rotations in one field each, or in lists; the mean as pooling."""
    import torch

    config = {"classifier_pooling": "mean", "global_rope_theta": 50.0, "local_rope_theta": 7.0}
    model = REFERENCES["modernbert"].build("ForSequenceClassification", tmp_path, **config)
    with torch.no_grad():
        expected = model(**theirs("modernbert")).logits
    written = json.loads((tmp_path / "config.json").read_text())
    assert {"layer_types", "rope_parameters"} <= written.keys()
    task = kbz.TextClassifier.from_preset(tmp_path)
    found = task.encoder.config
    assert (found.global_rotary_base, found.local_rotary_base) == (50.0, 7.0)
    assert found.classifier_pooling == "mean"
    assert_same(to_numpy(task(ours("modernbert"))), expected)
    edit_config(tmp_path, layer_types=..., rope_parameters=..., **config)
    again = kbz.TextClassifier.from_preset(tmp_path)
    assert again.encoder.config == found
    # A pattern that is not one layer in so many, and a stretched rotation, are refused.
    near, far = "sliding_attention", "full_attention"
    edit_config(tmp_path, layer_types=[far, near, far, far])
    with pytest.raises(kbz.ConversionError, match="config.json: layer_types"):
        kbz.TextClassifier.from_preset(tmp_path)
    edit_config(tmp_path, layer_types=..., rope_parameters={far: {"rope_type": "yarn"}})
    with pytest.raises(kbz.ConversionError, match="rope_type='yarn'"):
        kbz.TextClassifier.from_preset(tmp_path)


@pytest.mark.parametrize("family", REFERENCES)
def test_padding_and_what_stands_in_it_change_nothing(family):
    config = dict.fromkeys(["dropout", "attention_dropout"], 0.0)
    encoder = tiny(family, **config)
    inputs = ours(family)
    expected = to_numpy(encoder(inputs))[MASK]
    noisy = {**inputs, "token_ids": np.where(MASK, inputs["token_ids"], 7).astype("int32")}
    longer = {
        key: np.pad(value, [(0, 0), (0, 5), (0, 0)][: value.ndim]) for key, value in inputs.items()
    }
    np.testing.assert_array_equal(to_numpy(encoder(noisy))[MASK], expected)
    assert_same(to_numpy(encoder(longer))[:, :9][MASK], expected, atol=1e-6)
    nothing = {**inputs, "padding_mask": inputs["padding_mask"] * 0}
    assert np.isfinite(to_numpy(encoder(nothing))).all()


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


@pytest.mark.parametrize(
    ("family", "head"),
    [
        (family, head)
        for family, one in REFERENCES.items()
        for head in HEADS
        if head not in one.lacks
    ],
)
def test_heads_there_and_back(family, head, tmp_path):
    import transformers

    cls, config = HEADS[head]
    named = FAMILIES[family].hugging_face.architectures.get(head, head)
    model = REFERENCES[family].build(named, tmp_path / "theirs", **config)
    task = getattr(kbz, cls).from_preset(tmp_path / "theirs")
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    expected = logits_of(model, family, head)
    mask = MASK if head in ("ForTokenClassification", "ForMaskedLM") else None
    mask = MASK if head == "ForQuestionAnswering" else mask
    assert_same(our_logits(task, family, head), expected, mask)
    # And back: transformers reads what we write, and gives the same.
    task.save_to_hugging_face(tmp_path / "back")
    auto = {"ForMaskedLM": "ForMaskedLM", "ForMultipleChoice": "ForMultipleChoice"}.get(head, head)
    # Its Auto classes know no head of VisualBERT.
    reader = type(model) if REFERENCES[family].visual else getattr(transformers, f"AutoModel{auto}")
    again, loading = reader.from_pretrained(tmp_path / "back", output_loading_info=True)
    assert type(again) is type(model)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    np.testing.assert_array_equal(logits_of(again.eval(), family, head), expected)


def test_a_head_that_a_family_lacks():
    with pytest.raises(ValueError, match="xlnet has no MaskedLM. It has: MultipleChoice, Span"):
        kbz.MaskedLM(tiny("xlnet"))


@pytest.mark.parametrize("family", [name for name in REFERENCES if name != "bert"])
def test_trains_and_is_saved(family, tmp_path):
    encoder = tiny(family, vocabulary_size=tiny_tokenizer().vocabulary_size)
    preprocessor = preprocessor_for(encoder.config, tiny_tokenizer(), max_sequence_length=16)
    task = kbz.TextClassifier(encoder, preprocessor, labels=["bad", "good"], seed=1)
    texts = ["a great film", "awful food", ("dull"), ""]
    history = task.fit(texts, ["good", "bad", "bad", "good"], epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    expected = task.predict(texts)
    task.save_to_preset(tmp_path / "preset")
    task.save(tmp_path / "task.keras")
    again = kbz.from_preset(tmp_path / "preset")
    assert again.encoder.config == encoder.config
    np.testing.assert_array_equal(again.predict(texts), expected)
    import keras

    loaded = keras.saving.load_model(tmp_path / "task.keras")
    np.testing.assert_array_equal(loaded.predict(texts), expected)


@pytest.mark.parametrize(
    ("family", "head", "found"),
    [
        ("bert", "Model", "bert"),
        ("roberta", "ForMaskedLM", "roberta"),
        ("distilbert", "ForMaskedLM", "distilbert"),
    ],
)
def test_a_config_without_model_type(family, head, found, tmp_path):
    REFERENCES[family].build(head, tmp_path)
    edit_config(tmp_path, model_type=..., architectures=...)
    assert kbz.Encoder.from_preset(tmp_path).config.family == found
