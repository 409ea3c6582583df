"""Text to token ids and back, on every backend, with the Rust `tokenizers` library."""

import copy
import dataclasses
import functools
import json
import os
import pathlib

import keras

from . import added_tokens, files, kinds, wordpiece
from .describe import written
from .encoding import encodings
from .files import CONFIG, SPECIFICATION
from .settling import settled
from .template import template_of
from .texts import inputs, strings, without_surrogates, word_lists
from .wordpiece import BERT_TOKENS


@dataclasses.dataclass(frozen=True)
class _Loaded:
    """What a tokenizer holds; replaced whole, never changed, so that threads need no lock."""

    engine: object
    special_tokens: dict

    @functools.cached_property
    def vocabulary_size(self):
        return max(self.engine.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    @functools.cached_property
    def template(self):
        return template_of(self.engine, self.special_tokens["cls"], self.special_tokens["sep"])


def _token(role):
    doc = f"The {role} token, a str; None if this tokenizer has none."
    return property(lambda self: self._ready.special_tokens[role], doc=doc)


def _token_id(role):
    doc = f"Id of the {role} token; None if this tokenizer has none."
    return property(lambda self: self.token_to_id(self._ready.special_tokens[role]), doc=doc)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Tokenizer(keras.Layer):
    """Text to token ids and back, as a fast `tokenizer.json` says: the same ids as transformers.

    A layer without weights, which works on Python strings outside of the model's graph; a model
    that holds one saves and loads it in `.keras` files. A bare `Tokenizer()` is empty, for Keras to
    fill on loading; make one with `from_vocabulary`, `from_file` or `from_folder`. Encoding and
    decoding may run in many threads at once.

    Args:
        special_tokens: role ("unk", "sep", "pad", "cls", "mask") to token or None; a role left out
            is the first of BERT's and RoBERTa's usual tokens that the vocabulary has.
        **kwargs: of `keras.Layer`, such as `name`.

    Example:
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##known", "cat"]
    >>> tokenizer = Tokenizer.from_vocabulary(words)
    >>> tokenizer("Unknown cat")
    [2, 5, 6, 7, 3]
    >>> tokenizer.encode("Unknown cat").offsets
    [(0, 0), (0, 2), (2, 7), (8, 11), (0, 0)]
    """

    unk_token, sep_token, pad_token, cls_token, mask_token = map(_token, BERT_TOKENS)
    unk_id, sep_id, pad_id, cls_id, mask_id = map(_token_id, BERT_TOKENS)

    def __init__(self, special_tokens=None, **kwargs):
        super().__init__(**kwargs)
        unknown = sorted(set(special_tokens or ()) - set(BERT_TOKENS))
        if unknown:
            raise ValueError(f"special_tokens has {unknown}; expected roles {list(BERT_TOKENS)}.")
        self._loaded = _Loaded(None, dict(special_tokens or {}))
        self.built = True

    @classmethod
    def from_vocabulary(cls, vocabulary, lowercase=True, strip_accents=None, name=None, **options):
        """BERT's WordPiece tokenizer over a vocabulary; uncased unless told otherwise.

        Args:
            vocabulary: path to a vocab.txt, or list of tokens in the order of their ids.
            lowercase: lower-case the text.
            strip_accents: remove accents; None does so exactly when `lowercase`.
            name: of the layer.
            **options: of `wordpiece.wordpiece`: `tokenize_chinese_chars=True`, `clean_text=True`,
                `max_characters_per_word=100`, and `special_tokens` as above, BERT's by default.

        Raises:
            FileNotFoundError, TypeError, ValueError: the vocabulary cannot be used, and why.

        Example:
        >>> Tokenizer.from_vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "a"])("A")
        [1, 5, 2]
        """
        options["special_tokens"] = {**BERT_TOKENS, **(options.get("special_tokens") or {})}
        engine = wordpiece.wordpiece(vocabulary, lowercase, strip_accents, **options)
        return cls(options["special_tokens"], name=name)._adopt(engine)

    @classmethod
    def from_file(cls, path, special_tokens=None, name=None):
        """The tokenizer of a `tokenizer.json`, whose padding and truncation are left out.

        Raises:
            FileNotFoundError, ValueError: the file is missing or unusable, and why.
        """
        engine = files.load(files.read_specification(path), path)
        return cls(special_tokens, name=name)._adopt(engine)

    @classmethod
    def from_specification(cls, specification, special_tokens=None, name=None):
        """The tokenizer of the JSON object of a tokenizer.json, as `specification` gives it.

        Raises:
            ValueError: it is unusable, and why.
        """
        plain = {**specification, "padding": None, "truncation": None}
        engine = files.load(plain, "The specification")
        return cls(special_tokens, name=name)._adopt(engine)

    @classmethod
    def from_folder(cls, folder, name=None, **settings):
        """The tokenizer of a folder in the layout of transformers, by the rules of its release 5.

        `tokenizer_class` or `model_type` says the family: `kinds.KINDS` lists those known. Theirs
        are rebuilt, as transformers does: the vocabulary from tokenizer.json, else from vocab.txt,
        vocab.json and merges.txt, or a SentencePiece .model; the rest from tokenizer_config.json
        and its older companions. The tokenizer.json of any other class is taken as it is.

        Args:
            folder: path.
            name: of the layer.
            **settings: in place of what tokenizer_config.json says, for the kinds that allow it:
                `normalization=True` for tweets as they come, not in BERTweet's spelling.

        Raises:
            FileNotFoundError, ValueError: a file is missing or unusable, and why; or there is no
                such setting.
            ImportError: an extra is needed: which.
        """
        engine, special_tokens = kinds.from_folder(pathlib.Path(folder), settings)
        return cls(special_tokens=special_tokens, name=name)._adopt(engine)

    def _adopt(self, engine):
        """Take a `tokenizers.Tokenizer`, and settle which token has which role."""
        self._loaded = _Loaded(engine, settled(engine, self._loaded.special_tokens))
        return self

    @property
    def is_loaded(self):
        """Whether there is a vocabulary: not before `load_assets`, if made from a config alone."""
        return self._loaded.engine is not None

    @property
    def _ready(self):
        if self._loaded.engine is None:
            raise ValueError(
                f"The tokenizer {self.name!r} is empty: make one with Tokenizer.from_vocabulary, "
                "from_file or from_folder, or load the model it was saved in."
            )
        return self._loaded

    @property
    def vocabulary_size(self):
        """Rows an embedding needs: one more than the highest id, added tokens included."""
        return self._ready.vocabulary_size

    @property
    def template(self):
        """`Template`: the special ids around one text, or around the two of a pair."""
        return self._ready.template

    @property
    def special_ids(self):
        """Ids of all special tokens, ascending: those `decode` skips."""
        added = self._ready.engine.get_added_tokens_decoder()
        return tuple(sorted(index for index, token in added.items() if token.special))

    def vocabulary(self):
        """Every token and its id, as a new dict."""
        return self._ready.engine.get_vocab(with_added_tokens=True)

    def specification(self):
        """The tokenizer.json, as a new dict.

        Raises:
            ValueError: none can hold this tokenizer, as BERTweet's.
        """
        engine = self._ready.engine
        if not hasattr(engine, "to_str"):
            raise ValueError(
                f"No tokenizer.json can hold the tokenizer {self.name!r}: it is kept in "
                f"{', '.join(engine.files)}."
            )
        return json.loads(engine.to_str())

    def token_to_id(self, token):
        """Id of a token, or None if there is no such token."""
        return None if token is None else self._ready.engine.token_to_id(token)

    def id_to_token(self, index):
        """Token of an id, or None if there is no such id."""
        return self._ready.engine.id_to_token(int(index)) if index >= 0 else None

    def call(self, texts, pairs=None):
        """Ids with special tokens: a list for one text, a list of lists for a list of texts."""
        if isinstance(texts, str):
            return self.call([texts], None if pairs is None else [pairs])[0]
        return [encoding.ids for encoding in self._encode(inputs(texts, pairs), fast=True)]

    __call__ = call  # that of keras.Layer would turn the strings into tensors

    def encode(self, text, pair=None, add_special_tokens=True):
        """Tokenize one text, or one pair of texts, to an `Encoding`.

        Args:
            text: str. A lone surrogate is read as U+FFFD.
            pair: str; an empty one still makes a pair. None for a single text.
            add_special_tokens: add those of the template, such as [CLS] and [SEP].

        Raises:
            TypeError: a text is not a str.
        """
        return self.encode_batch([text], None if pair is None else [pair], add_special_tokens)[0]

    def encode_batch(self, texts, pairs=None, add_special_tokens=True):
        """Tokenize many texts, or as many pairs, in parallel: `encode` of each."""
        return encodings(self._encode(inputs(texts, pairs), add_special_tokens))

    def encode_words(self, words, pair=None, add_special_tokens=True):
        """Tokenize one text given as a list of words; `word_ids` are indices into it."""
        pairs = None if pair is None else [pair]
        return self.encode_words_batch([words], pairs, add_special_tokens)[0]

    def encode_words_batch(self, texts, pairs=None, add_special_tokens=True):
        """Tokenize many texts given as lists of words: `encode_words` of each."""
        words = inputs(texts, pairs, word_lists)
        return encodings(self._encode(words, add_special_tokens, is_pretokenized=True))

    def ids_batch(self, texts):
        """Ids of many texts without special tokens, as a list of lists: the fastest way."""
        return [encoding.ids for encoding in self._encode(inputs(texts), False, fast=True)]

    def tokenize(self, text):
        """Tokens of one text, without special tokens."""
        return self.encode(text, add_special_tokens=False).tokens

    def _encode(self, texts, add_special_tokens=True, fast=False, is_pretokenized=False):
        engine = self._ready.engine
        call = engine.encode_batch_fast if fast else engine.encode_batch
        options = {"add_special_tokens": add_special_tokens, "is_pretokenized": is_pretokenized}
        try:
            return call(texts, **options)
        except TypeError:
            # All are str, so Rust met a lone surrogate. Only now: a scan would cost every text.
            return call(without_surrogates(texts), **options)
        except Exception as error:  # all that Rust says is that it is one
            raise ValueError(
                f"The tokenizer {self.name!r} cannot read one of the texts: {error}. Its "
                "vocabulary needs a token for what it does not know."
            ) from error

    def decode(self, ids, skip_special_tokens=True):
        """Text of a sequence of ids; ids outside of the vocabulary are left out.

        Args:
            ids: list, array or tensor of shape (length,).
            skip_special_tokens: leave out special tokens, padding included.

        Raises:
            ValueError: an id is negative or no integer, or there is more than one dimension.
        """
        return self.decode_batch([ids], skip_special_tokens)[0]

    def decode_batch(self, batch, skip_special_tokens=True):
        """Texts of many sequences of ids: `decode` of each; a tensor has shape (batch, length)."""
        engine, batch = self._ready.engine, [_as_list(ids) for ids in _as_list(batch)]
        try:
            return engine.decode_batch(batch, skip_special_tokens=skip_special_tokens)
        except (OverflowError, TypeError) as error:
            raise ValueError(
                f"Expected sequences of ids, integers of 0 or more; got {batch!s:.200}: {error}."
            ) from error

    def add_tokens(self, tokens, special=False):
        """Append tokens that are matched whole in the text.

        Args:
            tokens: list of str; tokens of the vocabulary keep their ids.
            special: match them before the text is normalized, and let `decode` skip them.

        Returns:
            How many ids were added.

        Raises:
            TypeError, ValueError: not a list of str; the vocabulary has no free ids.
        """
        loaded, tokens = self._ready, strings(tokens, "tokens")
        added_tokens.check_free_ids(loaded.engine, tokens)
        engine = copy.deepcopy(loaded.engine)  # another thread may be using the old one
        (engine.add_special_tokens if special else engine.add_tokens)(tokens)
        self._loaded = _Loaded(engine, loaded.special_tokens)
        return self.vocabulary_size - loaded.vocabulary_size

    def save(self, folder):
        """Write tokenizer.json, and a tokenizer_config.json so that AutoTokenizer reads the same.

        Of a tokenizer that no tokenizer.json can hold, such as BERTweet's, the files that it was
        read from. The folder is made if missing; each file appears whole or not at all.
        """
        loaded, folder = self._ready, pathlib.Path(folder)
        files = written(loaded.engine, loaded.special_tokens, loaded.template.padding_side)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            _write(folder / name, text)

    def save_assets(self, directory):
        """Called by Keras on saving; an empty tokenizer writes nothing."""
        if self._loaded.engine is not None:
            self.save(directory)

    def load_assets(self, directory):
        """Called by Keras on loading; without a folder the tokenizer stays empty."""
        if directory is None or not os.path.isdir(directory):
            return
        path = pathlib.Path(directory) / SPECIFICATION
        config = path.with_name(CONFIG)
        if path.is_file() or not config.is_file():
            engine = files.load(files.read_specification(path), path)
            roles = added_tokens.roles(files.read_json(config, missing={}))
        else:
            engine, roles = kinds.from_folder(path.parent)
        self._loaded = _Loaded(None, {**roles, **self._loaded.special_tokens})
        self._adopt(engine)

    def get_config(self):
        """The layer's settings; the vocabulary travels as an asset."""
        return {"name": self.name, "special_tokens": dict(self._loaded.special_tokens)}

    def __reduce__(self):
        return _restore, (type(self), self.get_config(), self._loaded.engine)


def _restore(cls, config, engine):
    tokenizer = cls(**config)
    return tokenizer if engine is None else tokenizer._adopt(engine)


def _as_list(ids):
    if isinstance(ids, (list, tuple)):
        return list(ids)
    return keras.ops.convert_to_numpy(ids).tolist()


def _write(path, text):
    """Write under another name first: a reader meets the old file or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
