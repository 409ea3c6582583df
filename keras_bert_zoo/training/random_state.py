"""Where the random numbers of dropout are, so that a loaded task draws the ones that come next.

TensorFlow and JAX draw from each layer's seed generator. On torch Keras drops with torch's own
generators, one a device, which are global to the process.
"""

import keras
import numpy as np

SEEDS = "seed_{}"
TORCH = "torch_{}"


def seed_states(model):
    """The state variables of a model's seed generators, in a fixed order."""
    return [v for v in model.variables if v.name == "seed_generator_state"]


def read_random_state(model):
    """Arrays by name: all that decides which random numbers `model` draws next."""
    states = {
        SEEDS.format(number): keras.ops.convert_to_numpy(state)
        for number, state in enumerate(seed_states(model))
    }
    for device, (read, _) in torch_generators().items():
        states[TORCH.format(device)] = read().cpu().numpy()
    return states


def write_random_state(model, states):
    """Sets what `read_random_state` read; what is not there is left as it is."""
    for number, variable in enumerate(seed_states(model)):
        if SEEDS.format(number) in states:
            variable.assign(states[SEEDS.format(number)])
    for device, (_, write) in torch_generators().items():
        if TORCH.format(device) in states:
            import torch

            write(torch.from_numpy(np.array(states[TORCH.format(device)], "uint8")))


def torch_generators():
    """Device -> functions that read and set its generator; nothing on other backends."""
    if keras.config.backend() != "torch":
        return {}
    import torch

    generators = {"cpu": (torch.get_rng_state, torch.set_rng_state)}
    if torch.cuda.is_available():
        generators["cuda"] = (torch.cuda.get_rng_state, torch.cuda.set_rng_state)
    return generators
