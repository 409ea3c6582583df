"""Names of a package that are imported when they are first used."""

import importlib
import sys


def lazy(package, public):
    """`(__getattr__, __dir__)` of a package: it costs nothing until its names are used.

    Args:
        package: its `__name__`.
        public: name -> the module of the package that has it.

    Example:

    >>> __getattr__, __dir__ = lazy(__name__, {"Corpus": "source"})
    """

    def __getattr__(name):
        if name in public:
            module = importlib.import_module(f".{public[name]}", package)
            value = getattr(module, name)
            setattr(sys.modules[package], name, value)
            return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__():
        return sorted(public)

    return __getattr__, __dir__
