"""A trained model that another one learns from."""

import keras

from ...encoder import Encoder
from ...tasks.task import Task, encoder_inputs
from ..encoded import SEQUENCES, Encoded, joined
from ..frozen import Frozen


class Teacher:
    """A trained encoder or task: what is inside of it for the inputs that its student reads.

    It is frozen (`trainable = False`) as long as something learns from it, and after that, and it
    runs in inference.

    Args:
        model: `keras_bert_zoo.Encoder`, or a task.

    Raises:
        TypeError: something else.
    """

    def __init__(self, model):
        if not isinstance(model, (Encoder, Task)):
            raise TypeError(
                "A teacher is a keras_bert_zoo.Encoder or a task, such as a MaskedLM. Given: "
                f"{type(model).__name__}. Load one with from_preset."
            )
        self.model = model
        self.encoder = model if isinstance(model, Encoder) else model.encoder

    @property
    def tokenizer(self):
        """The tokenizer that it was trained with, where the model has one."""
        preprocessor = getattr(self.model, "preprocessor", None)
        return preprocessor and preprocessor.tokenizer

    def check(self, encoder):
        """Raises a ValueError if it cannot read what its student reads.

        Args:
            encoder: the student's.
        """
        if encoder is self.encoder:
            raise ValueError(
                "The teacher and the student are the same encoder, so there is nothing to learn. "
                "Make a student with student_of(teacher), or load another encoder."
            )
        ours, theirs = encoder.config, self.encoder.config
        if set(encoder.input) != set(self.encoder.input):
            raise ValueError(
                f"The student reads {sorted(encoder.input)}, the teacher "
                f"{sorted(self.encoder.input)}: they must read the same."
            )
        if ours.vocabulary_size != theirs.vocabulary_size:
            raise ValueError(
                f"The student has {ours.vocabulary_size} tokens, the teacher "
                f"{theirs.vocabulary_size}: they must have the same tokenizer. Build the student "
                "with the teacher's vocabulary_size, and give it the teacher's tokenizer."
            )

    def show(self, wanted, encoded, inputs, name="teacher"):
        """What is inside of the teacher, symbolic: `(what, number)` -> tensor.

        Args:
            wanted: list of such keys: `("states", i)`, the embeddings from 0, or a block's output
                from 1; `(part of the attention, i)`, of a block from 0; `("tokens", places)`, the
                logits of a masked LM at all places (`"all"`) or at hidden ones (`"masked"`).
            encoded: `Encoded`, what the student makes of the same inputs.
            inputs: the student's inputs.
            name: of the layer that the teacher becomes.
        """
        ours = encoder_inputs(self.encoder)
        if SEQUENCES in inputs:
            ours[SEQUENCES] = keras.Input((None,), dtype="int32", name=SEQUENCES)
        if ("tokens", "masked") in wanted:
            ours["mask_positions"] = keras.Input((None,), dtype="int32", name="mask_positions")
        parts = joined({i: (what,)} for what, i in wanted if what not in ("states", "tokens"))
        states = any(what == "states" for what, _ in wanted)
        own = Encoded(
            self.encoder, ours, ("hidden_states",) if states else (), parts, _depth(wanted)
        )
        outputs = {f"{what}_{i}": self._find(what, i, own, ours) for what, i in wanted}
        frozen = Frozen(keras.Model(ours, outputs), name=name)
        shown = frozen({key: inputs[key] for key in ours})
        return {key: shown[f"{key[0]}_{key[1]}"] for key in wanted}

    def _find(self, what, which, own, inputs):
        if what == "states":
            return own.hidden_states[which]
        if what != "tokens":
            return own.attention_parts[which][what]
        places = own.all_places if which == "all" else inputs["mask_positions"]
        return self.token_head(own.sequence, places)

    @property
    def token_head(self):
        """The layer that scores tokens.

        Raises:
            ValueError: the model is no masked LM.
        """
        from ...tasks import MaskedLM

        if not isinstance(self.model, MaskedLM):
            raise ValueError(
                "What a teacher says about hidden tokens is known of a MaskedLM only. Given: "
                f"{type(self.model).__name__}. Load it with MaskedLM.from_preset, or learn from "
                "its hidden states or its attention."
            )
        return self.model.get_layer("head")


def _depth(wanted):
    """How many blocks have to be run; None for all."""
    if any(what == "tokens" for what, _ in wanted):
        return None
    return max(number if what == "states" else number + 1 for what, number in wanted)


# Case, accents, full-width letters, punctuation, ideographs: what tokenizers treat differently.
PROBE = "The caf\u00e9's TEXT\uff21: 12,5 it isn't \u6f22\u5b57 stra\u00dfe."


def check_same_tokens(tokenizer, other):
    """Checks that the student's tokenizer gives what the teacher's does.

    Args:
        tokenizer: the student's.
        other: the teacher's, or None where it is not known.

    Raises:
        ValueError: they differ; says in what.
    """
    if other is None or other is tokenizer or not (tokenizer.is_loaded and other.is_loaded):
        return
    ours, theirs = tokenizer.vocabulary(), other.vocabulary()
    wrong = next((token for token in ours if ours[token] != theirs.get(token)), None)
    if wrong is not None:
        told = f"{wrong!r} is {ours[wrong]} for one and {theirs.get(wrong)} for the other"
    elif len(ours) != len(theirs):
        told = f"they have {len(ours)} and {len(theirs)} tokens"
    elif tokenizer(PROBE) != other(PROBE):
        told = f"they cut {PROBE!r} differently"
    else:
        return
    raise ValueError(
        f"The student's tokenizer {tokenizer.name!r} is not the teacher's {other.name!r}: {told}. "
        "A student reads what its teacher reads: give it the tokenizer of the teacher, "
        "teacher.preprocessor.tokenizer."
    )
