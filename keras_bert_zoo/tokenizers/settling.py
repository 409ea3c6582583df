"""Which token has which role, where not all has been said."""

from .wordpiece import BERT_TOKENS

# Tried after BERT's tokens, where no file says which token has a role.
ROBERTA_TOKENS = {"unk": "<unk>", "sep": "</s>", "pad": "<pad>", "cls": "<s>", "mask": "<mask>"}


def settled(engine, special_tokens):
    """Every role, and its token or None.

    Args:
        engine: `tokenizers.Tokenizer`.
        special_tokens: role to token, of the roles that are known; for the others the first of the
            usual tokens that the vocabulary has.

    Raises:
        ValueError: a token that is not in the vocabulary.
    """
    special_tokens = dict(special_tokens)
    for role in BERT_TOKENS:
        usual = (BERT_TOKENS[role], ROBERTA_TOKENS[role])
        found = (token for token in usual if engine.token_to_id(token) is not None)
        token = special_tokens.setdefault(role, next(found, None))
        if token is not None and engine.token_to_id(token) is None:
            raise ValueError(
                f"The {role} token {token!r} is not in the vocabulary; name one that is, or "
                f"None, with special_tokens={{{role!r}: ...}}."
            )
    return special_tokens
