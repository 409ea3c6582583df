"""What else in a folder looks like weights: a report tells of it, and why it was not read."""

from pathlib import Path

from .tensor_bundle import SAVED_MODEL, SUFFIX
from .tensors import FILES

# As KerasHub and fairseq call theirs.
_OF_OTHERS = ("model.weights.h5", "model.pt")
# Of Flax, of Rust, of llama.cpp.
_UNREAD = ("flax_model.msgpack", "rust_model.ot", "*.gguf")


def passed_over(folder, taken):
    """File -> why it was not read, for the files of weights in a folder.

    Args:
        folder: the folder.
        taken: names of the files that were read.

    >>> passed_over("bert-base-uncased", ["model.safetensors"])
    {'pytorch_model.bin': 'model.safetensors comes first'}
    """
    folder, first = Path(folder), taken[0]
    names = (*FILES, *_OF_OTHERS, str(SAVED_MODEL), f"*{SUFFIX}")
    readable = dict.fromkeys(_found(folder, names), f"{first} comes first")
    unread = dict.fromkeys(_found(folder, _UNREAD), "no format that is read")
    found = (readable | unread).items()
    return {name: why for name, why in found if Path(name).name not in taken}


def _found(folder, patterns):
    return [
        path.relative_to(folder).as_posix()
        for pattern in patterns
        for path in sorted(folder.glob(pattern))
    ]
