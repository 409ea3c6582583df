"""XLNet's second stream and its memory give what transformers gives, piece after piece."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.two_streams import remembered, two_streams
from tests.parity.families import REFERENCES, tiny
from tests.parity.references import assert_same
from tests.tiny import to_numpy

BATCH, LENGTH = 2, 6


@pytest.fixture(scope="module")
def xlnet(tmp_path_factory):
    """`(encoder, the reference)`."""
    folder = tmp_path_factory.mktemp("xlnet")
    model = REFERENCES["xlnet"].build("Model", folder, mem_len=5)
    return kbz.Encoder.from_preset(folder), model


def piece(seed):
    generator = np.random.default_rng(seed)
    ids = generator.integers(7, 60, (BATCH, LENGTH)).astype("int32")
    segments = np.sort(generator.integers(0, 2, (BATCH, LENGTH)), axis=1).astype("int32")
    return {"token_ids": ids, "segment_ids": segments, "padding_mask": np.ones_like(ids)}


def permuted(seed):
    """Which token comes before which in an order of each row."""
    orders = [np.random.default_rng((seed, row)).permutation(LENGTH) for row in range(BATCH)]
    return np.stack([order[None, :] < order[:, None] for order in orders])


def theirs(model, inputs, mems=None, **masks):
    import torch

    with torch.no_grad():
        return model(
            input_ids=torch.tensor(inputs["token_ids"]).long(),
            token_type_ids=torch.tensor(inputs["segment_ids"]).long(),
            attention_mask=torch.tensor(inputs["padding_mask"]).float(),
            use_mems=True,
            mems=mems,
            **{name: torch.tensor(mask) for name, mask in masks.items()},
        )


def test_a_text_alone_is_what_the_encoder_gives(xlnet):
    inputs = piece(0)
    found = two_streams(xlnet[0], inputs)
    np.testing.assert_allclose(to_numpy(found["content"]), to_numpy(xlnet[0](inputs)), atol=1e-6)
    assert "query" not in found
    assert len(found["states"]) == 2


def test_the_second_stream(xlnet):
    encoder, model = xlnet
    inputs, visible = piece(1), permuted(1)
    targets = np.stack([np.eye(LENGTH)[[1, 4]]] * BATCH).astype("float32")
    expected = theirs(model, inputs, perm_mask=(~visible).astype("float32"), target_mapping=targets)
    query = to_numpy(two_streams(encoder, inputs, visible=visible)["query"])
    assert_same(query[:, [1, 4]], expected.last_hidden_state)
    others = {**inputs, "token_ids": inputs["token_ids"].copy()}
    others["token_ids"][:, 4] += 1  # which token it guesses, it does not know
    again = to_numpy(two_streams(encoder, others, visible=visible)["query"])
    np.testing.assert_array_equal(again[:, 4], query[:, 4])


def test_the_first_stream_among_those_that_it_may_see(xlnet):
    encoder, model = xlnet
    inputs, visible = piece(2), permuted(2)
    expected = theirs(model, inputs, perm_mask=(~visible).astype("float32"))
    assert_same(
        to_numpy(two_streams(encoder, inputs, visible=visible)["content"]),
        expected.last_hidden_state,
    )


@pytest.mark.parametrize("guessing", [False, True])
def test_memory_of_three_pieces(xlnet, guessing):
    encoder, model = xlnet
    memory, mems = None, None
    for seed in range(3):
        inputs, visible, options = piece(10 + seed), None, {}
        if guessing:
            visible = permuted(seed)
            options["perm_mask"] = (~visible).astype("float32")
            options["target_mapping"] = np.stack([np.eye(LENGTH)] * BATCH).astype("float32")
        expected = theirs(model, inputs, mems=mems, **options)
        found = two_streams(encoder, inputs, visible=visible, memory=memory)
        output = found["query" if guessing else "content"]
        assert_same(to_numpy(output), expected.last_hidden_state)
        memory, mems = remembered(found["states"], memory, most=5), expected.mems
        for ours, kept in zip(memory, mems):
            assert ours.shape == (BATCH, 5, 16)
            assert_same(to_numpy(ours), kept.transpose(0, 1))


def test_what_is_refused(xlnet):
    with pytest.raises(ValueError, match="Only XLNet has two streams and memory; this encoder is"):
        two_streams(tiny("bert"), piece(0))
    with pytest.raises(ValueError, match="most must be 1 or more"):
        remembered([], most=0)
