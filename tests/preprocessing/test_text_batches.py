"""Batches of similar length: their rows, their order, their weights, their threads."""

import collections
import csv
import gc
import itertools
import random
import threading

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import TextBatches, TruncationReport, length_batches
from keras_bert_zoo.preprocessing.preprocessor import padding_share
from keras_bert_zoo.preprocessing.streams import ForTensorFlow
from tests.paths import data_path

NUMBERS = [f"n{i}" for i in range(400)]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", *NUMBERS]


def make(count, *, length=None, max_sequence_length=64, truncation="warn", **options):
    """Row i begins with the word `n<i>`, so that its place in a batch can be read off the ids."""
    rng = np.random.default_rng(count)
    lengths = rng.integers(0, 30, count) if length is None else [length] * count
    rows = [(f"n{i}" + " a" * int(extra),) for i, extra in enumerate(lengths)]
    tokenizer = kbz.Tokenizer.from_vocabulary(WORDS)
    preprocessor = kbz.Preprocessor(tokenizer, max_sequence_length, truncation=truncation)
    return TextBatches(rows, preprocessor=preprocessor, **{"batch_size": 4, **options})


@pytest.fixture
def windows_of_three(monkeypatch):
    """Three batches a window, so that a few dozen rows have several."""
    monkeypatch.setattr(length_batches, "WINDOW", 3)


def numbers(batch):
    """Which rows are in a batch, from its ids; rows of padding are left out."""
    x = batch[0] if isinstance(batch, tuple) else batch
    return [int(ids[1]) - 6 for ids, mask in zip(x["token_ids"], x["padding_mask"]) if mask.any()]


def lengths(batch):
    x = batch[0] if isinstance(batch, tuple) else batch
    return x["padding_mask"].sum(1).tolist()


def one_pass(batches):
    """The rows of each batch, in the order in which they come; moves on to the next epoch."""
    order = [numbers(batches[i]) for i in range(len(batches))]
    batches.on_epoch_end()
    return order


def flat(order):
    return list(itertools.chain.from_iterable(order))


# ------------------------------------------------------------------------------- order


