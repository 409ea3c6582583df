"""Packages that a corpus needs and the library does without."""

import importlib


def needed(module, package, what, extra="corpus"):
    """The module of a package, or an error that names the extra that has it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{what} needs {package}: pip install 'keras-bert-zoo[{extra}]'."
        ) from error


def pyarrow():
    return needed("pyarrow", "pyarrow", "A corpus")


def pyarrow_parquet():
    return needed("pyarrow.parquet", "pyarrow", "A corpus")


def sentencex():
    return needed("sentencex", "sentencex", "Splitting text into sentences")
