"""Normalizers of a tokenizer.json in a graph, with the alignments of the Rust library."""

import tensorflow as tf

from .characters import decode


class Normalizer(tf.Module):
    def __init__(self, specification):
        super().__init__()
        self.steps = []
        if specification:
            from .composition import Composition
            assert specification["type"]=="NFC"
            self.steps=[Composition("NFC")]
    def __call__(self, strings, aligned):
        c = decode(strings, aligned)
        for s in self.steps: c = s(c)
        return c
    def strings(self, strings): pass
