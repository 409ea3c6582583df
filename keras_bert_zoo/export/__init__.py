"""A trained task for those who do not have this library: one module a format."""

from .formats import FORMATS, export

__all__ = ["FORMATS", "export"]
