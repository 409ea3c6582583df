"""Where the tests find real vocabularies, weights and data."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


def data_path(*parts):
    """A path under KBZ_DATA, or ../shared/data beside the repository; skips the test if missing."""
    data = os.environ.get("KBZ_DATA")
    folder = pathlib.Path(data) if data else ROOT.parent / "shared" / "data"
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is missing: set KBZ_DATA to the folder that holds {'/'.join(parts)}")
    return path
