"""What is written beside a tokenizer.json, so that transformers reads it to the same ids."""

import json

from .added_tokens import FLAGS
from .files import CONFIG
from .wordpiece import OPTIONS, bert_options, wordpiece


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
        **{f"{role}_token": token for role, token in special_tokens.items()},
        "added_tokens_decoder": {
            str(token["id"]): {key: token[key] for key in ("content", *FLAGS)}
            for token in added_tokens
        },
    }
