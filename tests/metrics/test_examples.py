"""What the docstrings show is what comes out; and the package gives what it names."""

import doctest
import importlib
import pkgutil

import pytest

from keras_bert_zoo import metrics

pytestmark = pytest.mark.any_backend  # what they show is tested on each in the other files
MODULES = ["", *(f".{module.name}" for module in pkgutil.iter_modules(metrics.__path__))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name):
    module = importlib.import_module(f"{metrics.__name__}{name}")
    assert doctest.testmod(module).failed == 0


def test_every_public_name_is_there():
    assert len(metrics.__all__) == len(set(metrics.__all__))
    for name in metrics.__all__:
        assert getattr(metrics, name).__doc__
