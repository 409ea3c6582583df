"""Requests with which TensorFlow Serving warms a model up, as it reads them from a SavedModel.

A file of TFRecords, each a `PredictionLog` of tensorflow/serving's apis/prediction_log.proto,
written field by field: the package with these messages has clients for gRPC, which we do not need.
"""

import numpy as np

from ..protobuf import bytes_field as field

FILE = "tf_serving_warmup_requests"
# Numbers of the fields.
PREDICT_LOG, REQUEST = 6, 1  # PredictionLog.predict_log, PredictLog.request
MODEL_SPEC, INPUTS = 1, 2  # PredictRequest
SIGNATURE_NAME = 3  # ModelSpec
KEY, VALUE = 1, 2  # of an entry of a map


def write_requests(folder, signatures):
    """Writes one request for each signature.

    Args:
        folder: that of the SavedModel's extra assets.
        signatures: name -> `Signature`.
    """
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(folder / FILE)) as writer:
        for name, signature in signatures.items():
            writer.write(request(name, signature.inputs, signature.example))


def request(name, specs, example):
    """A `PredictionLog`, serialized.

    Args:
        name: of the signature.
        specs: name -> `tf.TensorSpec` of its inputs.
        example: name -> values.
    """
    import tensorflow as tf

    body = field(MODEL_SPEC, field(SIGNATURE_NAME, name.encode()))
    for key, value in example.items():
        kind = object if specs[key].dtype == tf.string else specs[key].dtype.as_numpy_dtype
        tensor = tf.make_tensor_proto(np.array(value, kind), specs[key].dtype)
        body += field(INPUTS, field(KEY, key.encode()) + field(VALUE, tensor.SerializeToString()))
    return field(PREDICT_LOG, field(REQUEST, body))
