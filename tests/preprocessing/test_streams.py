"""Data that hands out batches itself, prepared for the trainer of the backend in KERAS_BACKEND."""

import itertools

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import Labels
from keras_bert_zoo.preprocessing.streams import ForTensorFlow, mapped, split_batch

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e"]
TEXTS = ["a", "b c", "a b c d e a b c", "d", "e a"]
LABELS = [0, 1, 1, 0, 1]
BACKEND = keras.config.backend()


def prepare(batch):
    """What a task does with a raw batch."""
    tokenizer = kbz.Tokenizer.from_vocabulary(WORDS)
    x, y, weight = split_batch(batch)
    x = kbz.Preprocessor(tokenizer, 32)(x)
    if y is None:
        return x
    return (x, Labels(num_classes=2).encode(y)) + (() if weight is None else (weight,))


def decoded(batch):
    """The words of each row of a prepared batch, and its labels."""
    x, *rest = batch if isinstance(batch, tuple) else (batch,)
    words = [" ".join(WORDS[i] for i in ids if i > 2) for ids in np.asarray(x["token_ids"])]
    return [text.removesuffix(" [SEP]") for text in words], *[np.asarray(r).tolist() for r in rest]


def raw(size=2):
    """`TEXTS` and `LABELS` in batches of two."""
    return [(TEXTS[i : i + size], LABELS[i : i + size]) for i in range(0, len(TEXTS), size)]


EXPECTED = [(list(texts), labels) for texts, labels in raw()]


def model():
    """The least model over the encoder's inputs; a seed of its own, so that losses are the same."""
    keras.utils.set_random_seed(3)
    names = ("token_ids", "segment_ids", "padding_mask")
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    hidden = keras.layers.Embedding(len(WORDS), 4)(inputs["token_ids"])
    hidden = keras.layers.GlobalAveragePooling1D()(hidden)
    made = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    made.compile(
        keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return made


def for_trainer(batches):
    return ForTensorFlow(batches).dataset() if BACKEND == "tensorflow" else batches


def losses(source, *, epochs=3, batch_size=2, **options):
    """What a task's `fit` does: the order is the source's."""
    batches = for_trainer(mapped(source, prepare, batch_size))
    history = model().fit(batches, epochs=epochs, verbose=0, shuffle=False, **options)
    return history.history["loss"]


class Batches(keras.utils.PyDataset):
    """A PyDataset of raw batches that counts Keras' calls."""

    def __init__(self, batches, **kwargs):
        super().__init__(**kwargs)
        self.batches, self.begun, self.ended = batches, 0, 0

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.ended += 1


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def reference():
    """Losses on the prepared batches themselves, straight through Keras."""

    class Prepared(Batches):
        def __getitem__(self, index):
            return prepare(self.batches[index])

    data = for_trainer(Prepared(raw()))
    return model().fit(data, epochs=3, verbose=0, shuffle=False).history["loss"]


# ------------------------------------------------------------------------------- every source


def generator():
    yield from itertools.chain.from_iterable(itertools.repeat(raw(), 3))


def tensorflow_sources():
    tf = pytest.importorskip("tensorflow")
    rows = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS))
    unknown = tf.data.Dataset.from_generator(
        lambda: iter(zip(TEXTS, LABELS)),
        output_signature=(tf.TensorSpec((), "string"), tf.TensorSpec((), "int32")),
    )
    return {"rows": rows, "batches": rows.batch(2), "no length": unknown}


def torch_loader(batch_size=2, **options):
    data = pytest.importorskip("torch.utils.data")
    return data.DataLoader(list(zip(TEXTS, LABELS)), batch_size, **options)


def torch_stream():
    """A loader that does not know how long it is."""
    data = pytest.importorskip("torch.utils.data")

    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(zip(TEXTS, LABELS))

    return data.DataLoader(Stream(), 2)


SOURCES = {
    "tf.data of rows": lambda: tensorflow_sources()["rows"],
    "tf.data of batches": lambda: tensorflow_sources()["batches"],
    "tf.data without length": lambda: tensorflow_sources()["no length"],
    "PyDataset": lambda: Batches(raw()),
    "DataLoader": torch_loader,
    "DataLoader without length": torch_stream,
    "list of batches": raw,
    "list of lists": lambda: [list(batch) for batch in raw()],
}


@pytest.mark.parametrize("name", SOURCES)
def test_batches_of_every_source(name):
    batches = mapped(SOURCES[name](), prepare, 2)
    assert batches.num_batches == 3
    for _ in range(2):
        assert [decoded(batches[i]) for i in range(3)] == EXPECTED
        batches.on_epoch_end()


