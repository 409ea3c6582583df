"""The text and JSON files of a tokenizer, and the Rust library that runs it."""

import json
import pathlib

SPECIFICATION, CONFIG = "tokenizer.json", "tokenizer_config.json"


def rust():
    """The `tokenizers` module, imported on first use: importing this package stays cheap."""
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            "keras_bert_zoo reads text with the `tokenizers` library, which is not installed: "
            "run `pip install tokenizers`."
        ) from error
    return tokenizers


def read_text(path, expected):
    """The text of a UTF-8 file; `expected` says in errors what should have been there."""
    path = pathlib.Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected {expected}. Try Tokenizer.from_folder.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; expected {expected}.")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error}); expected {expected}.") from error


def read_json(path, expected="a JSON object", missing=None):
    """The JSON object in a file, or `missing`, where given, when there is no such file."""
    if missing is not None and not pathlib.Path(path).exists():
        return missing
    text = read_text(path, expected)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}); expected {expected}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds a JSON {type(value).__name__}; expected {expected}.")
    return value


def read_specification(path):
    """The JSON object of a tokenizer.json, without padding and truncation.

    Both are the packer's business, and a hostile padding length can abort the process.
    """
    expected = "a tokenizer.json as written by the `tokenizers` library"
    specification = read_json(path, expected)
    if not isinstance(specification.get("model"), dict):
        raise ValueError(f"{path} has no `model` object; expected {expected}.")
    return {**specification, "padding": None, "truncation": None}


def load(specification, origin):
    """The `tokenizers.Tokenizer` of a specification; `origin` says in errors where it is from."""
    what = f"{origin} is not a usable tokenizer.json"
    return usable(lambda: rust().Tokenizer.from_str(json.dumps(specification)), origin, what)


def usable(build, origin, what=None):
    """What `build` makes, a `tokenizers.Tokenizer`, tried out on a pair of texts.

    Args:
        build: function without arguments.
        origin: file or folder that the tokenizer is from, for errors.
        what: how the error begins, if not with that.

    Raises:
        ValueError: the Rust library refuses it, or panics.
    """
    try:
        engine = build()
        engine.encode("a", "b")
        return engine
    except (ImportError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is not an Exception
        message = what or f"{origin} does not hold a usable tokenizer"
        raise ValueError(f"{message}: {error}") from error


def required_files(folder, *names):
    """Paths of files in a folder.

    Raises:
        FileNotFoundError: one is missing; with what there is.
    """
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} has no {SPECIFICATION} and no {' and no '.join(missing)}, which its class "
            f"of tokenizer is read from; found {listing(folder)}."
        )
    return [folder / name for name in names]


def listing(folder):
    """The names in a folder, for errors."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else "no folder"


def flags(config, defaults, path):
    """Those settings of a tokenizer_config.json that are true or false.

    Args:
        config: the JSON object.
        defaults: name to value; one whose default is None may be null.
        path: of the file, for errors.

    Raises:
        ValueError: another value.
    """
    found = {name: config.get(name, default) for name, default in defaults.items()}
    for name, value in found.items():
        if not isinstance(value, bool) and not (value is None and defaults[name] is None):
            raise ValueError(f"{path} says {name} is {value!r}; expected true or false.")
    return found
