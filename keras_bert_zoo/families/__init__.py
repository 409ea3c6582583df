"""One file for each family. To add one: write the file, and name it here."""

import importlib

from ..errors import unknown_name

FILES = (
    "albert",
    "bert",
    "camembert",
    "deberta",
    "deberta_v2",
    "distilbert",
    "electra",
    "ernie",
    "mobilebert",
    "modernbert",
    "mpnet",
    "roberta",
    "visual_bert",
    "xlm",
    "xlm_roberta",
    "xlm_roberta_xl",
    "xlnet",
)
FAMILIES = {
    family.name: family
    for family in (importlib.import_module(f".{file}", __name__).FAMILY for file in FILES)
}


def family_called(name):
    """The family of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in FAMILIES:
        raise unknown_name("family", name, FAMILIES)
    return FAMILIES[name]
