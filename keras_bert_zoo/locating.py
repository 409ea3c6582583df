"""Where a preset's files are, by its name, folder or address."""

from pathlib import Path

from .registry import get_preset
from .sources import fetch, fetch_first


def locate(preset):
    """`(folder, info)`: where the preset's files are, and its registry entry or None.

    Raises:
        ValueError: neither a built-in name, nor a folder, nor an address that is understood.
    """
    text = str(preset)
    if "://" in text or text.startswith("pkg:") or isinstance(preset, Path) or Path(text).is_dir():
        return fetch(preset), None
    if "/" in text or "\\" in text:
        return fetch(preset), None
    info = get_preset(text)
    return fetch_first(info.sources), info
