"""What all tests share. One process tests one backend: the one in KERAS_BACKEND."""

import atexit
import gc
import os
import shutil
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Every test makes its models anew; JAX need not compile the same program anew each time.
_cache = tempfile.mkdtemp(prefix="jax-cache-")
atexit.register(shutil.rmtree, _cache, ignore_errors=True)
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", _cache)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Programs that run for milliseconds are not worth optimizing: a tiny task is compiled in a seventh
# of the time on JAX (and in as much as before by TensorFlow's XLA, which takes the first one only).
_quick = ["--xla_backend_optimization_level=0"]
if os.environ.get("KERAS_BACKEND") == "jax":
    _quick += ["--xla_cpu_use_fusion_emitters=false", "--xla_cpu_parallel_codegen_split_count=1"]
os.environ.setdefault("XLA_FLAGS", " ".join(_quick))
if "PYTEST_XDIST_WORKER" in os.environ:  # one process a core: more threads wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach a hub

import keras  # noqa: E402
import pytest  # noqa: E402

from tests.tiny import tiny_encoder, tiny_tokenizer  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    # Keras collects garbage for each layer that it quantizes: what earlier tests left behind
    # need not be looked through each time.
    gc.collect()
    gc.freeze()


@pytest.fixture
def encoder():
    return tiny_encoder()


@pytest.fixture
def tokenizer():
    return tiny_tokenizer()
