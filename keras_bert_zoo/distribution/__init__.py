"""Training on several devices."""

from ..lazy import lazy

PUBLIC = {"Devices": "devices", "distribute": "distribute", "layout_of": "layouts"}
__all__ = [*PUBLIC]
__getattr__, __dir__ = lazy(__name__, PUBLIC)
