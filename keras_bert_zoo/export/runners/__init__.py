"""Programs that are written beside an exported model: `head.py`, and one file a kind of answer."""
