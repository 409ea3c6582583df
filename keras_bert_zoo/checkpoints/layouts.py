"""Which layout a folder of another library has."""

from .fairseq import FairseqFolder, is_fairseq
from .google_electra import GoogleElectraFolder, is_google_electra
from .google_tf1 import GoogleFolder, is_google
from .google_tf2 import GoogleKerasFolder, is_google_keras
from .hugging_face import HuggingFaceFolder
from .keras_hub import KerasHubFolder, is_keras_hub

# Told by their files, first come first served; what is none of these is Hugging Face's.
LAYOUTS = (
    (is_google_electra, GoogleElectraFolder),
    (is_google_keras, GoogleKerasFolder),
    (is_google, GoogleFolder),
    (is_keras_hub, KerasHubFolder),
    (is_fairseq, FairseqFolder),
)


def open_folder(folder, *, strict=True):
    """The checkpoint in a folder.

    Raises:
        ConversionError, FileNotFoundError: as of the class of the layout.
    """
    layout = next((layout for holds, layout in LAYOUTS if holds(folder)), HuggingFaceFolder)
    return layout(folder, strict=strict)
