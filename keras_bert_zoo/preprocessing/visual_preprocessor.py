"""Texts with images: a preprocessor for encoders that read both."""

import keras

from .preprocessor import Preprocessor
from .regions import Regions, pad_regions, regions_of, separate


@keras.saving.register_keras_serializable("keras_bert_zoo")
class VisualPreprocessor(Preprocessor):
    """A `Preprocessor` that also takes what a detector found in an image.

    It takes texts alone; rows that end in an image, `[(text, image), ...]`; two columns,
    `(texts, images)`; or a dictionary or a table with a column `visual_features`. An image is an
    array `(regions, visual_dim)` with any number of regions, a pair of these where a text is about
    two images, or None where it is about none.

    Args:
        tokenizer: `keras_bert_zoo.Tokenizer`.
        max_sequence_length: most tokens in a row; regions are not counted.
        visual_dim: size of a region's features.
        **options: of `Preprocessor`.

    Example:

    >>> preprocessor = VisualPreprocessor(tokenizer, visual_dim=2048)
    >>> preprocessor((["a cat", "a dog"], np.zeros((2, 36, 2048))))["visual_features"].shape
    (2, 40, 2048)
    """

    def __init__(self, tokenizer, max_sequence_length=512, *, visual_dim, **options):
        super().__init__(tokenizer, max_sequence_length, **options)
        self.visual_dim = visual_dim

    def separate(self, x):
        x, images = separate(x)
        if images is None:
            return x, None
        dim = self.visual_dim
        return x, [
            () if image is None else (regions_of(image, dim, row),)
            for row, image in enumerate(images)
        ]

    def texts_of(self, rows):
        with_images = [isinstance(row[-1], Regions) for row in rows]
        texts = [row[:-1] if image else row for row, image in zip(rows, with_images)]
        return texts, [row[-1:] if image else () for row, image in zip(rows, with_images)]

    def pad(self, packed, num_rows=None, side=None):
        inputs = super().pad([one[:2] for one in packed], num_rows, side)
        regions = [one[2] if len(one) > 2 else None for one in packed]
        return {**inputs, **pad_regions(regions, self.visual_dim, len(inputs["token_ids"]))}

    def get_config(self):
        return {**super().get_config(), "visual_dim": self.visual_dim}


def preprocessor_for(config, tokenizer, **options):
    """The preprocessor that makes what an encoder of this config takes.

    Args:
        config: the encoder's.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        **options: of `Preprocessor`.
    """
    if config.visual_dim is None:
        return Preprocessor(tokenizer, **options)
    return VisualPreprocessor(tokenizer, **{"visual_dim": config.visual_dim, **options})