@pytest.mark.usefixtures("windows_of_three")
@pytest.mark.parametrize("count", [1, 3, 4, 12, 24, 35, 50])
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_row_once_in_every_epoch(count, shuffle):
    batches = make(count, shuffle=shuffle)
    assert len(batches) == batches.num_batches == -(-count // 4)
    for _ in range(3):
        order = one_pass(batches)
        assert sorted(flat(order)) == list(range(count))
        assert sorted(map(len, order))[1:] == [4] * (len(order) - 1)


@pytest.mark.usefixtures("windows_of_three")
def test_the_order_is_a_function_of_seed_and_epoch():
    first, second, third = (one_pass(batches) for batches in [make(40, shuffle=True, seed=5)] * 3)
    assert len({str(order) for order in (first, second, third)}) == 3
    assert one_pass(make(40, shuffle=True, seed=5)) == first
    assert one_pass(make(40, shuffle=True, seed=5, epoch=2)) == third
    assert one_pass(make(40, shuffle=True, seed=6)) != first
    later = make(40, shuffle=True, seed=5)
    later.epoch = 1
    assert one_pass(later) == second


@pytest.mark.usefixtures("windows_of_three")
def test_asking_out_of_order_changes_nothing():
    order = one_pass(make(40, shuffle=True))
    batches = make(40, shuffle=True)
    for index in (9, 0, 5, 0, 9, 2):
        assert numbers(batches[index]) == order[index]


def test_another_epoch_mixes_rows_anew():
    """Not only the same batches in another order."""
    batches = make(100, shuffle=True, length=3)
    first, second = ({frozenset(batch) for batch in one_pass(batches)} for _ in range(2))
    assert len(first & second) < 5


@pytest.mark.usefixtures("windows_of_three")
def test_sorted_inside_windows():
    batches = make(50)
    all_lengths = [lengths(batches[i]) for i in range(len(batches))]
    for start in range(0, len(all_lengths), 3):
        window = flat(all_lengths[start : start + 3])
        assert window == sorted(window, reverse=True)
    assert all_lengths != sorted(all_lengths, reverse=True)  # but not over all windows
    rows = [sorted(flat(map(numbers, map(batches.__getitem__, range(i, i + 3))))) for i in (0, 3)]
    assert rows == [list(range(12)), list(range(12, 24))]


@pytest.mark.usefixtures("windows_of_three")
def test_shuffled_windows_hold_batches_of_similar_length_in_random_order():
    batches = make(200, shuffle=True)
    all_lengths, falling = [lengths(batch) for batch in batches], 0
    for start in range(0, len(all_lengths), 3):
        window = all_lengths[start : start + 3]
        by_length = sorted(window, reverse=True)
        assert flat(by_length) == sorted(flat(window), reverse=True)
        falling += window == by_length
    assert falling < len(all_lengths) // 3


@pytest.mark.usefixtures("windows_of_three")
@pytest.mark.parametrize("shuffle", [False, True])
def test_row_order_leads_back(shuffle):
    batches = make(50, shuffle=shuffle)
    seen, order = np.array(flat(map(numbers, batches))), batches.row_order()
    np.testing.assert_array_equal(seen, order)
    back = np.empty(50, int)
    back[order] = np.arange(50)
    assert seen[back].tolist() == list(range(50))


@pytest.mark.usefixtures("windows_of_three")
def test_unshuffled_passes_are_alike():
    batches = make(50)
    first = one_pass(batches)
    assert one_pass(batches) == one_pass(batches) == first
    assert batches.epoch == 0


def test_there_is_no_batch_after_the_last():
    """64 batches fill a window: the next one would be an empty batch of another window."""
    for count in (256, 255, 4):
        batches = make(count)
        assert len(list(batches)) == len(batches)
        for index in (len(batches), -1):
            with pytest.raises(IndexError, match=f"There are {len(batches)} batches, from 0"):
                batches[index]


# ------------------------------------------------------------------------------- under Keras


def recorded(monkeypatch):
    """`(epoch, rows)` of every batch that is handed out; a batch asked for twice in a row once."""
    seen, original = [], TextBatches.collate

    def record(self, rows, packed, generator):
        entry = (self.epoch, tuple(int(row) for row in rows))
        if not seen or seen[-1] != entry:
            seen.append(entry)
        return original(self, rows, packed, generator)

    monkeypatch.setattr(TextBatches, "collate", record)
    return seen


def fit_with_keras(batches, **options):
    names = ("token_ids", "segment_ids", "padding_mask")
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    mask = keras.ops.cast(inputs["padding_mask"], "float32")
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.ops.mean(mask, 1, keepdims=True)))
    model.compile("sgd", "mse", metrics=["mae"])
    if keras.config.backend() == "tensorflow":
        batches = ForTensorFlow(batches).dataset()
    model.fit(batches, verbose=0, shuffle=False, **options)


def rows_of_epoch(seen, epoch):
    return flat(rows for number, rows in seen if number == epoch)


def test_keras_sees_every_row_once_in_each_of_the_epochs(monkeypatch):
    batches = make(30, shuffle=True, labels=np.zeros((30, 1), "float32"))
    expected = [one_pass(batches) for _ in range(3)]
    seen = recorded(monkeypatch)
    batches = make(30, shuffle=True, labels=np.zeros((30, 1), "float32"))
    fit_with_keras(batches, epochs=3)
    for epoch in range(3):
        assert rows_of_epoch(seen, epoch) == flat(expected[epoch])


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_steps_per_epoch_goes_on_with_the_same_pass(monkeypatch):
    """8 batches, 3 steps: Keras' epochs end in the middle of passes, which still see every row."""
    seen = recorded(monkeypatch)
    batches = make(30, shuffle=True, labels=np.zeros((30, 1), "float32"))
    fit_with_keras(batches, epochs=4, steps_per_epoch=3)
    assert sorted(rows_of_epoch(seen, 0)) == list(range(30))
    counts = collections.Counter(rows_of_epoch(seen, 1))
    assert counts
    assert set(counts.values()) == {1}


