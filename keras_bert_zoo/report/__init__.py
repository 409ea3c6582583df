"""A page about a training: what was reached, and where it still goes wrong."""

from .report import write_report

__all__ = ["write_report"]
