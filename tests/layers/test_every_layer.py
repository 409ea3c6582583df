"""The contract that each public layer keeps."""

import keras
import numpy as np
import pytest

from keras_bert_zoo import layers
from keras_bert_zoo.layers import (
    Affine,
    AttentionMask,
    BottleneckAttention,
    BottleneckBlock,
    BucketBias,
    ClassificationHead,
    ConvolvedBlock,
    CRFHead,
    DenseClassificationHead,
    DisentangledAttention,
    Embeddings,
    FeedForward,
    FusedDisentangledAttention,
    GatedFeedForward,
    LanguageEmbeddings,
    LastToken,
    LearnedPositions,
    MaskedLMHead,
    MergeChoices,
    OtherSegment,
    PaddedPositions,
    Pooler,
    PostNormBlock,
    PredictionTransform,
    PreNormBlock,
    RelativeAttention,
    RelativeTable,
    ReplacedTokenHead,
    RotaryAttention,
    SelfAttention,
    SequenceMask,
    SequencePlaces,
    SequencePooling,
    SinusoidalPositions,
    SpanHead,
    SplitChoices,
    TaskEmbeddings,
    TokenScores,
    TokensOnly,
    TrigramEmbeddings,
    UnitNorm,
    VisualEmbeddings,
    XLNetEmbeddings,
    layer_norm,
)
from tests.tiny import to_numpy


def block(cls, **options):
    return cls(
        SelfAttention(8, 2, dropout=0.1, name="attention"),
        FeedForward(8, 16, "gelu_tanh", name="feed_forward"),
        layer_norm("attention_norm"),
        layer_norm("feed_forward_norm"),
        dropout=0.2,
        name="layer_0",
        **options,
    )


IDS = np.array([[1, 2, 0]])
X = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
CASES = {
    "Affine": (lambda: Affine(), (X,)),
    "BottleneckAttention": (lambda: BottleneckAttention(4, 2), (X,)),
    "BottleneckBlock": (
        lambda: BottleneckBlock(
            BottleneckAttention(4, 2, name="attention"),
            [FeedForward(4, 6, name=f"feed_forward_{i}") for i in range(2)],
            hidden_dim=8,
            name="layer_0",
        ),
        (X,),
    ),
    "AttentionMask": (lambda: AttentionMask(), (IDS,)),
    "SequenceMask": (lambda: SequenceMask(), (IDS,)),
    "SequencePlaces": (lambda: SequencePlaces(), (IDS,)),
    "BucketBias": (lambda: BucketBias(2, 8), (IDS,)),
    "CRFHead": (lambda: CRFHead(3), (X,)),
    "ClassificationHead": (lambda: ClassificationHead(3), (X[:, 0],)),
    "ConvolvedBlock": (lambda: block(ConvolvedBlock, hidden_dim=8, kernel_size=3), (X,)),
    "DenseClassificationHead": (lambda: DenseClassificationHead(3, "tanh", drop_first=True), (X,)),
    "DisentangledAttention": (
        lambda: DisentangledAttention(8, 2, num_buckets=4, max_distance=9),
        {"x": X, "relation": X.reshape(6, 8)[:8].repeat(2, axis=0)[:8]},
    ),
    "Embeddings": (
        lambda: Embeddings(
            9,
            8,
            positions=LearnedPositions(5, 8),
            num_segments=2,
            norm=layer_norm("norm"),
            output_dim=6,
        ),
        (IDS, IDS * 0, IDS),
    ),
    "FeedForward": (lambda: FeedForward(8, 16, "relu"), (X,)),
    "FusedDisentangledAttention": (
        lambda: FusedDisentangledAttention(8, 2, max_distance=4),
        {"x": X, "relation": X.reshape(6, 8)[:8].repeat(2, axis=0)[:8]},
    ),
    "GatedFeedForward": (lambda: GatedFeedForward(8, 16, dropout=0.1), (X,)),
    "LastToken": (lambda: LastToken(), (X, np.array([[1, 1, 1], [1, 0, 0]]))),
    "LanguageEmbeddings": (
        lambda: LanguageEmbeddings(9, 8, num_languages=3, language=1),
        (IDS, IDS * 0, IDS),
    ),
    "LearnedPositions": (lambda: LearnedPositions(5, 8), (IDS,)),
    "MaskedLMHead": (
        lambda: MaskedLMHead(vocabulary_size=9, hidden_dim=8, activation="gelu"),
        (X, np.array([[0, 2], [1, 1]])),
    ),
    "MergeChoices": (lambda: MergeChoices(), (np.array([IDS, IDS], "int32"),)),
    "OtherSegment": (lambda: OtherSegment(), (IDS, IDS)),
    "PaddedPositions": (lambda: PaddedPositions(5, 8), (IDS,)),
    "Pooler": (lambda: Pooler(8), (X,)),
    "PostNormBlock": (lambda: block(PostNormBlock), (X,)),
    "PreNormBlock": (lambda: block(PreNormBlock), (X,)),
    "PredictionTransform": (lambda: PredictionTransform(8, "relu"), (X,)),
    "RotaryAttention": (lambda: RotaryAttention(8, 2, rotary_base=100.0, window=1), (X,)),
    "RelativeAttention": (
        lambda: RelativeAttention(8, 2),
        {"x": X, "relation": np.arange(18).reshape(2, 3, 3) % 2 > 0},
    ),
    "RelativeTable": (lambda: RelativeTable(4, 8, layer_norm("norm")), (IDS,)),
    "ReplacedTokenHead": (lambda: ReplacedTokenHead(), (X,)),
    "SelfAttention": (lambda: SelfAttention(8, 2), (X,)),
    "SequencePooling": (lambda: SequencePooling(("cls", "max")), (X, np.array([[1, 1, 0]] * 2))),
    "SinusoidalPositions": (lambda: SinusoidalPositions(5, 8), (IDS,)),
    "SpanHead": (lambda: SpanHead(), (X, np.array([[1, 1, 0]] * 2))),
    "SplitChoices": (lambda: SplitChoices(), (X[:, 0, :1], IDS[:, None].repeat(2, axis=1))),
    "TaskEmbeddings": (lambda: TaskEmbeddings(9, 8, num_tasks=2), (IDS, IDS * 0, IDS)),
    "TokensOnly": (lambda: TokensOnly(), (X, IDS[:, :2].repeat(2, axis=0))),
    "TokenScores": (
        lambda: TokenScores(vocabulary_size=9, hidden_dim=8),
        (X, np.array([[0, 2], [1, 1]])),
    ),
    "TrigramEmbeddings": (
        lambda: TrigramEmbeddings(9, 4, 8, max_sequence_length=5, norm=layer_norm("norm")),
        (IDS, IDS * 0, IDS),
    ),
    "VisualEmbeddings": (
        lambda: VisualEmbeddings(
            9,
            8,
            num_segments=2,
            norm=layer_norm("norm"),
            visual_dim=8,
            visual_positions=5,
        ),
        (IDS, IDS * 0, IDS, X[:1], IDS * 0 + 1),
    ),
    "UnitNorm": (lambda: UnitNorm(), (X,)),
    "XLNetEmbeddings": (lambda: XLNetEmbeddings(9, 8), (IDS, IDS * 0, IDS)),
}