# ------------------------------------------------------------------------------- contents


def test_labels_and_weights_go_with_their_rows():
    labels, weights = np.arange(30) * 10, np.arange(30) / 2
    batches = make(30, labels=labels, sample_weight=weights, shuffle=True)
    for i in range(len(batches)):
        x, y, weight = batches[i]
        assert y.tolist() == [10 * n for n in numbers(x)]
        np.testing.assert_allclose(weight, [n / 2 for n in numbers(x)])
        assert weight.dtype == np.float32


def test_without_labels_inputs_alone():
    assert set(make(3)[0]) == {"token_ids", "segment_ids", "padding_mask"}
    assert len(make(3, labels=np.zeros(3))[0]) == 2


def test_pairs():
    tokenizer = kbz.Tokenizer.from_vocabulary(WORDS)
    rows = [("n1 a", "n2"), ("n3", "n4 a a")]
    batch = TextBatches(rows, preprocessor=kbz.Preprocessor(tokenizer, 16), batch_size=2)[0]
    assert batch["segment_ids"].tolist() == [[0, 0, 0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 0, 0]]


def test_filled_batches_have_one_size():
    labels = np.ones((30, 2), "float32")
    batches = make(30, labels=labels, fill_rows=True)
    x, y, weight = batches[7]
    assert {len(array) for array in (*x.values(), y, weight)} == {4}
    assert weight.tolist() == [2, 2, 0, 0]
    assert y.tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    assert x["padding_mask"].any(1).tolist() == [True, True, False, False]
    assert batches[0][2].tolist() == [1, 1, 1, 1]
    assert len(make(30, fill_rows=True)[7]["token_ids"]) == 4


LOSS = np.random.default_rng(1).uniform(1, 5, 30)  # of each row, as if from a model
WEIGHTS = np.random.default_rng(2).uniform(0, 2, 30).astype("float32")


def batch_losses(batches):
    """The loss of each batch as Keras reduces it, and the plain mean over its real rows."""
    mean_absolute = keras.losses.MeanAbsoluteError()
    for i in range(len(batches)):
        batch = batches[i]
        real = numbers(batch)
        predicted = np.zeros((len(batch[1]), 1), "float32")
        predicted[: len(real), 0] = LOSS[real]
        predicted[len(real) :] = 1e3  # what a model makes of padding
        weight = batch[2] if len(batch) == 3 else None
        given = 1 if batches.sample_weight is None else batches.sample_weight[real]
        loss = mean_absolute(np.zeros_like(predicted), predicted, sample_weight=weight)
        yield float(loss), float((LOSS[real] * given).mean()), len(predicted)


