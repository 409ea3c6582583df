"""Errors that say what was given, what is accepted, and what was probably meant."""

import difflib


def nearest(name, known):
    """` Did you mean "x"?` for the known name nearest to `name`, or nothing."""
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def unknown_name(what, name, known):
    """A `ValueError` for a name that is not in a table."""
    accepted = ", ".join(repr(k) for k in known)
    return ValueError(f"Unknown {what} {name!r}.{nearest(name, known)} Accepted: {accepted}.")
