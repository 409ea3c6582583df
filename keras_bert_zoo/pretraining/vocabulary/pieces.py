"""The pieces of a Unigram model, learnt from counted words by the Rust `tokenizers` library."""

import json

from ...tokenizers.files import rust

_SEPARATOR = "\x1f"  # between words; no normalizer lets it into one
_AT_ONCE = 2000  # of one word, in a text for the trainer
_STEP = 1e-4  # between the scores of characters that the trainer had to add
_DIGITS = 9  # of a score: what is beyond depends on the order of sums, which is not always the same


def learn_pieces(words, counts, size, special=()):
    """Pieces and their log-probabilities (https://arxiv.org/abs/1804.10959, section 3.2).

    The trainer takes texts and no counts, so every word is written out as often as it was seen:
    that takes about a second for a million words.

    Args:
        words: list of str.
        counts: how often each was seen.
        size: most pieces, those of `special` among them.
        special: tokens that there are besides, which are not returned.

    Returns:
        List of `(piece, score)`, the likeliest first.

    Raises:
        ValueError: the words have more characters than there is room for.
    """
    letters = len(set().union(*words))
    if letters + len(special) > size:
        raise ValueError(
            f"size={size} has no room for {len(special)} special tokens and {letters:,} "
            "characters. Give a larger size, or a smaller limit_alphabet."
        )
    library = rust()
    engine = library.Tokenizer(library.models.Unigram())
    engine.pre_tokenizer = library.pre_tokenizers.CharDelimiterSplit(_SEPARATOR)
    room = size - len(special)
    trainer = library.trainers.UnigramTrainer(vocab_size=room, show_progress=False)
    engine.train_from_iterator(_written_out(words, counts), trainer)
    pieces = json.loads(engine.to_str())["model"]["vocab"]
    scores = _in_order({piece: round(score, _DIGITS) for piece, score in pieces})
    kept = ((piece, score) for piece, score in scores.items() if piece not in special)
    return sorted(kept, key=lambda one: (-one[1], one[0]))[:room]


def _in_order(scores):
    """The same, with the characters that no text was left for in the order of their code points.

    The trainer adds them with the least score there is, the next with 0.0001 more and so on, in
    an order that is another one every time.
    """
    least, found = min(scores.values()), []
    for piece, score in scores.items():
        steps = (score - least) / _STEP
        if len(piece) == 1 and abs(steps - round(steps)) < 1e-3:
            found.append((round(steps), piece))
    found.sort()
    # One step after the other; what follows a gap has its score from the texts.
    gap = next((i for i in range(1, len(found)) if found[i][0] > found[i - 1][0] + 1), len(found))
    letters = sorted(piece for _, piece in found[:gap])
    steps = (steps for steps, _ in found)
    return {**scores, **{one: round(least + n * _STEP, _DIGITS) for one, n in zip(letters, steps)}}


def _written_out(words, counts):
    for word, count in zip(words, counts):
        if _SEPARATOR in word:
            continue
        for start in range(0, int(count), _AT_ONCE):
            yield _SEPARATOR.join([word] * min(_AT_ONCE, int(count) - start))
