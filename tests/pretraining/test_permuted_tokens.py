"""XLNet's permutations: who sees whom, and the loss, against transformers."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.families import xlnet as xlnet_family
from keras_bert_zoo.pretraining import Examples, PermutedTokens, Pretrainer
from keras_bert_zoo.pretraining.example import Example
from tests.parity.families import REFERENCES
from tests.tiny import tiny_config, tiny_encoder, tiny_tokenizer, to_numpy

LENGTH = 16


def examples(count=6, size=14):
    generator, found = np.random.default_rng(0), []
    for number in range(count):
        ids = generator.integers(7, 60, size - number % 3).astype("int32")
        found.append(Example(ids, np.ones(len(ids), bool), (len(ids),), number))
    return Examples(found)


@pytest.fixture(scope="module")
def xlnet(tmp_path_factory):
    """`(pretrainer, the reference)`."""
    folder = tmp_path_factory.mktemp("xlnet")
    model = REFERENCES["xlnet"].build("LMHeadModel", folder)
    return Pretrainer.from_preset(folder, ["permuted_tokens"], length=LENGTH, seed=0), model


def seen(x):
    """Who may see whom, from the two arrays that the model is given."""
    order, hidden = x["order"], x["hidden"]
    return (order[:, :, None] > order[:, None, :]) | (hidden[:, None, :] == 0)


def test_who_sees_whom_by_hand():
    """Places 1 and 3 are guessed, 3 before 1: 1 sees 3, 3 does not see 1, nobody itself."""
    x = {"order": np.array([[-1, 4, -1, 2, 0]]), "hidden": np.array([[0, 1, 0, 1, 0]])}
    assert seen(x)[0].astype(int).tolist() == [
        [1, 0, 1, 0, 1],
        [1, 0, 1, 1, 1],
        [1, 0, 1, 0, 1],
        [1, 0, 1, 0, 1],
        [1, 0, 1, 0, 1],
    ]


def test_the_mask_is_that_of_transformers(xlnet, monkeypatch):
    """For the same tokens and the same order: those that its collator has drawn."""
    transformers = pytest.importorskip("transformers")
    import torch

    orders, permutation = [], torch.randperm

    def noted(count):
        orders.append(permutation(count).numpy())
        return torch.tensor(orders[-1])

    monkeypatch.setattr(torch, "randperm", noted)
    tokenizer = transformers.BertTokenizerFast(vocab=dict(tiny_tokenizer().vocabulary()))
    collator = transformers.DataCollatorForPermutationLanguageModeling(tokenizer=tokenizer)
    rows = np.array([[2, *range(7, 19), 3, 0, 0], [2, *range(20, 34), 3]])
    torch.manual_seed(1)
    _, theirs, _, labels = collator.torch_mask_tokens(torch.tensor(rows))
    hidden = labels.numpy() != -100
    assert hidden.any(axis=1).all()
    order = np.concatenate([np.array(orders), np.array(orders) + 8], axis=1)  # of its two halves
    order = np.where(~hidden & (rows > 4), -1, order)
    ours = seen({"order": order, "hidden": hidden})
    np.testing.assert_array_equal(~ours, theirs.numpy() > 0)


def test_what_is_guessed():
    objective = PermutedTokens().bind(tiny_tokenizer())
    from keras_bert_zoo.pretraining.rows import rows_of

    batch = rows_of(examples(40, 60).read(range(40)), tiny_tokenizer(), 64)
    hidden = []
    for seed in range(20):
        found, targets = objective.corrupt(batch, np.random.default_rng(seed))
        np.testing.assert_array_equal(found["token_ids"], batch["token_ids"])  # nothing is masked
        rows, where = np.nonzero(found["hidden"])
        used = targets["weight"] > 0
        np.testing.assert_array_equal(found["mask_positions"][used], where)
        np.testing.assert_array_equal(targets["labels"][used], batch["token_ids"][rows, where])
        assert (batch["words"][rows, where] >= 0).all()
        assert (found["order"][rows, where] >= 0).all()
        hidden.append(found["hidden"].sum() / (batch["words"] >= 0).sum())
    assert np.mean(hidden) == pytest.approx(1 / 6, abs=0.01)
    assert targets["labels"].shape == (40, 15)  # a sixth of 64, and a span


def test_the_loss_of_transformers(xlnet):
    import torch

    pretrainer, model = xlnet
    assert not pretrainer.conversion_report.new
    x, y = pretrainer.batches(examples(3, 14), 1, shuffle=False).at(0)  # without padding
    assert x["padding_mask"].all()
    weight, labels = y["permuted_tokens/weight"], y["permuted_tokens/labels"]
    target = np.eye(LENGTH)[x["mask_positions"]].astype("float32")
    with torch.no_grad():
        expected = model(
            input_ids=torch.tensor(x["token_ids"]).long(),
            token_type_ids=torch.tensor(x["segment_ids"]).long(),
            perm_mask=torch.tensor((~seen(x)).astype("float32")),
            target_mapping=torch.tensor(target),
            labels=torch.tensor(np.where(weight > 0, labels, -100)).long(),
        ).loss
    found = pretrainer.evaluate(examples(3, 14), batch_size=1, steps=1, return_dict=True, verbose=0)
    same = pretrainer.batches(examples(3, 14), 1, shuffle=False, seed=0).at(0)[1]
    np.testing.assert_array_equal(same["permuted_tokens/labels"], labels)
    assert found["loss"] == pytest.approx(float(expected), abs=1e-5)


def test_the_vector_of_what_is_guessed_is_learnt():
    config = {**vars(tiny_config(num_layers=1)), "dropout": 0.0}
    known = xlnet_family.XLNetConfig.__dataclass_fields__
    encoder = xlnet_family.build(
        xlnet_family.XLNetConfig(**{key: config[key] for key in config if key in known})
    )
    assert not encoder.embeddings.guessed.trainable
    pretrainer = Pretrainer(encoder, tiny_tokenizer(), ["permuted_tokens"], length=LENGTH, seed=0)
    before = to_numpy(encoder.embeddings.guessed)
    pretrainer.compile(keras.optimizers.SGD(0.1))
    pretrainer.train_on_batch(*pretrainer.batches(examples(), 4).at(0))
    assert (to_numpy(encoder.embeddings.guessed) != before).all()


def test_it_is_written_for_transformers(xlnet, tmp_path):
    transformers = pytest.importorskip("transformers")
    pretrainer, model = xlnet
    pretrainer.save_to_hugging_face(tmp_path / "hf")
    again = transformers.XLNetLMHeadModel.from_pretrained(tmp_path / "hf")
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name].numpy(), value.numpy(), name)


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="needs an XLNet, .* this encoder is bert"):
        Pretrainer(tiny_encoder(), tiny_tokenizer(), ["permuted_tokens"])
    with pytest.raises(ValueError, match="context is more than 1"):
        PermutedTokens(context=1)
