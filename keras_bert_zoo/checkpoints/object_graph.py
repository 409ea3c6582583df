"""What a checkpoint of TensorFlow 2 says of the objects that were saved: their variables' names.

Tensors there are called by the way through the objects, as `model/layer_with_weights-4/...`, which
depends on the program. The graph of objects, a string beside them, has the name that each variable
was made with. The messages:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/trackable_object_graph.proto
"""

from ..protobuf import Message
from .leveldb_table import MAX_KEY

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
MAX_BYTES = 1 << 22  # that of BERT-Large and its optimizer has a tenth of it
_NODES, _ATTRIBUTES, _FULL_NAME, _KEY = 1, 2, 2, 3


def variable_names(graph):
    """Name of a tensor in the checkpoint -> name of its variable, "" where none was kept.

    Args:
        graph: bytes of a TrackableObjectGraph.

    Raises:
        ValueError: not such a message, or a tensor has two names.
    """
    names = {}
    for node in Message(graph).parts(_NODES):
        for attribute in Message(node).parts(_ATTRIBUTES):
            message = Message(attribute)
            key, name = _name(message, _KEY), _name(message, _FULL_NAME)
            if names.setdefault(key, name) != name:
                raise ValueError(f"it calls {key!r} both {names[key]!r} and {name!r}")
    return names


def _name(message, number):
    name = message.text(number)
    if len(name) > MAX_KEY:
        raise ValueError(f"a name of {len(name)} characters; expected at most {MAX_KEY}")
    return name
