"""Special and added tokens of a tokenizer, by the rules of transformers 5."""

import warnings

from .files import CONFIG, read_json, rust

FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
ROLES = ("unk", "sep", "pad", "cls", "mask")
# Names of special tokens in the order in which transformers adds them, with the tokens of RoBERTa.
S_TOKENS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}
# The same with those of BERT, which ALBERT and DeBERTa use for the begin and the end of a text too.
CLS_TOKENS = {
    "bos_token": "[CLS]",
    "eos_token": "[SEP]",
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


def content(token):
    """The text of a token written as a str or as a JSON object; None stays None."""
    return token.get("content") if isinstance(token, dict) else token


def register(engine, names, added_tokens=(), pieces=(), expected=()):
    """Register special and added tokens in the order and with the flags of transformers.

    `names` maps to tokens as str, JSON object or None, `added_tokens` are JSON objects; those that
    the vocabulary lacks are appended to it, and those named are special. `pieces` are JSON objects
    too: control and user-defined pieces of a SentencePiece model, added last as they are.
    No warning is given of missing tokens that are `expected` to be appended.
    """
    named = {content(token): token for token in names.values() if token}
    tokens = {token["content"]: dict(token) for token in added_tokens}
    missing = [name for name in named if engine.token_to_id(name) is None and name not in tokens]
    known = {token.content for token in engine.get_added_tokens_decoder().values()}
    for name, token in named.items():
        if name in tokens or name not in known:
            tokens.setdefault(name, dict(token) if isinstance(token, dict) else {"content": name})
            tokens[name]["special"] = True
    # Of a token that comes twice, the engine takes the flags of the last one.
    silent = {*known, *(token["content"] for token in added_tokens)}
    pieces = [
        {**token, "special": token["special"] or token["content"] in named}
        for token in pieces
        if token["content"] not in silent
    ]
    check_free_ids(engine, [*tokens, *(token["content"] for token in pieces)])
    AddedToken = rust().AddedToken
    engine.add_tokens(
        [
            AddedToken(token["content"], **{flag: token[flag] for flag in FLAGS if flag in token})
            for token in [*tokens.values(), *pieces]
        ]
    )
    if set(missing) - set(expected):
        warnings.warn(
            f"The vocabulary lacks the special tokens {missing}: they were appended with the ids "
            f"{[engine.token_to_id(token) for token in missing]}, as transformers does, so the "
            "embedding needs these rows. Name other tokens if the vocabulary calls them otherwise.",
            stacklevel=2,
        )


def check_free_ids(engine, tokens):
    """Raise ValueError where appended tokens would get ids in use.

    The library gives a new token the number of tokens as its id. A token written twice in vocab.txt
    leaves a gap, so that number is already somebody's id.
    """
    if all(engine.token_to_id(token) is not None for token in tokens):
        return
    ids = engine.get_vocab(with_added_tokens=True).values()
    if ids and max(ids) >= len(ids):
        raise ValueError(
            f"Cannot append {list(tokens)}: the vocabulary has {len(ids)} tokens but its highest "
            f"id is {max(ids)}, so a new token would share an id. Some token is written twice, or "
            'ids are skipped: give every id a token of its own, such as "[unused1]".'
        )


def roles(names):
    """Role to token, from names such as "cls_token"."""
    return {role: content(names[f"{role}_token"]) for role in ROLES if f"{role}_token" in names}


def folder_tokens(folder, config, specification):
    """Names such as "cls_token" to tokens, and the list of added tokens, of a folder.

    By the precedence of transformers: `added_tokens_decoder` in tokenizer_config.json silences
    special_tokens_map.json, added_tokens.json and the `added_tokens` of tokenizer.json.
    """
    names, listed = _named_tokens(config), config.get("added_tokens_decoder")
    if listed is None:
        names.update(_named_tokens(read_json(folder / "special_tokens_map.json", missing={})))
        special = {content(token) for token in names.values()}
        listed = {
            index: {"content": token, "special": token in special}
            for token, index in read_json(folder / "added_tokens.json", missing={}).items()
        }
        listed.update({token["id"]: token for token in specification.get("added_tokens") or []})
    if not isinstance(listed, dict) or not all(map(_is_token_object, listed.values())):
        raise ValueError(
            f"{folder / CONFIG}: expected `added_tokens_decoder` to map ids to objects with "
            f"`content`; found {listed!s:.200}."
        )
    return names, [listed[index] for index in sorted(listed, key=int)]


def family_tokens(defaults, folder, config, specification, greedy_mask=False):
    """Names of special tokens to tokens, and added tokens, of a folder of one family.

    Args:
        defaults: such as `S_TOKENS`.
        folder, config, specification: the folder, and the JSON objects in it; {} if missing.
        greedy_mask: whether the mask token takes the white space before it along.
    """
    given, added_tokens = folder_tokens(folder, config, specification)
    names = {**defaults, **given}
    if greedy_mask and isinstance(names["mask_token"], str):
        names["mask_token"] = {"content": names["mask_token"], "lstrip": True}
    return names, added_tokens


def _is_token_object(value):
    return isinstance(value, dict) and isinstance(value.get("content"), str)


def _named_tokens(config):
    """The special tokens in a tokenizer_config.json or special_tokens_map.json."""
    extra = config.get("extra_special_tokens") or config.get("additional_special_tokens") or {}
    if not isinstance(extra, dict):
        extra = {f"extra {content(token)}": token for token in extra}
    names = {key: value for key, value in config.items() if key.endswith("_token")}
    return {
        key: value
        for key, value in {**names, **extra}.items()
        if value is None or isinstance(value, str) or _is_token_object(value)
    }