@pytest.mark.parametrize("name", ["tf.data of rows", "PyDataset", "DataLoader", "list of batches"])
def test_training_is_the_same_from_every_source(name, reference):
    assert losses(SOURCES[name]()) == pytest.approx(reference, abs=1e-6)


def test_a_generator_is_read_once(reference):
    batches = mapped(generator(), prepare, 2)
    assert decoded(next(batches)) == EXPECTED[0]
    assert [decoded(batch) for batch in batches] == (EXPECTED * 3)[1:]
    assert losses(generator(), steps_per_epoch=3) == pytest.approx(reference, abs=1e-6)


def test_data_without_end(tf, reference):
    endless = tensorflow_sources()["batches"].repeat()
    batches = mapped(endless, prepare, 2)
    assert [decoded(batch) for batch in itertools.islice(batches, 7)] == (EXPECTED * 3)[:7]
    assert losses(endless, steps_per_epoch=3) == pytest.approx(reference, abs=1e-6)


def test_steps_per_epoch_goes_on_where_it_was():
    """Two steps an epoch over three batches: the second epoch begins with the third batch."""

    class Counting:
        """Counts the passes that are begun."""

        passes = 0

        def __iter__(self):
            Counting.passes += 1
            return iter(raw())

        def __len__(self):
            return 3

    batches = mapped(Counting(), prepare, 2)
    before = Counting.passes
    for index in (0, 1):
        batches[index]
    batches.on_epoch_end()
    assert decoded(batches[2]) == EXPECTED[2]
    assert Counting.passes == before + 1
    batches.on_epoch_end()
    assert decoded(batches[0]) == EXPECTED[0]
    assert Counting.passes == before + 2


def test_a_batch_out_of_order():
    batches = mapped(raw(), prepare, 2)
    assert [decoded(batches[i]) for i in (2, 0, 0, 2, 1)] == [EXPECTED[i] for i in (2, 0, 0, 2, 1)]


# ------------------------------------------------------------------------------- pairs, no labels


def test_pairs(tf):
    pairs = (["a", "b", "c"], ["d e", "", "a"])
    expected = [["a [SEP] d e", "b [SEP]"], ["c [SEP] a"]]
    sources = [
        tf.data.Dataset.from_tensor_slices((pairs, [0, 1, 0])),
        tf.data.Dataset.from_tensor_slices((pairs, [0, 1, 0])).batch(2),
        tf.data.Dataset.from_tensor_slices(({"p": pairs[0], "h": pairs[1]}, [0, 1, 0])),
        tf.data.Dataset.from_tensor_slices((list(zip(*pairs)), [0, 1, 0])).batch(2),
        [(list(zip(*pairs))[:2], [0, 1]), (list(zip(*pairs))[2:], [0])],
    ]
    for source in sources:
        batches = mapped(source, prepare, 2)
        assert [decoded(batches[i]) for i in range(2)] == list(zip(expected, [[0, 1], [0]]))
        assert batches[0][0]["segment_ids"].any()


def test_texts_alone(tf):
    sources = [
        tf.data.Dataset.from_tensor_slices(TEXTS),
        tf.data.Dataset.from_tensor_slices(TEXTS).batch(2),
        [TEXTS[:2], TEXTS[2:4], TEXTS[4:]],
        [np.array(TEXTS[:2]), np.array(TEXTS[2:4]), np.array(TEXTS[4:])],
    ]
    for source in sources:
        batches = mapped(source, prepare, 2)
        assert [decoded(batches[i])[0] for i in range(3)] == [texts for texts, _ in EXPECTED]


def test_weights(tf):
    weights = [0.5, 1, 2, 0, 1]
    batches = mapped(tf.data.Dataset.from_tensor_slices((TEXTS, LABELS, weights)), prepare, 2)
    assert decoded(batches[1]) == ([TEXTS[2], TEXTS[3]], [1, 0], [2, 0])


def test_split_batch():
    assert split_batch("abc") == ("abc", None, None)
    assert split_batch(["a", "b"]) == (["a", "b"], None, None)
    assert split_batch([]) == ([], None, None)
    assert split_batch((["a"], [1])) == (["a"], [1], None)
    assert split_batch([["a"], [1], [2]]) == (["a"], [1], [2])
    assert split_batch({"p": ["a"]}) == ({"p": ["a"]}, None, None)
    with pytest.raises(ValueError, match="4 parts were given"):
        split_batch((1, 2, 3, 4))


