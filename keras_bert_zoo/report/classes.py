"""What a classifier answers on labelled data: figures for a page."""

import dataclasses

import numpy as np

BINS = 10


@dataclasses.dataclass(frozen=True)
class Judged:
    """Answers of a classifier with one label a text.

    Args:
        texts: as they were given.
        names: of the classes.
        right: number of the right class of each text.
        probabilities: `(texts, classes)`.
    """

    texts: list
    names: list
    right: np.ndarray
    probabilities: np.ndarray

    @property
    def answered(self):
        """Number of the likeliest class of each text."""
        return self.probabilities.argmax(-1)

    @property
    def scores(self):
        """Probability of the likeliest class."""
        return self.probabilities.max(-1)

    @property
    def accuracy(self):
        """Share of the texts that are answered right."""
        return float((self.answered == self.right).mean())

    def confusion(self):
        """Counts `(right, answered)`."""
        size = len(self.names)
        flat = np.bincount(self.right * size + self.answered, minlength=size * size)
        return flat.reshape(size, size)

    def histogram(self):
        """`(edges, counts of right answers, counts of wrong ones)` by score."""
        edges = np.linspace(0, 1, 2 * BINS + 1)
        is_right = self.answered == self.right
        return edges, *(np.histogram(self.scores[part], edges)[0] for part in (is_right, ~is_right))

    def calibration(self):
        """`(mean score, share right, share of the texts)` of each bin of scores that has any."""
        place = np.minimum((self.scores * BINS).astype(int), BINS - 1)
        is_right = self.answered == self.right
        return [
            (float(self.scores[one].mean()), float(is_right[one].mean()), float(one.mean()))
            for one in (place == index for index in range(BINS))
            if one.any()
        ]

    def calibration_error(self):
        """The expected calibration error (https://arxiv.org/abs/1706.04599, equation 3)."""
        return sum(share * abs(score - right) for score, right, share in self.calibration())

    def hardest(self, count=20):
        """`(text, right, answered, probability of what is right)`, the least likely first."""
        of_right = self.probabilities[np.arange(len(self.right)), self.right]
        return [
            (
                self.texts[i],
                self.names[self.right[i]],
                self.names[self.answered[i]],
                float(of_right[i]),
            )
            for i in np.argsort(of_right, kind="stable")[:count]
        ]


def judged(task, texts, labels, batch_size=None):
    """Answers of a classifier, beside what is right.

    Args:
        task: a classifier with one label a text.
        texts: list of texts or pairs.
        labels: names or numbers of classes.
        batch_size: texts in a batch.
    """
    logits = task.predict(texts, batch_size=batch_size, verbose=0)
    probabilities = np.asarray(task.probabilities(logits), "float64")
    right = np.asarray(task.encode_labels(labels)).astype(int)
    names = [str(name) for name in task.labels or range(probabilities.shape[-1])]
    return Judged(list(texts), names, right, probabilities)
