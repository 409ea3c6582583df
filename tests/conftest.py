"""What all tests share. One process tests one backend: the one in KERAS_BACKEND."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach a hub

import keras
import pytest

from tests.tiny import tiny_encoder, tiny_tokenizer


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def encoder():
    return tiny_encoder()


@pytest.fixture
def tokenizer():
    return tiny_tokenizer()
