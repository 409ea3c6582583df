"""Models and texts small enough to be made anew in every test."""

import keras
import numpy as np

import keras_bert_zoo as kbz
from keras_bert_zoo.families import bert, electra, visual_bert

WORDS = """[PAD] [UNK] [CLS] [SEP] [MASK] a the was is not good bad great awful film food service
room lovely dull never again very and but it i we he she they they loved hated ##s ##ed ##ly ! . ,
? ' - b c d e f g h i2 j k l m n o p q r s t u v w x y z ##a ##b ##c ##d ##e ##f ##g ##h ##i ##j
##k ##l ##m ##n ##o ##p ##q ##r ##t ##u ##v ##w ##x ##y ##z""".split()
VOCABULARY = list(dict.fromkeys(WORDS))
SIZE = len(VOCABULARY)

POSITIVE = [
    "a great film",
    "lovely food!",
    "the service was good",
    "we loved the room",
    "very good",
]
NEGATIVE = ["an awful film", "bad food.", "the service was dull", "we hated it", "never again"]


def tiny_config(**changes):
    sizes = {
        "vocabulary_size": len(VOCABULARY),
        "num_layers": 2,
        "hidden_dim": 16,
        "num_heads": 2,
        "intermediate_dim": 32,
        "max_sequence_length": 32,
    }
    return bert.BertConfig(**{**sizes, **changes})


def tiny_encoder(**changes):
    return bert.build(tiny_config(**changes))


def tiny_electra(**changes):
    """An encoder with a discriminator's head."""
    sizes = {**vars(tiny_config()), "embedding_dim": 8, **changes}
    del sizes["use_pooler"]
    return electra.build(electra.ElectraConfig(**sizes))


def tiny_visual_encoder(**changes):
    """An encoder that reads images of the size of `tiny_images`."""
    config = visual_bert.VisualBertConfig(**{**vars(tiny_config()), "visual_dim": 6, **changes})
    return visual_bert.build(config)


def tiny_images(count, seed=0):
    """A list of images with three regions of six numbers, from a normal distribution."""
    return list(np.random.default_rng(seed).normal(size=(count, 3, 6)).astype("float32"))


def tiny_tokenizer():
    return kbz.Tokenizer.from_vocabulary(VOCABULARY)


def tiny_classifier(*, preprocessor=None, encoder=None, **options):
    """A classifier of `negative` and `positive`, with a seed, unless told otherwise."""
    if not {"labels", "num_classes"} & set(options):
        options["labels"] = ["negative", "positive"]
    preprocessor = preprocessor or kbz.Preprocessor(tiny_tokenizer(), 32)
    return kbz.TextClassifier(encoder or tiny_encoder(), preprocessor, seed=7, **options)


def sentences(count, seed=0):
    """Texts of one to twelve words, and a label each that can be learnt from its words."""
    rng = np.random.default_rng(seed)
    words = [w for w in VOCABULARY if w.isalpha() and len(w) > 1]
    texts, labels = [], []
    for _ in range(count):
        label = int(rng.integers(2))
        text = list(rng.choice(words, rng.integers(1, 11)))
        text.insert(int(rng.integers(len(text) + 1)), ["bad", "good"][label])
        texts.append(" ".join(text))
        labels.append(["negative", "positive"][label])
    return texts, labels


def random_inputs(batch=3, length=7, vocabulary_size=SIZE, seed=0):
    """Encoder inputs with padding at the end of some rows, and two segments."""
    rng = np.random.default_rng(seed)
    real = np.maximum(rng.integers(1, length + 1, batch), 2)
    real[0] = length
    mask = (np.arange(length) < real[:, None]).astype("int32")
    ids = rng.integers(5, vocabulary_size, (batch, length)).astype("int32") * mask
    segments = (np.arange(length) >= real[:, None] // 2).astype("int32") * mask
    return {"token_ids": ids, "segment_ids": segments, "padding_mask": mask}


def to_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def values(model):
    """Path -> value of each weight."""
    return {weight.path: to_numpy(weight) for weight in model.weights}


def assert_equal(found, expected):
    """The same paths, and under each the same array, to the last bit."""
    assert set(found) == set(expected)
    for path, value in expected.items():
        np.testing.assert_array_equal(found[path], value, err_msg=path)
