"""Another vocabulary in a trained model: what stays, what is made of what, and what is saved."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.hugging_face_writer import unused_pooler
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.preprocessing import preprocessor_for
from keras_bert_zoo.pretraining import adapt_vocabulary, train_vocabulary
from keras_bert_zoo.pretraining.vocabulary.rebuild import vocabulary_axes
from tests.parity.families import tiny
from tests.tasks.cases import CASES
from tests.tiny import (
    VOCABULARY,
    assert_equal,
    tiny_encoder,
    tiny_images,
    tiny_tokenizer,
    to_numpy,
    values,
)

# The special tokens elsewhere, the other words in reverse, some gone, and four that are new:
# of two pieces, of three with one twice, inside a word, and of what no old piece spells.
NEW = ["filmed", "dullll", "##eds", "中"]
WORDS = [w for w in reversed(VOCABULARY[5:]) if w not in ("awful", "##z", "again")] + NEW
TEXT = "we loved the great film , not the food"  # all of its tokens are in both


def tokenizer_of(words, pad=0):
    """With the padding token at this place, and the others' order turned round."""
    special = ["[UNK]", "[SEP]", "[CLS]", "[MASK]"]
    special.insert(pad, "[PAD]")
    return kbz.Tokenizer.from_vocabulary([*special, *words])


def random_weights(model, seed=0):
    """Zeros and ones, as biases start, would be the same in any order."""
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(generator.normal(0, 0.2, weight.shape).astype("float32"))
    return model


def masked_lm(**options):
    task = kbz.MaskedLM(tiny_encoder(), kbz.Preprocessor(tiny_tokenizer(), 32), seed=1, **options)
    return random_weights(task)


def table(model):
    encoder = getattr(model, "encoder", model)
    return to_numpy(encoder.embeddings.tokens.embeddings)


def states(task, text=TEXT):
    """Hidden states of the text, by the task's own tokenizer."""
    inputs = task.preprocessor([text])
    if task.encoder.config.visual_dim is not None:
        inputs = task.preprocessor([(text, tiny_images(1)[0])])
    return to_numpy(task.encoder(inputs))


def unused(task):
    """Paths of a pooler that the head does not use: transformers has no place for it."""
    return {weight.path for weight in unused_pooler(task)}


def means(old, rows):
    """Rows of the new vocabulary by hand, from the old array, entries along the first axis."""
    ids = tiny_tokenizer().vocabulary()
    spelled = {
        "filmed": ["film", "##ed"],
        "dullll": ["dull", "##l", "##l"],
        "##eds": ["##ed", "##s"],
    }
    for token, index in rows.items():
        if token == "中":
            yield index, old[sorted(ids.values())].mean(axis=0)
        elif token in spelled:
            yield index, np.mean([old[ids[piece]] for piece in spelled[token]], axis=0)
        else:
            yield index, old[ids[token]]


# --------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize("tied", [True, False])
def test_rows_by_hand(tied):
    task, tokenizer = masked_lm(tied=tied), tokenizer_of(WORDS)
    before = values(task)
    new, report = adapt_vocabulary(task, tokenizer)
    axes = vocabulary_axes(task)
    assert len(axes) == (2 if tied else 3)
    rows = tokenizer.vocabulary()
    for path, value in values(new).items():
        if path not in axes:
            np.testing.assert_array_equal(value, before[path], err_msg=path)
            continue
        old, found = (np.moveaxis(v, axes[path], 0) for v in (before[path], value))
        for index, expected in means(old, rows):
            if tokenizer.id_to_token(index) in NEW:
                np.testing.assert_allclose(found[index], expected, rtol=1e-6, atol=1e-7)
            else:
                np.testing.assert_array_equal(found[index], expected)
    counts = (report.shared, report.new, report.unknown, report.unused, report.dropped)
    assert counts == (len(VOCABULARY) - 3, 3, 1, 0, 3)
    assert (report.old_size, report.new_size) == (len(VOCABULARY), len(rows))
    assert_equal(values(task), before)  # the old task is as it was
    assert new.encoder.config.vocabulary_size == len(rows)


