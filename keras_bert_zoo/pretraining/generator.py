"""ELECTRA's generator: a small encoder that fills masks with what another one is to find out."""

import dataclasses

import keras
import numpy as np

from ..encoder import Encoder
from ..families import bert, family_called
from ..layers import Embeddings
from ..packed_texts import packed
from ..tasks.task import encoder_inputs
from .encoded import SEQUENCES
from .sharing import disentangle
from .tied_embeddings import TiedEmbeddings

NAME = "generator"


def generator_config(encoder, size=0.25, changes=None):
    """The config of a generator for an encoder: an ELECTRA, unless told otherwise.

    Its width, its feed-forward and the number of its heads are `size` times the encoder's, its
    tables are as wide, and it has as many layers: https://arxiv.org/abs/2003.10555, section 3.2 and
    appendix A, and the code there, but that heads are as large as the encoder's.

    Args:
        encoder: `keras_bert_zoo.Encoder`, the discriminator.
        size: share of the width; 1/4 in the paper's small and large models, 1/3 in the base one.
        changes: fields that are to be other, and perhaps `family`.

    Raises:
        ValueError: numbers that do not fit; an unknown field.
    """
    changes, ours = dict(changes or {}), encoder.config
    family = family_called(changes.pop("family", "electra"))
    fields = {field.name for field in dataclasses.fields(family.Config)}
    unknown = sorted(set(changes) - fields)
    if unknown:
        raise ValueError(f"generator: {family.name} has no {', '.join(unknown)}.")
    width = changes.get("hidden_dim") or max(1, round(ours.hidden_dim * size))
    heads = max(1, width * ours.num_heads // ours.hidden_dim)
    while width % heads:
        heads -= 1
    numbers = {key: value for key, value in vars(ours).items() if key in fields}
    numbers |= {"hidden_dim": width, "num_heads": heads}
    numbers["intermediate_dim"] = max(1, round(ours.intermediate_dim * width / ours.hidden_dim))
    if "num_segments" in fields:
        numbers["num_segments"] = max(1, getattr(ours, "num_segments", 1))
    if "embedding_dim" in fields:
        numbers["embedding_dim"] = encoder.embeddings.tokens.output_dim
    return family.Config(**{**numbers, **changes})


def build_generator(encoder, config, sharing, pack=False):
    """A model from an encoder's inputs and `mask_positions` to scores of every token.

    Args:
        encoder: the discriminator.
        config: of the generator.
        sharing: `"tied"`, `"none"` or `"gradient_disentangled"`; see `ReplacedTokens`.
        pack: whether a row holds several texts, told by `sequence_ids`; see `packed`.

    Returns:
        A `keras.Model` with the attribute `encoder`. The paths of weights of its own begin with
        `generator/`.

    Raises:
        ValueError: tables that cannot be shared.
    """
    family = family_called(config.family)
    if sharing != "none":
        _check_tables(encoder, config, sharing)
    with keras.name_scope(NAME):
        if sharing == "tied":
            embeddings = TiedEmbeddings(encoder.embeddings, config, name="embeddings")
            blocks = [bert.block(config, index) for index in range(config.num_layers)]
            own = Encoder(config, embeddings, blocks)
        else:
            own = family.build(config)
        inputs = encoder_inputs(own)
        places = keras.Input((None,), dtype="int32", name="mask_positions")
        if pack:
            inputs[SEQUENCES] = keras.Input((None,), dtype="int32", name=SEQUENCES)
        vectors = packed(own, inputs)["sequence_output"] if pack else own(inputs)
        logits = family.head("MaskedLM").build(own, vectors, places, True)
    if sharing == "gradient_disentangled":
        disentangle(encoder, own)
    model = keras.Model({**inputs, "mask_positions": places}, logits, name=NAME)
    model.encoder = own
    return model


def _check_tables(encoder, config, sharing):
    dim = encoder.embeddings.tokens.output_dim
    theirs = getattr(config, "embedding_dim", config.hidden_dim)
    if theirs != dim or config.vocabulary_size != encoder.config.vocabulary_size:
        raise ValueError(
            f"sharing={sharing!r} needs tables of tokens of one size. The encoder's is "
            f"{encoder.config.vocabulary_size} x {dim}, the generator's {config.vocabulary_size} x "
            f"{theirs}. Give generator={{'embedding_dim': {dim}}} to an ELECTRA, or sharing='none'."
        )
    if not isinstance(encoder.embeddings, Embeddings):
        raise ValueError(
            f"The embeddings of {encoder.config.family} cannot be shared: give sharing='none'."
        )
    if sharing == "tied" and config.family != "electra":
        raise ValueError(
            f"sharing='tied' is for a generator of the family electra, not {config.family}: give "
            "sharing='none' or 'gradient_disentangled'."
        )


def own_path(path):
    """The path of a generator's weight as it is in an encoder or task of its own."""
    return path.removeprefix(f"{NAME}/")


def fill_from(generator, task):
    """Assigns the weights of a `MaskedLM` to a generator's own."""
    values = {weight.path: weight for weight in task.weights}
    for weight in generator.weights:
        if weight.path.startswith(f"{NAME}/"):
            value = values[own_path(weight.path)]
            weight.assign(np.array(keras.ops.convert_to_numpy(value)))


def as_task(generator, preprocessor=None):
    """A `MaskedLM` with the weights of a generator, shared ones too.

    Raises:
        ValueError: tables that its family does not have.
    """
    from ..tasks import MaskedLM

    config = generator.encoder.config
    task = MaskedLM(family_called(config.family).build(config), preprocessor)
    shared = sorted(generator.weights, key=lambda weight: weight.path.startswith(f"{NAME}/"))
    values = {own_path(weight.path): weight for weight in shared}
    for weight in task.weights:
        value = values.get(weight.path)
        if value is None or value.shape != weight.shape:
            raise ValueError(
                f"The generator has the tables of another family, and no {weight.path} as "
                f"{config.family} has it: it cannot be written as one."
            )
        weight.assign(np.array(keras.ops.convert_to_numpy(value)))
    return task
