"""What must be the same for a run to go on: model, training, data; differences by name."""

import re

import keras

from ..distribution.replicas import replicas_of
from ..preprocessing.fingerprint import fingerprint
from .inner_optimizer import updates_of

LONGEST = 100  # characters of a text, entries of a list; longer ones are told by a fingerprint
# Numbers that Keras gives to names: another model of the same process has others.
COUNTED = re.compile(r"_\d+(?=[/_\"]|$)")
# Of no influence on the numbers of a training, or read back from the checkpoint.
LEFT_OUT = ("name", "seed", "module", "registered_name", "build_config", "variable_path")


class OtherRun(ValueError):
    """The checkpoints in a folder are of another model, training or data."""


def describe(model, data, steps_per_epoch):
    """Part -> (name -> what JSON can hold) of a run that begins or goes on."""
    return {
        # First, because lengths and schedules follow from the data.
        "data": {"steps_per_epoch": steps_per_epoch, **data.fingerprint()},
        "backend": {"backend": keras.config.backend(), "replicas": replicas_of(model)},
        "model": {
            "class": type(model).__name__,
            **variables_of(model.variables),
            **flat(config_of(model)),
        },
        "training": {
            "optimizer": type(model.optimizer).__name__,
            **variables_of(model.optimizer.variables),
            **flat(training_of(model)),
        },
    }


def check_same(folder, told, found):
    """Refuses to go on with other things than those that a checkpoint tells of.

    Raises:
        OtherRun: what differs, by name.
    """
    differences = []
    for part, before in told.items():
        now = found.get(part, {})
        for name in [*before, *(key for key in now if key not in before)]:
            old, new = before.get(name, "nothing"), now.get(name, "nothing")
            if old != new and "unknown" not in (old, new):
                differences.append(f"{part}: {name} was {old!r:.80}, now {new!r:.80}")
    if differences:
        more = f" ({len(differences) - 5} more)" if len(differences) > 5 else ""
        raise OtherRun(
            f"The checkpoints in {folder} are of another run. {'; '.join(differences[:5])}{more}. "
            "Give what was given then, or another folder; to begin anew here, remove the folder."
        )


def variables_of(variables):
    """Path -> `shape dtype`; of paths that are equal but for Keras' numbers, the first is plain."""
    told = {}
    for variable in variables:
        path = COUNTED.sub("", variable.path)
        shape = "x".join(map(str, variable.shape)) or "scalar"
        number = 1 + sum(1 for key in told if key.split(" #")[0] == path)
        told[path if number == 1 else f"{path} #{number}"] = f"{shape} {variable.dtype}"
    return told


def config_of(model):
    """The model's config, if it has one."""
    try:
        return {"config": model.get_config()}
    except NotImplementedError:  # a subclass of keras.Model that says nothing of itself
        return {}


def training_of(model):
    """Optimizer and loss, as data."""
    try:
        config = keras.saving.serialize_keras_object(model.optimizer)["config"]
        loss = keras.saving.serialize_keras_object(model.loss)
    except (TypeError, ValueError, KeyError):
        return {}
    if updates_of(model.optimizer) and isinstance(config.get("learning_rate"), float):
        config["learning_rate"] = "unknown"  # what it has come to, not what was given
    return {"optimizer": config, "loss": loss}


def flat(config, prefix=""):
    """Nested dictionaries and lists as one dictionary: `a/b/0` -> value.

    >>> flat({"a": {"b": [1, 2]}})
    {'a/b/0': 1, 'a/b/1': 2}
    """
    if isinstance(config, dict):
        if config.get("class_name") == "__lambda__":
            return {}
        parts = {k: v for k, v in config.items() if str(k) not in LEFT_OUT}.items()
    elif isinstance(config, (list, tuple)) and len(config) > LONGEST:
        return {prefix: fingerprint(config)}
    elif isinstance(config, (list, tuple)):
        parts = enumerate(config)
    else:
        value = COUNTED.sub("", config) if isinstance(config, str) else config
        if isinstance(value, str) and len(value) > LONGEST:
            value = fingerprint(value)
        plain = isinstance(value, (str, int, float, bool, type(None)))
        return {prefix: value} if plain else {}
    found = {}
    for key, value in parts:
        found.update(flat(value, f"{prefix}/{key}" if prefix else str(key)))
    return found
