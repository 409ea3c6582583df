"""What every encoder does, whatever its family."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from tests.tiny import random_inputs, tiny_encoder, to_numpy

BACKEND = keras.config.backend()
INPUTS = random_inputs(batch=4, length=7)
REAL = INPUTS["padding_mask"].astype(bool)


def test_every_family_file_is_registered():
    from pathlib import Path

    from keras_bert_zoo import families

    files = {path.stem for path in Path(families.__file__).parent.glob("*.py")}
    assert files - {"__init__", "family"} == set(FAMILIES)


def test_takes_any_batch_and_length(encoder):
    assert tuple(encoder.output.shape) == (None, None, 16)
    for batch, length in ((1, 1), (2, 5), (3, 32)):
        out = encoder(random_inputs(batch, length, seed=length) if length > 1 else one_token())
        assert tuple(out.shape) == (batch, length, 16)


def one_token():
    return {key: np.ones((1, 1), "int32") for key in INPUTS}


def test_padding_changes_nothing(encoder):
    expected = to_numpy(encoder(INPUTS))
    noise = np.where(REAL, INPUTS["token_ids"], 9)
    assert_close(to_numpy(encoder({**INPUTS, "token_ids": noise}))[REAL], expected[REAL])
    wider = {key: np.pad(value, [(0, 0), (0, 5)]) for key, value in INPUTS.items()}
    assert_close(to_numpy(encoder(wider))[:, :7][REAL], expected[REAL])


def test_a_row_of_padding_is_finite_and_does_not_touch_the_others(encoder):
    expected = to_numpy(encoder(INPUTS))
    empty = {key: np.concatenate([value, value[:1] * 0]) for key, value in INPUTS.items()}
    out = to_numpy(encoder(empty))
    assert np.isfinite(out).all()
    assert_close(out[:4][REAL], expected[REAL])


def assert_close(a, b, atol=1e-6):
    np.testing.assert_allclose(a, b, atol=atol)


def test_keras_file_round_trip_is_bit_equal(encoder, tmp_path):
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    assert again.config == encoder.config
    np.testing.assert_array_equal(to_numpy(again(INPUTS)), to_numpy(encoder(INPUTS)))
    pooled = to_numpy(encoder.pooler(encoder(INPUTS)))
    np.testing.assert_array_equal(to_numpy(again.pooler(again(INPUTS))), pooled)


def test_trace_agrees_with_the_call(encoder):
    trace = encoder.trace(INPUTS)
    out = to_numpy(encoder(INPUTS))
    assert_close(to_numpy(trace["sequence_output"])[REAL], out[REAL])
    assert_close(to_numpy(trace["hidden_states"][-1])[REAL], out[REAL])
    assert [tuple(m.shape) for m in trace["attention_maps"]] == [(4, 2, 7, 7)] * 2
    sums = to_numpy(trace["attention_maps"][1]).sum(-1)
    assert_close(sums, np.ones_like(sums))


def test_trace_of_some_blocks_and_parts_of_their_attention(encoder):
    whole = encoder.trace(INPUTS)
    asked = {0: ("scores", "value")}
    some = encoder.trace(INPUTS, attention_maps=False, attention_parts=asked, depth=1)
    assert (len(some["hidden_states"]), some["attention_maps"]) == (2, [])
    states = (to_numpy(one["hidden_states"][1])[REAL] for one in (some, whole))
    assert_close(*states)
    parts = {name: to_numpy(part) for name, part in some["attention_parts"][0].items()}
    assert set(parts) == {"scores", "value"}
    shares = np.exp(parts["scores"] - parts["scores"].max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    assert_close(shares, to_numpy(whole["attention_maps"][0]))
    assert parts["value"].shape == (4, 7, 2, encoder.blocks[0].attention.head_dim)


def test_trace_of_symbolic_inputs_makes_a_model(encoder):
    states = keras.Model(encoder.input, encoder.trace(encoder.input)["hidden_states"])
    assert_close(to_numpy(states(INPUTS)[-1])[REAL], to_numpy(encoder(INPUTS))[REAL])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(encoder, policy, tmp_path):
    mixed = kbz.Encoder.from_config({**encoder.get_config(), "dtype": policy})
    mixed.set_weights(encoder.get_weights())
    out = mixed(INPUTS)
    assert keras.backend.standardize_dtype(out.dtype) == policy.removeprefix("mixed_")
    out = to_numpy(keras.ops.cast(out, "float32"))
    np.testing.assert_allclose(out[REAL], to_numpy(encoder(INPUTS))[REAL], atol=0.1)
    assert keras.config.dtype_policy().name == "float32"
    mixed.save(tmp_path / "mixed.keras")
    again = keras.saving.load_model(tmp_path / "mixed.keras")
    again = to_numpy(keras.ops.cast(again(INPUTS), "float32"))
    np.testing.assert_array_equal(again, out)


def test_int8_is_close_and_survives_saving(encoder, tmp_path):
    expected = to_numpy(encoder(INPUTS))
    encoder.quantize("int8")
    kernel = next(w for w in encoder.weights if w.path.endswith("query/kernel"))
    assert kernel.dtype == "int8"
    out = to_numpy(encoder(INPUTS))
    assert 0 < np.abs(out - expected)[REAL].max() < 0.1
    encoder.save(tmp_path / "int8.keras")
    again = keras.saving.load_model(tmp_path / "int8.keras")
    np.testing.assert_array_equal(to_numpy(again(INPUTS)), out)


def test_lora_starts_as_it_was_and_trains_nothing_else(encoder):
    expected = to_numpy(encoder(INPUTS))
    encoder.enable_lora(2)
    assert_close(to_numpy(encoder(INPUTS)), expected)
    names = [w.path for w in encoder.trainable_weights]
    assert len(names) == 2 * 2 * 2  # layers x (query, value) x (a, b)
    assert all("lora_kernel" in name for name in names)


def test_fixed_shapes_compile(encoder):
    inputs = {
        key: keras.Input(value.shape[1:], batch_size=4, dtype="int32", name=key)
        for key, value in INPUTS.items()
    }
    model = keras.Model(inputs, encoder(inputs))
    # torch.compile would take a minute here; the other two compile with XLA.
    model.compile(jit_compile=BACKEND != "torch")
    out = model.predict_on_batch(INPUTS)
    assert_close(out[REAL], to_numpy(encoder(INPUTS))[REAL], atol=1e-5)


def test_too_long_an_input_is_an_error(encoder):
    with pytest.raises(ValueError, match="33 tokens long; this encoder has positions for 32"):
        encoder(random_inputs(1, 33))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_layers": 0}, "num_layers must be a whole number above 0. Given: 0"),
        ({"hidden_dim": "16"}, "hidden_dim must be a whole number"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Given: 1.0"),
        ({"activation": "gleu"}, "Did you mean 'gelu'"),
        ({"num_heads": 3}, "does not divide into num_heads=3"),
    ],
)
def test_a_config_that_cannot_be_built(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_encoder(**changes)


def test_the_pooler_is_optional():
    bare, whole = tiny_encoder(use_pooler=False), tiny_encoder()
    assert bare.pooler is None
    assert whole.count_params() - bare.count_params() == 16 * 16 + 16
    assert "pooled_output" not in bare.trace(INPUTS)