@pytest.mark.parametrize("sample_weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("fill_rows", [False, True])
def test_in_training_a_batch_is_the_mean_of_its_real_rows(sample_weight, fill_rows):
    batches = make(
        30, labels=np.zeros((30, 1)), sample_weight=sample_weight, fill_rows=fill_rows, shuffle=True
    )
    for loss, mean, _ in batch_losses(batches):
        assert loss == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("sample_weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("fill_rows", [False, True])
def test_even_weights_make_the_average_over_batches_that_over_rows(sample_weight, fill_rows):
    batches = make(
        30,
        labels=np.zeros((30, 1)),
        sample_weight=sample_weight,
        fill_rows=fill_rows,
        even_weights=True,
    )
    # Keras' own average: each batch counts by the number of rows that it has, filled ones included.
    losses, _, sizes = zip(*batch_losses(batches))
    weights = 1 if sample_weight is None else WEIGHTS
    assert np.average(losses, weights=sizes) == pytest.approx((LOSS * weights).mean(), rel=1e-5)


# ------------------------------------------------------------------------------- threads


@pytest.mark.usefixtures("windows_of_three")
def test_many_threads_get_the_same_batches():
    expected = one_pass(make(200, shuffle=True, seed=3))
    batches, failures = make(200, shuffle=True, seed=3), []

    def work(seed):
        indices = list(range(len(batches)))
        random.Random(seed).shuffle(indices)
        failures.extend(i for i in indices if numbers(batches[i]) != expected[i])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert failures == []


@pytest.mark.usefixtures("windows_of_three")
def test_a_refused_text_is_an_error_in_its_window_only():
    batches = make(40, length=2, truncation="error", max_sequence_length=8)
    batches.rows[30] = ("a " * 20,)
    assert len(numbers(batches[0])) == 4
    for _ in range(2):  # asking again is no way around it
        with pytest.raises(kbz.TruncationError, match="1 of 12 texts are longer than the 8 tokens"):
            batches[7]


@pytest.mark.usefixtures("windows_of_three")
def test_no_text_is_an_error():
    batches = make(40)
    batches.rows[13] = (5,)
    with pytest.raises(TypeError, match=r"texts\[1\] is 5 \(int\)"):
        batches[3]


@pytest.mark.usefixtures("windows_of_three")
def test_old_windows_are_forgotten():
    batches, most = make(300), 0
    assert len(batches) // 3 == 25
    for index in [*range(len(batches))] * 2:
        batches[index]
        most = max(most, len(batches._windows))
    # Behind, current, ahead; in the second pass also what the first one left at the end.
    assert most <= 2 * (length_batches.KEEP + 2)


def test_a_small_set_is_tokenized_once(monkeypatch):
    calls = []
    original = kbz.Preprocessor.pack_rows
    monkeypatch.setattr(
        kbz.Preprocessor, "pack_rows", lambda *args: calls.append(1) or original(*args)
    )
    monkeypatch.setattr(length_batches, "WINDOW", 2)
    batches = make(40)
    for _ in range(3):
        one_pass(batches)
    assert len(calls) == 5


def test_its_thread_ends_with_it():
    def tokenizing():
        return [thread for thread in threading.enumerate() if thread.name.startswith("tokenize")]

    gc.collect()
    before = tokenizing()
    batches = make(8)
    batches[0]
    (thread,) = set(tokenizing()) - set(before)
    del batches
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.usefixtures("windows_of_three")
@pytest.mark.parametrize("shuffle", [False, True])
def test_truncation_is_counted_once_in_many_epochs(shuffle):
    batches = make(100, length=7, max_sequence_length=8, shuffle=shuffle)
    for epoch in range(3):
        one_pass(batches)
        assert batches.report == TruncationReport(8, 100, 800, 100, 200), epoch


# ------------------------------------------------------------------------------- real texts


@pytest.mark.real
def test_padding_stays_under_a_tenth_and_shapes_are_few():
    with open(data_path("tasks", "movie-sentences", "train.csv"), newline="") as file:
        rows = [(row["text"],) for row in csv.DictReader(file)]
    vocabulary = data_path("vocab", "bert-uncased", "vocab.txt")
    preprocessor = kbz.Preprocessor(kbz.Tokenizer.from_vocabulary(vocabulary), 512)
    steps = 3 * -(-len(rows) // 32)
    preprocessor.fit_buckets(rows, steps)
    batches = TextBatches(rows, preprocessor=preprocessor, shuffle=True)
    masks = [batch["padding_mask"] for batch in batches]
    share, shapes = padding_share(masks), {mask.shape for mask in masks}
    print(f"{len(rows)} rows: padding {share:.2%}, {len(shapes)} shapes, {preprocessor.buckets}")
    assert share < 0.1
    assert len({length for _, length in shapes}) <= 16
    assert len(shapes) <= 17  # the batch that is not full has a shape of its own
