"""Scores of extracted answers, equal to SQuAD's official evaluation scripts.

Source: evaluate-v2.0.py, https://rajpurkar.github.io/SQuAD-explorer/. The script of version 1.1
differs in what it does with answers that normalise to nothing (such as "The"): it leaves them in,
and two empty answers have token F1 0, where here they have 1. It also counts a question without a
prediction as wrong, where `squad_scores` raises. On data whose answers all hold a word, `exact`
and `f1` are its `exact_match` and `f1`.
"""

import re
import string
from collections import Counter

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text):
    """Lower case, without ASCII punctuation, English articles and needless white space.

    Example:

    >>> normalize_answer("The  Eiffel-Tower!")
    'eiffeltower'
    """
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(prediction, golds):
    """1.0 if the prediction is one of the right answers when both are normalised, else 0.0.

    Args:
        prediction: str; empty for no answer.
        golds: list of right answers; empty if there is none.

    Raises:
        ValueError: `golds` is a str.

    Example:

    >>> exact_match("eiffel tower", ["The Eiffel Tower", "the tower"])
    1.0
    """
    return float(normalize_answer(prediction) in map(normalize_answer, _usable(golds)))


def token_f1(prediction, golds):
    """F1 of the normalised words, each as often as it occurs, with the most similar right answer.

    Args, errors: see `exact_match`.

    Example:

    >>> round(token_f1("tower in Paris", ["The Eiffel Tower", "the tower"]), 4)
    0.5
    """
    ours = normalize_answer(prediction).split()
    return max(_overlap(ours, normalize_answer(gold).split()) for gold in _usable(golds))


def squad_scores(predictions, references, no_answer_probability=None, threshold=1.0):
    """Scores over a data set, in percent, under the names of the official script.

    Args:
        predictions: `{id: text}`; empty for no answer. Further ids are ignored.
        references: `{id: [text, ...]}`; an empty list for a question that has no answer.
        no_answer_probability: `{id: probability}`. For the best thresholds, questions of one
            probability are taken in this order, one by one, as in the script.
        threshold: a probability above it replaces the prediction by no answer.

    Returns:
        `{"exact", "f1", "total"}`, the same with `HasAns_` and `NoAns_` before them for the
        questions with and without an answer, if there are any; with probabilities also
        `best_exact`, `best_exact_thresh`, `best_f1`, `best_f1_thresh`.

    Raises:
        ValueError: no references; a question lacks its prediction or probability.

    Example:

    >>> squad_scores({"1": "the tower", "2": ""}, {"1": ["tower"], "2": []})["exact"]
    100.0
    """
    if not references:
        raise ValueError("There are no references. Give {id: [right answers]}.")
    _check_ids("predictions", predictions, references, "an empty str says that there is no answer")
    answered = {key: bool(golds) for key, golds in references.items()}
    raw = {
        "exact": {key: exact_match(predictions[key], references[key]) for key in references},
        "f1": {key: token_f1(predictions[key], references[key]) for key in references},
    }
    scores, probability = raw, no_answer_probability
    if probability is not None:
        _check_ids("no_answer_probability", probability, references, "0.0 leaves a prediction")
        scores = {name: _gated(s, probability, answered, threshold) for name, s in raw.items()}
    result = _with_parts(scores, answered)
    if probability is not None:
        for name, values in raw.items():
            best, at = _best(predictions, values, probability, answered)
            result.update({f"best_{name}": best, f"best_{name}_thresh": at})
    return result


def _with_parts(scores, answered):
    """Means over all questions, and over those with and without an answer."""
    result = _means(scores, list(answered))
    for prefix, kind in (("HasAns", True), ("NoAns", False)):
        keys = [key for key, has in answered.items() if has == kind]
        if keys:
            result.update({f"{prefix}_{k}": v for k, v in _means(scores, keys).items()})
    return result


def _usable(golds):
    """Answers that hold a word; the empty one if there is none."""
    if isinstance(golds, str):
        raise ValueError(f"Right answers must be a list of str. Given: {golds!r}: put it into one.")
    return [gold for gold in golds if normalize_answer(gold)] or [""]


def _overlap(ours, theirs):
    if not ours or not theirs:
        return float(ours == theirs)
    common = (Counter(ours) & Counter(theirs)).total()
    if not common:
        return 0.0
    # The script's own order of operations, for the same last digit.
    precision, recall = common / len(ours), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


def _check_ids(name, given, references, hint):
    missing = [key for key in references if key not in given]
    if missing:
        raise ValueError(
            f"{name} lacks {len(missing)} of {len(references)} questions, such as {missing[0]!r}. "
            f"Give one for each: {hint}."
        )


def _gated(scores, probability, answered, threshold):
    return {
        key: float(not answered[key]) if probability[key] > threshold else score
        for key, score in scores.items()
    }


def _means(scores, keys):
    means = {name: 100.0 * sum(s[key] for key in keys) / len(keys) for name, s in scores.items()}
    return {**means, "total": len(keys)}


def _best(predictions, scores, probability, answered):
    """The best score that some threshold gives, and the threshold.

    It begins with no answer to any question, and admits predictions from the least probability
    upwards: those of answerable questions gain their score, others lose a point.
    """
    score = best = sum(not has for has in answered.values())
    at = 0.0
    for key in sorted((key for key in probability if key in scores), key=probability.get):
        score += scores[key] if answered[key] else -bool(predictions[key])
        if score > best:
            best, at = score, probability[key]
    return 100.0 * best / len(scores), at
