"""Which files of a repository are worth downloading."""

import re

# What our readers open, besides weights. Index files belong to weights.
_SMALL_FILE = re.compile(
    r"(?!.*\.index\.json$).*\.json|vocab\.txt|merges\.txt|bpe\.codes|.*\.model"
    r"|(README|LICEN[CS]E|NOTICE)(\..*)?",
    re.IGNORECASE,
)
TOKENIZER = re.compile(r"(.*/)?(tokenizer\.json|vocab\.(txt|json)|.*\.model)|assets/.*")
_MODULE_FOLDER = re.compile(r"|\d+_[^/]+")  # the top, or sentence-transformers' 1_Pooling, 2_Dense
_KERAS_WEIGHTS = re.compile(r".*\.weights\.(h5|json)")
# Repositories hold the same weights in several formats: the first that matches is enough.
_TORCH_WEIGHTS = (
    re.compile(r"model\.safetensors"),
    re.compile(r"model(-\d+-of-\d+\.safetensors|\.safetensors\.index\.json)"),
    re.compile(r"pytorch_model\.bin"),
    re.compile(r"pytorch_model(-\d+-of-\d+\.bin|\.bin\.index\.json)"),
    re.compile(r"tf_model\.h5"),
    re.compile(r"tf_model(-\d+-of-\d+\.h5|\.h5\.index\.json)"),
)
WEIGHTS = re.compile(r".*\.(safetensors|bin|h5)")
OTHER_WEIGHTS = re.compile(r".*\.(msgpack|onnx|gguf|ot|pth?|ckpt|safetensors)")


def readable_files(names):
    """Sort out which of a repository's files are worth downloading.

    >>> readable_files(["config.json", "model.safetensors", "pytorch_model.bin", "onnx/model.onnx"])
    ['config.json', 'model.safetensors']
    """
    by_folder = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        by_folder.setdefault(folder, []).append(file)
    chosen = []
    for folder, files in by_folder.items():
        if folder.split("/")[0] == "assets":  # Keras presets keep their vocabulary here
            wanted = files
        elif _MODULE_FOLDER.fullmatch(folder):
            wanted = [f for f in files if _SMALL_FILE.fullmatch(f)] + _weights(files)
        else:
            continue
        chosen += [f"{folder}/{file}" if folder else file for file in wanted]
    return sorted(set(chosen))


def _weights(files):
    keras = [f for f in files if _KERAS_WEIGHTS.fullmatch(f)]
    # Pickled weights are the last resort: never beside safetensors or Keras weights.
    for pattern in _TORCH_WEIGHTS[:2] if keras else _TORCH_WEIGHTS:
        if found := [f for f in files if pattern.fullmatch(f)]:
            return keras + found
    return keras
