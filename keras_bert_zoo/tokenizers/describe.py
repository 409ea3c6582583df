"""The files of a tokenizer, written so that transformers reads them to the same ids."""

import json

from .added_tokens import FLAGS
from .files import CONFIG, SPECIFICATION
from .word_engine import WordEngine
from .wordpiece import OPTIONS, bert_options, wordpiece


def written(engine, special_tokens, padding_side="right"):
    """Name to text of the files of a tokenizer.

    Args:
        engine: `tokenizers.Tokenizer`, or a `WordEngine`, which is written as it was read.
        special_tokens: role to token.
        padding_side: "right" or "left".
    """
    if isinstance(engine, WordEngine):
        added = engine.get_added_tokens_decoder().items()
        tokens = [
            {
                "id": index,
                "content": token.content,
                **{flag: getattr(token, flag) for flag in FLAGS},
            }
            for index, token in sorted(added)
        ]
        files, config = engine.files, {**engine.config, **_tokens(special_tokens, tokens)}
    else:
        files = {SPECIFICATION: engine.to_str(pretty=True)}
        config = describe(engine, special_tokens, padding_side)
    return {**files, CONFIG: json.dumps(config, indent=2, ensure_ascii=False) + "\n"}


def _tokens(special_tokens, added_tokens):
    """What tokenizer_config.json says of the tokens."""
    return {
        **{f"{role}_token": token for role, token in special_tokens.items()},
        "added_tokens_decoder": {
            str(token["id"]): {key: token[key] for key in ("content", *FLAGS)}
            for token in added_tokens
        },
    }


def describe(engine, special_tokens, padding_side="right"):
    """The tokenizer_config.json with which transformers reads this tokenizer.json to the same ids.

    Its class is BertTokenizer only where rebuilding BERT's tokenizer gives this very one; else
    PreTrainedTokenizerFast, which takes tokenizer.json as it is.
    """
    specification = json.loads(engine.to_str())
    normalizer, added_tokens = specification["normalizer"] or {}, specification["added_tokens"]
    normalizer = {**normalizer, "do_lower_case": normalizer.get("lowercase", True)}
    normalizer["tokenize_chinese_chars"] = normalizer.get("handle_chinese_chars", True)
    options = {name: normalizer.get(name) for name in OPTIONS}
    is_bert = type(engine.model).__name__ == "WordPiece" and all(special_tokens.values())
    if is_bert:
        rebuilt = wordpiece(
            specification["model"]["vocab"],
            **bert_options(options, CONFIG),
            special_tokens=special_tokens,
            added_tokens=added_tokens,
        )
        is_bert = json.loads(rebuilt.to_str()) == specification
    return {
        "tokenizer_class": "BertTokenizer" if is_bert else "PreTrainedTokenizerFast",
        **(options if is_bert else {}),
        **({} if padding_side == "right" else {"padding_side": padding_side}),
        **_tokens(special_tokens, added_tokens),
    }
