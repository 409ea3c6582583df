"""Regions of images: from what people hold to padded arrays."""

from typing import NamedTuple

import numpy as np

from .buckets import bucket_for, grid_buckets
from .inputs import column_names, is_table

COLUMN = "visual_features"


class Regions(NamedTuple):
    """The regions of what a text is about, as a detector gives them.

    Args:
        features: array `(regions, visual_dim)`.
        segments: array `(regions,)`: 1; of two images, 0 for those of the first.
    """

    features: np.ndarray
    segments: np.ndarray


def separate(x):
    """`(x, images)`: what holds the texts, and an image (or None) for each, or None.

    Args:
        x: rows that end in an image, as `[(text, image), ...]`; two columns, `(texts, images)`; a
            dictionary or a table with a column `visual_features`, or a list of dictionaries that
            have it; or texts alone.

    >>> separate({"text": ["a", "b"], "visual_features": [None, np.zeros((36, 2048))]})[0]
    {'text': ['a', 'b']}
    """
    if is_table(x):
        return x, list(x[COLUMN]) if COLUMN in column_names(x) else None
    if isinstance(x, dict):
        texts = {name: column for name, column in x.items() if name != COLUMN}
        if len(texts) == len(x):
            return x, None
        return texts, _images(x[COLUMN], any(isinstance(text, str) for text in texts.values()))
    if isinstance(x, tuple) and len(x) == 2:
        alone = isinstance(x[0], str)
        if (_is_image if alone else _are_images)(x[1]):
            return x[0], _images(x[1], alone)
    if isinstance(x, (list, tuple)) and any(map(_has_image, x)):
        texts, images = zip(*map(_split, x))
        return list(texts), list(images)
    return x, None


def _is_image(value):
    return value is None or axes(value) >= 2


def _are_images(column):
    if isinstance(column, (list, tuple)) and column and all(one is None for one in column):
        return True
    return axes(column) >= 3


def _has_image(row):
    """Whether a row is a dictionary with an image, or a tuple that ends in one (or in None)."""
    if isinstance(row, dict):
        return COLUMN in row
    return isinstance(row, tuple) and len(row) > 1 and _is_image(row[-1])


def _split(row):
    """`(texts, image)` of a row."""
    if isinstance(row, dict):
        return row, row.get(COLUMN)
    if not _has_image(row):
        return row, None
    return row[0] if len(row) == 2 else row[:-1], row[-1]


def _images(column, alone):
    """An image for each text; `alone` if there is one text."""
    return [column] if alone else list(column)


def axes(value):
    """How many axes nested lists and arrays have, by their first entries that are not None.

    >>> axes([None, [[0.5, 0.5]]])
    3
    """
    if hasattr(value, "shape") and value.dtype != object:
        return len(value.shape)
    if isinstance(value, (list, tuple)) or hasattr(value, "shape"):
        return 1 + axes(next((one for one in value if one is not None), None))
    return 0


def regions_of(image, dim, row):
    """The `Regions` of an image, or of two.

    Args:
        image: array `(regions, dim)`, or two of these.
        dim: size of a region's features.
        row: number of the row, for errors.

    Raises:
        ValueError: anything else.
    """
    images = image if axes(image) == 3 else [image]
    arrays = [np.asarray(one) for one in images]
    for array in arrays:
        if array.ndim != 2 or array.shape[1] != dim or array.dtype.kind not in "fiu":
            raise ValueError(
                f"An image is an array of numbers (regions, {dim}), or two of these. That of row "
                f"{row} has shape {array.shape} and dtype {array.dtype}."
            )
    if not 1 <= len(arrays) <= 2:
        raise ValueError(f"A row has one image or two. Row {row} has {len(arrays)}.")
    first = 2 - len(arrays)
    segments = [np.full(len(array), first + place) for place, array in enumerate(arrays)]
    features = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return Regions(features, np.concatenate(segments))


def pad_regions(rows, dim, num_rows):
    """Pads regions to the least number on a grid that holds those of each row.

    Args:
        rows: list of `Regions`, or None for a row without.
        dim: size of a region's features.
        num_rows: rows of the result.

    Returns:
        Dictionary: `visual_features` `(num_rows, regions, dim)` float32, and int32
        `visual_segment_ids` and `visual_mask` `(num_rows, regions)`.
    """
    longest = max((len(one.features) for one in rows if one is not None), default=0)
    shape = (num_rows, bucket_for(longest, [0, *grid_buckets(2 * longest + 8)]))
    features = np.zeros((*shape, dim), "float32")
    segments, mask = np.zeros(shape, "int32"), np.zeros(shape, "int32")
    for row, one in enumerate(rows):
        if one is not None:
            count = len(one.features)
            features[row, :count], segments[row, :count] = one
            mask[row, :count] = 1
    return {"visual_features": features, "visual_segment_ids": segments, "visual_mask": mask}
