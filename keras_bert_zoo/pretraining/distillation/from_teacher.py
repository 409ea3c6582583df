"""What all objectives share that learn from a teacher."""

import keras

from ..encoded import SEQUENCES
from ..objective import Objective
from .layer_pairs import layer_pairs
from .teacher import Teacher, check_same_tokens


class FromTeacher(Objective):
    """To be like a teacher, which reads the same tokens. Text stays as it is.

    Objectives that are given the same teacher share one pass through it.

    Args:
        teacher: a trained `keras_bert_zoo.Encoder` or task; it is frozen.
        weight: as in `Objective`.
    """

    packs = True

    def __init__(self, teacher, weight=1.0):
        super().__init__(weight)
        self.teacher = Teacher(teacher)

    def bind(self, tokenizer):
        check_same_tokens(tokenizer, self.teacher.tokenizer)
        return super().bind(tokenizer)

    def corrupt(self, batch, rng):
        return batch, {}

    def asks(self, encoder):
        """`(student's, teacher's)`: lists of keys of what is compared; see `Teacher.show`.

        Args:
            encoder: the student's.
        """
        raise NotImplementedError

    def connect(self, encoder, encoded, inputs):
        self.teacher.check(encoder)
        shown = encoded.teachers[id(self.teacher.model)]
        ours, theirs = self.asks(encoder)
        return {
            "student": [self.find(key, encoded) for key in ours],
            "teacher": [shown[key] for key in theirs],
            # Above 0 for a token; where a row holds several texts, equal for tokens of one text.
            "mask": inputs.get(SEQUENCES, encoded.padding_mask),
        }

    def find(self, key, encoded):
        """What of the student that key means, symbolic."""
        what, index = key
        if what == "states":
            return encoded.hidden_states[index]
        return encoded.attention_parts[index][what]

    def get_config(self):
        teacher = keras.saving.serialize_keras_object(self.teacher.model)
        return {**super().get_config(), "teacher": teacher}

    @classmethod
    def from_config(cls, config):
        teacher = keras.saving.deserialize_keras_object(config["teacher"])
        return cls(**{**config, "teacher": teacher})


class LayersFromTeacher(FromTeacher):
    """The same of some layers, each of which is to be like one of the teacher's.

    Args:
        teacher, weight: as for `FromTeacher`.
        layers: which: `"uniform"`, `"last"`, or a list of pairs; see `layer_pairs`.
    """

    first = 1  # the first layer that has what is compared
    parts = ()  # names of what is compared of each block's attention

    def __init__(self, teacher, layers, weight=1.0):
        super().__init__(teacher, weight)
        self.layers = layers if isinstance(layers, str) else [list(pair) for pair in layers]

    def pairs(self, encoder):
        """Numbers of the layers, `[(student's, teacher's), ...]`."""
        depths = encoder.config.num_layers, self.teacher.encoder.config.num_layers
        return layer_pairs(self.layers, *depths, self.first)

    def asks(self, encoder):
        pairs = [(part, pair) for part in self.parts for pair in self.pairs(encoder)]
        return [(part, ours - 1) for part, (ours, _) in pairs], [
            (part, theirs - 1) for part, (_, theirs) in pairs
        ]

    def attention_parts(self, encoder):
        return {ours - 1: self.parts for ours, _ in self.pairs(encoder)} if self.parts else {}

    def check_heads(self, encoder, instead):
        """Raises a ValueError if student and teacher have not the same number of heads."""
        ours, theirs = (one.config.num_heads for one in (encoder, self.teacher.encoder))
        if ours != theirs:
            raise ValueError(
                f"{type(self).__name__} compares head with head. The student has {ours}, the "
                f"teacher {theirs}: build the student with num_heads={theirs}, or {instead}."
            )

    def get_config(self):
        return {**super().get_config(), "layers": self.layers}
