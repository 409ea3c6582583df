"""Packages that batch inference needs and the library does without."""

from ..pretraining.corpus.extras import needed

WHAT = "Batch inference"


def pyarrow():
    return needed("pyarrow", "pyarrow", WHAT, "scale")


def parquet():
    return needed("pyarrow.parquet", "pyarrow", WHAT, "scale")


def ray():
    return needed("ray", "Ray", "The engine 'ray'", "scale-ray")
