"""One file for each family. To add one: write the file, and name it here."""

from ..errors import unknown_name
from . import (
    albert,
    bert,
    camembert,
    deberta_v2,
    distilbert,
    electra,
    mpnet,
    roberta,
    xlm_roberta,
)

FAMILIES = {
    module.FAMILY.name: module.FAMILY
    for module in (
        albert,
        bert,
        camembert,
        deberta_v2,
        distilbert,
        electra,
        mpnet,
        roberta,
        xlm_roberta,
    )
}


def family_called(name):
    """The family of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in FAMILIES:
        raise unknown_name("family", name, FAMILIES)
    return FAMILIES[name]