def test_logits_of_shared_tokens_stay():
    task, tokenizer = masked_lm(), tokenizer_of(WORDS)
    new, _ = adapt_vocabulary(task, tokenizer)
    text = "a [MASK] film"
    before, after = (to_numpy(one.predict([text], verbose=0)[0]) for one in (task, new))
    old, ids = tiny_tokenizer().vocabulary(), tokenizer.vocabulary()
    shared = [token for token in ids if token in old]
    np.testing.assert_allclose(
        [after[0, ids[t]] for t in shared], [before[0, old[t]] for t in shared], atol=1e-6
    )
    assert new.fill(text)[0]["token"] is not None


def test_new_tokens_of_another_kind_of_tokenizer():
    task = masked_lm()
    texts = ["we loved the great film and hated the food"] * 9
    bytes_ = train_vocabulary(texts, "byte_bpe", 320)
    with pytest.warns(
        UserWarning, match=r"puts special tokens as <cls> A <sep>, <cls> A <sep> <sep>"
    ):
        new, _ = adapt_vocabulary(task, bytes_)
    old = tiny_tokenizer()
    for token, pieces in {
        "Ġfilm": ["film"],  # a space before it: a word begins
        "Ġloved": old.tokenize("loved"),
        "ed": ["##ed"],  # no space: it goes on
        "<mask>": ["[MASK]"],  # by its role
        "<s>": ["[CLS]"],
    }.items():
        expected = np.mean([table(task)[old.token_to_id(piece)] for piece in pieces], axis=0)
        found = table(new)[bytes_.token_to_id(token)]
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=token)
    assert new.preprocessor.tokenizer.pad_id == 1


# --------------------------------------------------------------------------------- every family


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family(family, tmp_path):
    pads = FAMILIES[family].hugging_face.required.get("pad_token_id", (0,))
    old = tokenizer_of(VOCABULARY[5:], pads[0])
    sizes = {"vocabulary_size": old.vocabulary_size + 3}  # rows to spare, as DeBERTa's
    if family == "xlm":
        sizes["intermediate_dim"] = 64  # the only one that transformers has for its width
    encoder = tiny(family, **sizes)
    cls = kbz.MaskedLM if "MaskedLM" in FAMILIES[family].heads else kbz.TextClassifier
    options = {"num_classes": 2} if cls is kbz.TextClassifier else {}
    task = cls(encoder, preprocessor_for(encoder.config, old, max_sequence_length=24), **options)
    random_weights(task)
    tokenizer = tokenizer_of(WORDS, pads[0])
    new, report = adapt_vocabulary(task, tokenizer)
    assert (report.shared, report.new, report.unknown) == (len(VOCABULARY) - 3, 3, 1)
    np.testing.assert_allclose(states(new), states(task), atol=1e-6)
    axes = vocabulary_axes(new)
    assert {values(new)[path].shape[axis] for path, axis in axes.items()} == {len(WORDS) + 5}

    more, report = adapt_vocabulary(new, ["foodfilm"], mode="extend")
    assert (report.shared, report.new) == (tokenizer.vocabulary_size, 1)
    ids = tokenizer.vocabulary()
    pieces = [ids[piece] for piece in tokenizer.tokenize("foodfilm")]
    expected = table(new)[pieces].astype("float64").mean(axis=0)
    np.testing.assert_allclose(table(more)[-1], expected, rtol=1e-6)
    np.testing.assert_array_equal(table(more)[:-1], table(new))

    more.save_to_preset(tmp_path / "native")
    again = kbz.from_preset(tmp_path / "native")
    assert_equal(values(again), values(more))
    assert again.encoder.vocabulary_origin["before"]["mode"] == "replace"
    more.save_to_hugging_face(tmp_path / "theirs")
    again = cls.from_preset(tmp_path / "theirs")
    assert_equal(values(again), {p: v for p, v in values(more).items() if p not in unused(more)})
    np.testing.assert_allclose(states(again), states(more), atol=1e-6)


# --------------------------------------------------------------------------------- every task


