"""The tokenizer of a preset, without Keras: reading one takes milliseconds, and no backend."""

import dataclasses
import functools
import pathlib

from ...locating import locate
from ...tokenizers import files, kinds
from ...tokenizers.describe import written
from ...tokenizers.settling import settled
from ...tokenizers.template import template_of


@dataclasses.dataclass
class TokenizerFolder:
    """What a build needs of a `Tokenizer`, read from a folder.

    Args:
        engine: `tokenizers.Tokenizer`, or another with its methods.
        special_tokens: role to token.
    """

    engine: object
    special_tokens: dict

    @functools.cached_property
    def template(self):
        """As `Tokenizer.template`."""
        return template_of(self.engine, self.special_tokens["cls"], self.special_tokens["sep"])

    @property
    def vocabulary_size(self):
        """As `Tokenizer.vocabulary_size`."""
        return max(self.engine.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    @property
    def sep_id(self):
        """As `Tokenizer.sep_id`."""
        token = self.special_tokens["sep"]
        return None if token is None else self.engine.token_to_id(token)

    def save(self, folder):
        """Writes the files that `Tokenizer.save` writes."""
        own = written(self.engine, self.special_tokens, self.template.padding_side)
        for name, text in own.items():
            pathlib.Path(folder, name).write_text(text, encoding="utf-8", newline="\n")


def tokenizer_folder(preset):
    """The `TokenizerFolder` of a preset's name, folder or address.

    Raises:
        FileNotFoundError, ValueError: as `Tokenizer.from_folder`.
    """
    engine, special_tokens = kinds.from_folder(pathlib.Path(locate(preset)[0]), {})
    return TokenizerFolder(engine, settled(engine, special_tokens))


def engine_of(folder):
    """The engine of the tokenizer that is saved in a corpus.

    Args:
        folder: what `save` wrote.
    """
    path = pathlib.Path(folder) / files.SPECIFICATION
    if path.is_file():
        return files.load(files.read_specification(path), path)
    return kinds.from_folder(path.parent, {})[0]
