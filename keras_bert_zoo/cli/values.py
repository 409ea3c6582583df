"""What an option's value may be: readers that argparse calls."""

import argparse
import math


def filled(text):
    """A str that is not empty."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def whole(least, most=None):
    """A reader of whole numbers in a range."""
    wanted = f"of {least} or more" if most is None else f"from {least} to {most}"

    def read(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be a whole number {wanted}. Given: {text!r}")
        return value

    return read


def _number(text, accepts, wanted):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not accepts(value):
        raise argparse.ArgumentTypeError(f"must be {wanted}. Given: {text!r}")
    return value


def positive(text):
    """A finite number above 0."""
    return _number(text, lambda x: 0 < x < math.inf, "a number above 0, such as 5e-5")


def share(text):
    """A number between 0 and 1."""
    return _number(text, lambda x: 0 < x < 1, "between 0 and 1, such as 0.1")


def chance(text):
    """A number from 0 to 1."""
    return _number(text, lambda x: 0 <= x <= 1, "from 0 to 1, such as 0.1")


def top_k(text):
    """A whole number of 1 or more, or `all`."""
    return text if text == "all" else whole(1)(text)