@pytest.mark.parametrize("name", CASES)
def test_every_task_takes_more_tokens(name):
    task = CASES[name].build()
    old = task.preprocessor.tokenizer
    new, report = adapt_vocabulary(task, ["filmfood", "great film"], mode="extend")
    tokenizer = new.preprocessor.tokenizer
    assert type(new) is type(task)
    assert report.new == 2
    assert old.vocabulary_size == len(VOCABULARY)  # the task that was given is as it was
    for role in ("pad", "cls", "sep", "mask", "unk"):
        assert getattr(tokenizer, f"{role}_id") == getattr(old, f"{role}_id")
    assert tokenizer.tokenize("a great film") == ["a", "great film"]
    before = values(task)
    for path, value in values(new).items():
        kept = value
        if path in vocabulary_axes(new):
            kept = np.moveaxis(np.moveaxis(value, vocabulary_axes(new)[path], 0)[:-2], 0, -1)
            before[path] = np.moveaxis(before[path], vocabulary_axes(new)[path], -1)
        np.testing.assert_array_equal(kept, before[path], err_msg=path)


def test_several_tasks_over_one_encoder():
    heads = {"mood": ["bad", "good"], "stars": {"problem": "regression"}}
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    task = random_weights(kbz.MultiTaskClassifier(tiny_encoder(), preprocessor, tasks=heads))
    new, _ = adapt_vocabulary(task, tokenizer_of(WORDS))
    for before, after in zip(*(one.predict([TEXT], verbose=0).items() for one in (task, new))):
        assert before[0] == after[0]
        np.testing.assert_allclose(after[1], before[1], atol=1e-6)


def test_a_task_goes_on_learning_and_is_saved(tmp_path):
    task = CASES["text"].build()
    case = CASES["text"]
    new, _ = adapt_vocabulary(task, tokenizer_of(WORDS))
    new.fit(case.x, case.y, epochs=1, verbose=0)
    new.save_to_preset(tmp_path / "preset")
    card = (tmp_path / "preset" / "README.md").read_text("utf-8")
    assert f"| vocabulary from another one's {len(VOCABULARY)} rows |" in card
    again = kbz.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(again.predict(case.x, verbose=0), new.predict(case.x, verbose=0))
    assert again.encoder.vocabulary_origin == new.encoder.vocabulary_origin


# --------------------------------------------------------------------------------- encoders, others


def test_a_bare_encoder():
    encoder = random_weights(tiny_encoder())
    tokenizer = tokenizer_of(WORDS)
    new, report = adapt_vocabulary(encoder, tokenizer, old_tokenizer=tiny_tokenizer())
    assert isinstance(new, kbz.Encoder)
    assert report.tokenizer is tokenizer
    before, after = (
        to_numpy(model(kbz.Preprocessor(t, 16)([TEXT])))
        for model, t in ((encoder, tiny_tokenizer()), (new, tokenizer))
    )
    np.testing.assert_allclose(after, before, atol=1e-6)
    again = kbz.Encoder.from_config(new.get_config())
    assert again.vocabulary_origin == report.to_config()


def test_the_pieces_of_another_are_appended():
    task = masked_lm()
    domain = kbz.Tokenizer.from_vocabulary(
        ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]", *NEW, "a"]
    )
    new, report = adapt_vocabulary(task, domain, mode="extend")
    tokenizer = new.preprocessor.tokenizer
    assert tokenizer.vocabulary_size == len(VOCABULARY) + 4
    assert [tokenizer.token_to_id(token) for token in VOCABULARY] == list(range(len(VOCABULARY)))
    assert tokenizer.tokenize("she filmed") == ["she", "filmed"]
    np.testing.assert_array_equal(table(new)[:-4], table(task))
    assert (report.new, report.unknown) == (3, 1)
    more, _ = adapt_vocabulary(new, ["mRNA"], mode="extend")
    last, _ = adapt_vocabulary(
        more, kbz.Tokenizer.from_vocabulary([*VOCABULARY[:5], "rooms"]), mode="extend"
    )
    found = last.preprocessor.tokenizer
    assert found.token_to_id("mRNA") == len(VOCABULARY) + 4  # an added token keeps its id
    ids = [found.token_to_id("mRNA"), found.token_to_id("rooms")]
    assert found.encode("mRNA rooms", add_special_tokens=False).ids == ids


