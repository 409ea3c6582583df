"""What importing the package costs and brings along."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import keras_bert_zoo

BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


@pytest.mark.any_backend
def test_every_package_is_installed():
    """Which is seen only where the package is not run from its checkout."""
    root = Path(keras_bert_zoo.__file__).parents[1]
    setup = configparser.ConfigParser()
    setup.read(root / "setup.cfg")
    told = set(setup["options"]["packages"].split()) - {"keras_bert_zoo.presets"}
    there = (root / "keras_bert_zoo").rglob("__init__.py")
    assert told == {".".join(path.parent.relative_to(root).parts) for path in there}


def python(code, **environment):
    env = {**os.environ, "KERAS_BACKEND": keras.config.backend(), **environment}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
    )
    return out.stdout.split()


def test_imports_no_backend_but_the_chosen_one():
    use = (
        "import sys, keras_bert_zoo as k; "
        "k.TextClassifier, k.Tokenizer, k.Encoder, k.list_presets, k.Recipe; "
        "print(*[n for n in ('tensorflow','jax','torch','tensorflow_text','keras_hub',"
        "'transformers','huggingface_hub','tokenizers','pandas') if n in sys.modules])"
    )
    bare = python(use.replace("keras_bert_zoo as k; ", "keras; ").replace(
        "k.TextClassifier, k.Tokenizer, k.Encoder, k.list_presets, k.Recipe; ", ""))  # fmt: skip
    assert set(python(use)) == set(bare)


def test_brings_no_package_along_that_keras_does_not():
    """What takes time to import is other people's packages: ours brings none."""
    code = (
        "import sys, keras; before = set(sys.modules); import keras_bert_zoo; "
        "keras_bert_zoo.TextClassifier; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    brought = set(python(code)) - set(sys.stdlib_module_names)
    assert brought <= {"keras", "keras_bert_zoo"}


def test_every_public_name_is_there():
    import keras_bert_zoo

    for name in keras_bert_zoo.__all__:
        assert getattr(keras_bert_zoo, name) is not None
    assert set(keras_bert_zoo.__all__) <= set(dir(keras_bert_zoo))
    with pytest.raises(AttributeError, match="TextClasifier"):
        keras_bert_zoo.TextClasifier  # noqa: B018
