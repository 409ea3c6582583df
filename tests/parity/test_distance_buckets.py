"""Distances between tokens fall into the buckets that transformers puts them into."""

import numpy as np


def test_distance_buckets_of_mpnet():
    import torch
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    from keras_bert_zoo.layers.relations import distance_buckets

    offsets = torch.arange(-200, 201)
    expected = MPNetEncoder.relative_position_bucket(offsets).numpy()
    table = distance_buckets(16)[np.minimum(np.abs(offsets.numpy()), 128)]
    np.testing.assert_array_equal(table + 16 * (offsets.numpy() > 0), expected)


def test_distance_buckets_of_deberta():
    import torch
    from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

    from keras_bert_zoo.layers.disentangled_attention import log_buckets

    for buckets, longest in ((256, 512), (4, 24), (32, 128)):
        offsets = torch.arange(-700, 701)
        expected = make_log_bucket_position(offsets, buckets, longest).numpy()
        table = log_buckets(buckets, longest)
        found = table[np.minimum(np.abs(offsets.numpy()), longest)] * np.sign(offsets.numpy())
        clip = lambda rows: np.clip(rows + buckets, 0, 2 * buckets - 1)  # noqa: E731, B023
        np.testing.assert_array_equal(clip(found), clip(expected))
