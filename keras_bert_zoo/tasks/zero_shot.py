"""Labels that were never trained on, by asking whether a text entails a sentence about each."""

import numpy as np

from ..errors import nearest
from ..preprocessing.inputs import plain
from .decoding import softmax
from .pair_scorer import PairScorer

TEMPLATE = "This example is {}."


class ZeroShotClassifier:
    """Classifies with a natural language inference model (https://arxiv.org/abs/1909.00161).

    Args:
        scorer: a `PairScorer` or `TextClassifier` with a class for entailment, trained on pairs of
            premise and hypothesis.
        entailment: name or number of that class; found by its name if not given.
        contradiction: the same of the opposite, which `multi_label` needs.
        template: the hypothesis, with `{}` where the label goes.

    Raises:
        ValueError: no class that means entailment, or a template without `{}`.

    Example:

    >>> task = ZeroShotClassifier.from_preset("hf://owner/some-nli-model")
    >>> task.classify("The striker scored twice.", ["sport", "politics"])
    [{'label': 'sport', 'score': 0.98}, {'label': 'politics', 'score': 0.02}]
    """

    def __init__(self, scorer, entailment=None, contradiction=None, template=TEMPLATE):
        self.scorer = scorer
        self.entailment = self._place(entailment, "entail")
        self.contradiction = self._place(contradiction, "contradict", needed=False)
        self.template = check_template(template)

    @classmethod
    def from_preset(cls, preset, *, template=TEMPLATE, entailment=None, contradiction=None, **load):
        """The same from a preset of a `PairScorer`; `**load` is of `PairScorer.from_preset`."""
        scorer = PairScorer.from_preset(preset, **load)
        return cls(scorer, entailment, contradiction, template)

    def _place(self, given, begin, needed=True):
        """The number of a class."""
        names = [str(name) for name in self.scorer.labels or range(self.scorer.num_classes)]
        if given is None:
            found = [place for place, name in enumerate(names) if name.lower().startswith(begin)]
            if len(found) == 1 or not needed:
                return found[0] if found else None
        elif str(given) in names:
            return names.index(str(given))
        raise ValueError(
            f"Which class means {begin}ment? The model has {', '.join(names)}; none is called "
            f"{given or begin + 'ment'!r}.{nearest(str(given), names)} Name it: "
            "ZeroShotClassifier(scorer, entailment=...)."
        )

    def classify(self, x, labels, multi_label=False, template=None, batch_size=None, verbose=0):
        """Labels by how probable they are, best first.

        Args:
            x: a text, or a list of texts.
            labels: candidates, in words.
            multi_label: whether any number of labels may hold. If not, the scores add up to 1:
                they are the softmax of the entailment logits. If so, each is the probability of
                entailment against contradiction.
            template: instead of the task's own.
            batch_size: pairs in a batch; each text makes one for each label.
            verbose: 1 shows progress.

        Returns:
            For each text (for the text, if one was given) a list of `{"label", "score"}`.

        Raises:
            ValueError: no labels, or `multi_label` without a class for contradiction.
        """
        template = self.template if template is None else check_template(template)
        labels = [labels] if isinstance(labels, str) else list(labels)
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(f"Give one or more different labels. Given: {labels}.")
        if multi_label and self.contradiction is None:
            raise ValueError(
                "multi_label compares entailment with contradiction, and the model has no class "
                "of that name. Name it: ZeroShotClassifier(scorer, contradiction=...)."
            )
        texts = plain(x)
        pairs = [(text, template.format(label)) for text in texts for label in labels]
        if not pairs:
            return []
        logits = self.scorer.predict(pairs, batch_size=batch_size, verbose=verbose)
        logits = logits.reshape(len(texts), len(labels), -1)
        if multi_label:
            both = logits[:, :, [self.contradiction, self.entailment]]
            scores = softmax(both)[:, :, 1]
        else:
            scores = softmax(logits[:, :, self.entailment])
        answers = [
            [{"label": labels[i], "score": float(row[i])} for i in np.argsort(-row, kind="stable")]
            for row in scores
        ]
        return answers[0] if isinstance(x, str) else answers


def check_template(template):
    """The template, if a label can be put into it."""
    if "{}" not in template:
        raise ValueError(
            f"The template must have {{}} where the label goes, as in {TEMPLATE!r}. Given: "
            f"{template!r}."
        )
    return template