def call(layer, inputs, convert=lambda array: array):
    """The layer's outputs for a tuple of arrays, or a dictionary of them by name."""
    if isinstance(inputs, dict):
        return layer(**{name: convert(array) for name, array in inputs.items()})
    return layer(*map(convert, inputs))


def arrays(outputs):
    return [to_numpy(output) for output in keras.tree.flatten(outputs)]


def test_every_layer_is_listed_here():
    public = {name for name in layers.__all__ if name[0].isupper() and name != "ACTIVATIONS"}
    assert public == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_is_rebuilt_from_its_config_under_its_registered_name(name):
    make, inputs = CASES[name]
    layer = make()
    expected = arrays(call(layer, inputs))
    saved = keras.saving.serialize_keras_object(layer)
    assert saved["registered_name"] == f"keras_bert_zoo>{name}"
    again = keras.saving.deserialize_keras_object(saved)
    call(again, inputs)
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]
    again.set_weights(layer.get_weights())
    for one, other in zip(arrays(call(again, inputs)), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("name", CASES)
def test_its_symbolic_shape_is_its_real_shape(name):
    make, inputs = CASES[name]
    layer = make()
    symbolic = call(layer, inputs, lambda i: keras.KerasTensor((None, *i.shape[1:]), str(i.dtype)))
    real = keras.tree.flatten(call(layer, inputs))
    for one, other in zip(keras.tree.flatten(symbolic), real, strict=True):
        assert tuple(one.shape[1:]) == tuple(other.shape[1:])
        assert one.dtype == keras.backend.standardize_dtype(other.dtype)


def test_positions_refuse_what_is_too_long():
    with pytest.raises(ValueError, match="6 tokens long; this encoder has positions for 5"):
        LearnedPositions(5, 8)(np.ones((1, 6), "int32"))


def test_pre_norm_and_post_norm_are_what_they_say():
    post, pre = block(PostNormBlock), block(PreNormBlock)
    for layer in (post, pre):
        layer.build(X.shape)
    parts = (pre.attention, pre.feed_forward, pre.attention_norm, pre.feed_forward_norm)
    attention, feed_forward, first, second = parts
    y = X + to_numpy(attention(first(X)))
    expected = y + to_numpy(feed_forward(second(y)))
    np.testing.assert_allclose(to_numpy(pre(X)), expected, atol=1e-6)
    attention, feed_forward, first, second = (
        post.attention, post.feed_forward, post.attention_norm, post.feed_forward_norm,
    )  # fmt: skip
    y = to_numpy(first(X + to_numpy(attention(X))))
    expected = to_numpy(second(y + to_numpy(feed_forward(y))))
    np.testing.assert_allclose(to_numpy(post(X)), expected, atol=1e-6)