def test_pieces_of_a_unigram_are_appended():
    texts = ["we loved the great film and hated the food"] * 9
    old = train_vocabulary(texts, "unigram", 40)
    encoder = tiny_encoder(vocabulary_size=old.vocabulary_size)
    specification = old.specification()
    specification["model"]["vocab"][5:5] = [["▁genome", -3.0], ["omes", -4.0]]
    domain = kbz.Tokenizer.from_specification(specification)
    new, report = adapt_vocabulary(encoder, domain, mode="extend", old_tokenizer=old)
    found = report.tokenizer
    assert new.config.vocabulary_size == found.vocabulary_size > old.vocabulary_size
    assert found.tokenize("the genome") == [*old.tokenize("the"), "▁genome"]
    assert all(found.token_to_id(t) == i for t, i in old.vocabulary().items())


def test_tokens_added_in_place():
    task = masked_lm()
    before = tiny_tokenizer()
    tokenizer = task.preprocessor.tokenizer
    tokenizer.add_tokens(["mRNA"])
    with pytest.raises(ValueError, match="give it as it was before as old_tokenizer"):
        adapt_vocabulary(task, tokenizer, mode="extend")
    new, report = adapt_vocabulary(task, tokenizer, mode="extend", old_tokenizer=before)
    assert (report.unknown + report.new, len(table(new))) == (1, len(VOCABULARY) + 1)


def test_low_rank_updates_are_merged():
    task = CASES["text"].build()
    task.enable_lora(2)
    for weight in task.weights:
        if "lora" in weight.name:
            weight.assign(np.full(weight.shape, 0.3, "float32"))
    new, _ = adapt_vocabulary(task, tokenizer_of(WORDS))
    assert not any("lora" in weight.name for weight in new.weights)
    np.testing.assert_allclose(states(new), states(task), atol=1e-5)


def test_lower_precision():
    with_policy = tiny_encoder()
    encoder = kbz.Encoder.from_config({**with_policy.get_config(), "dtype": "bfloat16"})
    new, _ = adapt_vocabulary(encoder, tokenizer_of(WORDS), old_tokenizer=tiny_tokenizer())
    assert new.dtype_policy.name == "bfloat16"
    index = tokenizer_of(WORDS).token_to_id("film")
    old = to_numpy(encoder.embeddings.tokens.embeddings)[VOCABULARY.index("film")]
    assert (to_numpy(new.embeddings.tokens.embeddings)[index] == old).all()


# --------------------------------------------------------------------------------- errors


def test_what_is_refused():
    task = masked_lm()
    with pytest.raises(ValueError, match="Did you mean 'replace'"):
        adapt_vocabulary(task, tokenizer_of(WORDS), mode="replaced")
    with pytest.raises(TypeError, match="Expected a task or an Encoder. Given: str"):
        adapt_vocabulary("a task", tokenizer_of(WORDS))
    with pytest.raises(TypeError, match="mode='replace' takes a Tokenizer. Given: list"):
        adapt_vocabulary(task, ["mRNA"])
    with pytest.raises(ValueError, match="has no tokenizer to tell"):
        adapt_vocabulary(task.encoder, tokenizer_of(WORDS))
    bare = kbz.Tokenizer.from_vocabulary(
        ["[UNK]", "[CLS]", "[SEP]", "[PAD]"], special_tokens={"mask": None}
    )
    with pytest.raises(ValueError, match="has no mask token, the old one has"):
        adapt_vocabulary(task, bare)
    roberta = tiny("roberta", vocabulary_size=len(VOCABULARY))
    old = tokenizer_of(VOCABULARY[5:], pad=1)
    with pytest.raises(ValueError, match="it must be 1, and the new tokenizer's is 0"):
        adapt_vocabulary(roberta, tokenizer_of(WORDS), old_tokenizer=old)
    bytes_ = train_vocabulary(["a film"] * 3, "byte_bpe", 300)
    with pytest.raises(ValueError, match="BPE vocabulary cannot be appended to one of WordPiece"):
        adapt_vocabulary(task, bytes_, mode="extend")


def test_a_quantized_model_is_refused():
    task = masked_lm()
    task.quantize("int8")
    with pytest.raises(ValueError, match="quantized to int8"):
        adapt_vocabulary(task, tokenizer_of(WORDS))
