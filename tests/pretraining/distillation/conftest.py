"""What the tests of this folder share."""

import keras
import pytest


@pytest.fixture(scope="module", autouse=True)
def _compiles_little():
    """On JAX most of the time would go into making programs fast that run a dozen times."""
    if keras.config.backend() != "jax":
        yield
        return
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