# ------------------------------------------------------------------------------- PyDataset


def test_a_py_dataset_is_told_of_every_epoch():
    source = Batches(raw(), workers=2, max_queue_size=7)
    batches = mapped(source, prepare, 2)
    assert (batches.workers, batches.max_queue_size, batches.num_batches) == (2, 7, 3)
    batches.on_epoch_begin()
    batches.on_epoch_end()
    assert (source.begun, source.ended) == (1, 1)
    source = Batches(raw())
    losses(source, epochs=3)
    assert source.begun in (3, 4)  # Keras may look at the first batch once before
    assert source.ended in (3, 4)


def test_a_py_dataset_without_end():
    class Endless(Batches):
        num_batches = None

        def __getitem__(self, index):
            return self.batches[index % 3]

    assert mapped(Endless(raw()), prepare, 2).num_batches is None
    assert len(losses(Endless(raw()), epochs=2, steps_per_epoch=4)) == 2


# ------------------------------------------------------------------------------- TensorFlow


def of_lengths(*words):
    return [(["a " * count] * 2, [0, 1]) for count in words]


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_the_first_batches_do_not_fix_the_length():
    """Two batches of 8 tokens, then one of 16, then one of another number of rows."""
    source = [*of_lengths(3, 5, 12, 6), (["a"], [1])]
    assert len(losses(source, epochs=2)) == 2
    assert len(losses((batch for batch in source), epochs=1)) == 1


def test_shapes_for_tensorflow(tf):
    batches = mapped([*of_lengths(3, 5, 12), (["a"], [1])], prepare, 2)
    dataset = ForTensorFlow(batches).dataset()
    assert int(dataset.cardinality()) == 4
    for _ in range(2):
        shapes = [tuple(x["token_ids"].shape) for x, _ in dataset]
        assert shapes == [(2, 8), (2, 8), (2, 16), (1, 8)]


def test_epochs_for_tensorflow_end_once(tf):
    source = Batches(raw())
    dataset = ForTensorFlow(mapped(source, prepare, 2)).dataset()
    for epoch in range(1, 4):
        assert len(list(dataset)) == 3
        assert (source.begun, source.ended) == (epoch, epoch)
    next(iter(dataset))  # a pass that is left before its end ends when the next one begins
    assert len(list(dataset)) == 3
    assert (source.begun, source.ended) == (5, 5)


def test_a_late_end_does_not_end_the_next_pass(tf):
    """TensorFlow's thread may ask for what comes after the last batch when it likes."""
    source = Batches(raw())
    feed = ForTensorFlow(mapped(source, prepare, 2))
    first = feed._pass()
    assert len(list(itertools.islice(first, 3))) == 3
    second = feed._pass()
    next(second)
    assert (source.begun, source.ended) == (2, 1)
    assert list(first) == []
    assert (source.begun, source.ended) == (2, 1)
    assert len(list(second)) == 2
    assert (source.begun, source.ended) == (2, 2)


def test_an_error_in_a_batch_is_kept(tf):
    batches = mapped([*raw()[:2], (["a", None], [0, 1])], prepare, 2)
    feed = ForTensorFlow(batches)
    with pytest.raises(tf.errors.InvalidArgumentError):
        list(feed.dataset())
    assert isinstance(feed.error, TypeError)
    assert "Row 1 is None" in str(feed.error)


# ------------------------------------------------------------------------------- errors


def test_what_is_no_data():
    with pytest.raises(TypeError, match="Data must be texts .* object was given"):
        mapped(object(), prepare, 2)
    with pytest.raises(TypeError, match="int was given"):
        mapped(5, prepare, 2)


def test_no_batches(tf):
    for source in ([], (), tf.data.Dataset.from_tensors("a").take(0)):
        with pytest.raises(ValueError, match="The data is empty: this .* gives no batches"):
            mapped(source, prepare, 2)
    with pytest.raises(ValueError, match="The data is empty: the generator gives no batches"):
        ForTensorFlow(iter([])).dataset()


def test_a_source_that_runs_dry():
    class Once:
        """Gives its batches in one pass only."""

        def __init__(self):
            self.batches = iter(raw())

        def __iter__(self):
            return self.batches

        def __len__(self):
            return 3

    batches = mapped(Once(), prepare, 2)
    assert [decoded(batches[i]) for i in range(3)] == EXPECTED
    with pytest.raises(RuntimeError, match="This Once gave 0 batches, and 3 were expected"):
        batches[0]
