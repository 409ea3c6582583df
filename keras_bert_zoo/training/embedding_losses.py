"""Losses on the vectors of groups of texts: pairs, triplets, an anchor and its candidates.

`y_pred` are the vectors of all texts of a batch, `(batch * k, dim)`, one group after another. How
many texts `k` a group has shows in the shapes: `y_true` has one row for each group.
"""

import keras
from keras import ops

from ..errors import unknown_name
from ..layers.sequence_pooling import unit

FAR = -1e9  # a score that is no candidate's: finite, so that gradients are
LOSSES = {}
DISTANCES = ("cosine", "euclidean")


def registered(cls):
    """Puts a loss into the table of those that a saved task may name."""
    LOSSES[cls.__name__] = cls
    return keras.saving.register_keras_serializable("keras_bert_zoo")(cls)


class EmbeddingLoss(keras.losses.Loss):
    """What the losses of this file share: groups from rows, weights, and checks.

    A group of weight 0, as one that fills up a batch, has no part in any of them: it is no
    negative of others either. A subclass says how many texts it takes, and its formula.
    """

    most = None  # most texts of a group; no limit if None
    least = 2
    compares_rows = True
    scored = False  # whether it learns from a score for each group

    def __init__(self, name=None):
        super().__init__(name=name or type(self).__name__.lower())

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, vectors = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == 1:
            y_true = ops.expand_dims(y_true, -1)
        count, dim = ops.shape(y_true)[0], vectors.shape[-1]
        groups = ops.reshape(ops.cast(vectors, "float32"), (count, -1, dim))
        if sample_weight is None:
            weight = ops.ones((count,), "float32")
        else:
            weight = ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        return self.of_groups(y_true, groups, weight)

    def of_groups(self, y, groups, weight):
        """The loss of a batch, a float32 scalar.

        Args:
            y: `(batch, 1)` scores or classes, or `(batch, k)` numbers of the texts.
            groups: float32 `(batch, k, dim)`.
            weight: float32 `(batch,)`.
        """
        raise NotImplementedError

    def check(self, width, scored):
        """Whether groups of `width` texts, with or without scores, can be learnt from.

        Raises:
            ValueError: they cannot; says which loss can.
        """
        name = type(self).__name__
        if width < self.least or (self.most and width > self.most):
            wanted = self.least if self.most == self.least else f"{self.least} or more"
            raise ValueError(
                f"{name} learns from rows of {wanted} texts. Rows of {width} were given."
            )
        if self.scored and not scored:
            raise ValueError(
                f"{name} learns from a score for each pair: give y, an array of numbers. For pairs "
                "of texts that belong together, take MultipleNegativesRanking."
            )
        if scored and not self.scored:
            raise ValueError(
                f"{name} learns from texts that belong together, and y holds scores. Take CoSENT "
                "or CosineRegression for scores; leave y out, or give classes as str, for this one."
            )

    def get_config(self):
        return {"name": self.name}


@registered
class MultipleNegativesRanking(EmbeddingLoss):
    """Each anchor must find its positive among all texts of the batch (InfoNCE).

    The mean over groups of `-log softmax(cos(anchor, candidates) / temperature)` at the positive
    (https://arxiv.org/abs/1807.03748, eq. 4; https://arxiv.org/abs/1705.00652, section 4.4).
    Candidates are the positives of all groups, and the further texts of all groups, which are
    negatives.

    A candidate that is known to be right as well is left out, where `y_true` tells: the positive
    of a group of the same class, for classes `(batch, 1)`; for numbers of the texts `(batch, k)`
    a text equal to the anchor or its positive, and the positive of an equal anchor.

    Args:
        temperature: divides the cosines.
        symmetric: whether positives must find their anchors too; the mean of both.
        name: of the loss.

    Raises:
        ValueError: a temperature that is not above 0.

    Example:

    >>> loss = MultipleNegativesRanking(temperature=0.05)
    >>> loss(np.array([[0], [1]]), vectors)   # of anchor, positive, anchor, positive
    """

    def __init__(self, temperature=0.05, symmetric=False, name=None):
        super().__init__(name)
        self.temperature, self.symmetric = above_zero("temperature", temperature), symmetric

    def of_groups(self, y, groups, weight):
        groups = unit(groups)
        anchors, positives, candidates = groups[:, 0], groups[:, 1], groups[:, 1:]
        right = ops.sum(anchors * positives, axis=-1) / self.temperature
        classes = y.shape[-1] == 1
        alike = equal(y[:, 0], y[:, 0])
        if not classes:
            alike = ops.logical_or(alike, equal(y[:, 1], y[:, 1]))
        scores = ops.einsum("id,jcd->ijc", anchors, candidates) / self.temperature
        no_rival = self._no_rivals(y, alike, groups, classes)
        each = self._surprise(scores, no_rival, weight, right)
        if self.symmetric:
            scores = ops.matmul(positives, ops.transpose(anchors)) / self.temperature
            if not classes:
                alike = ops.logical_or(alike, equal(y[:, 1], y[:, 0]))
            alike, scores = ops.expand_dims(alike, -1), ops.expand_dims(scores, -1)
            each = (each + self._surprise(scores, alike, weight, right)) / 2
        return mean(each, weight)

    def _no_rivals(self, y, alike, groups, classes):
        """Bool `(batch, batch, k - 1)`: candidates that are right for an anchor as well."""
        is_positive = ops.arange(ops.shape(groups)[1] - 1) == 0
        same = ops.logical_and(ops.expand_dims(alike, -1), is_positive)
        if classes:
            return same
        candidates = ops.expand_dims(y[:, 1:], 0)
        for own in (y[:, 0], y[:, 1]):
            same = ops.logical_or(same, ops.equal(candidates, own[:, None, None]))
        return same

    def _surprise(self, scores, no_rival, weight, right):
        """`-log softmax` at the right candidate, `(batch,)`: scores are `(batch, batch, n)`."""
        absent = ops.equal(weight, 0)[None, :, None]
        scores = ops.where(ops.logical_or(no_rival, absent), FAR, scores)
        # The right one was left out with all that equal it, and comes back once.
        scores = ops.reshape(scores, (ops.shape(scores)[0], -1))
        scores = ops.concatenate([right[:, None], scores], axis=1)
        return ops.logsumexp(scores, axis=1) - right

    def get_config(self):
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "symmetric": self.symmetric,
        }


@registered
class CoSENT(EmbeddingLoss):
    """Pairs with a higher score must have a higher cosine (https://doi.org/10.1109/TASLP.2024.3402087).

    `log(1 + sum exp((cos_i - cos_j) / temperature))` over all pairs `i`, `j` of the batch with
    `score_i < score_j`. Each term counts with the product of its two weights.

    Args:
        temperature: divides the cosines.
        name: of the loss.

    Raises:
        ValueError: a temperature that is not above 0.

    Example:

    >>> CoSENT()(np.array([[0.9], [0.1]]), vectors)   # of two pairs
    """

    least = most = 2
    scored = True

    def __init__(self, temperature=0.05, name=None):
        super().__init__(name)
        self.temperature = above_zero("temperature", temperature)

    def of_groups(self, y, groups, weight):
        cosines, y = cosine(groups[:, 0], groups[:, 1]), ops.cast(y[:, 0], "float32")
        terms = (cosines[:, None] - cosines[None, :]) / self.temperature
        shares = weight[:, None] * weight[None, :]
        ordered = ops.logical_and(y[:, None] < y[None, :], shares > 0)
        logs = ops.log(ops.where(ordered, shares, ops.ones_like(shares)))
        terms = ops.reshape(ops.where(ordered, terms + logs, FAR), (-1,))
        return ops.logsumexp(ops.concatenate([ops.zeros((1,), "float32"), terms]), axis=0)

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}


@registered
class CosineRegression(EmbeddingLoss):
    """The squared difference of a pair's cosine and its score (https://arxiv.org/abs/1908.10084).

    Example:

    >>> CosineRegression()(np.array([[0.9], [0.1]]), vectors)   # of two pairs
    """

    least = most = 2
    scored = True

    def of_groups(self, y, groups, weight):
        difference = cosine(groups[:, 0], groups[:, 1]) - ops.cast(y[:, 0], "float32")
        return mean(ops.square(difference), weight)


@registered
class Triplet(EmbeddingLoss):
    """The negative must be further from the anchor than the positive, by a margin.

    The mean of `max(d(anchor, positive) - d(anchor, negative) + margin, 0)`
    (https://arxiv.org/abs/1908.10084, section 3); over all negatives, where a group has several.

    Args:
        margin: the difference that is enough.
        distance: `"cosine"`, 1 - cosine; or `"euclidean"`.
        name: of the loss.

    Raises:
        ValueError: an unknown distance, or a margin below 0.

    Example:

    >>> Triplet(margin=0.5)(np.zeros((2, 1)), vectors)   # of two triplets
    """

    least = 3

    def __init__(self, margin=0.5, distance="cosine", name=None):
        super().__init__(name)
        if distance not in DISTANCES:
            raise unknown_name("distance", distance, DISTANCES)
        if margin < 0:
            raise ValueError(f"margin must be 0 or more. Given: {margin}.")
        self.margin, self.distance = margin, distance

    def of_groups(self, y, groups, weight):
        far = euclidean if self.distance == "euclidean" else lambda a, b: 1.0 - cosine(a, b)
        anchors = groups[:, :1]
        excess = far(anchors, groups[:, 1:2]) - far(anchors, groups[:, 2:]) + self.margin
        return mean(ops.mean(ops.maximum(excess, 0.0), axis=1), weight)

    def get_config(self):
        return {**super().get_config(), "margin": self.margin, "distance": self.distance}


@registered
class Matryoshka(EmbeddingLoss):
    """Another loss on the first numbers of the vectors too, so that short ones are good as well.

    The weighted sum of that loss over lengths; the cut vectors have length 1
    (https://arxiv.org/abs/2205.13147, eq. 1).

    Args:
        loss: an `EmbeddingLoss`, or its description.
        dims: how many numbers of a vector to use, such as `[384, 128, 32]`.
        weights: of each of them; 1 if not given.
        name: of the loss.

    Raises:
        ValueError: no dims, dims below 1, or not as many weights.

    Example:

    >>> loss = Matryoshka(MultipleNegativesRanking(), dims=[384, 128, 32])
    """

    def __init__(self, loss, dims, weights=None, name=None):
        super().__init__(name)
        self.loss, self.dims = loss_called(loss), [int(dim) for dim in dims]
        self.weights = [1.0] * len(self.dims) if weights is None else [float(w) for w in weights]
        if not self.dims or min(self.dims) < 1 or len(self.weights) != len(self.dims):
            raise ValueError(
                "dims must be one or more numbers of 1 or more, and weights as many of them. "
                f"Given: dims={list(dims)}, weights={weights}."
            )

    def of_groups(self, y, groups, weight):
        size = groups.shape[-1]
        if max(self.dims) > size:
            raise ValueError(
                f"Matryoshka has dims={self.dims}, but the vectors have {size} numbers. Give "
                f"dims of {size} or less."
            )
        losses = [
            share * self.loss.of_groups(y, unit(groups[..., :dim]), weight)
            for dim, share in zip(self.dims, self.weights)
        ]
        return sum(losses)

    def check(self, width, scored):
        self.loss.check(width, scored)

    def get_config(self):
        config = {"loss": description(self.loss), "dims": self.dims, "weights": self.weights}
        return {**super().get_config(), **config}


@registered
class ByTargets(EmbeddingLoss):
    """`CoSENT` where `y_true` holds scores (floats), `MultipleNegativesRanking` where it does not.

    Args:
        temperature: of either.
        name: of the loss.
    """

    def __init__(self, temperature=0.05, name=None):
        super().__init__(name)
        self.temperature = above_zero("temperature", temperature)

    def _for(self, scored):
        return (CoSENT if scored else MultipleNegativesRanking)(self.temperature)

    def of_groups(self, y, groups, weight):
        scored = keras.backend.is_float_dtype(keras.backend.standardize_dtype(y.dtype))
        return self._for(scored).of_groups(y, groups, weight)

    def check(self, width, scored):
        self._for(scored).check(width, scored)

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}


def loss_called(loss):
    """An `EmbeddingLoss` from itself, its name, its description, or `"auto"`.

    Raises:
        ValueError: no such loss.

    >>> loss_called({"class": "Triplet", "margin": 0.3}).margin
    0.3
    """
    if isinstance(loss, EmbeddingLoss):
        return loss
    options = dict(loss) if isinstance(loss, dict) else {"class": loss}
    name = options.pop("class", None)
    name = "ByTargets" if name == "auto" else name
    if name not in LOSSES:
        raise unknown_name("loss", name, ["auto", *LOSSES])
    return LOSSES[name](**options)


def description(loss):
    """Names and numbers from which `loss_called` makes the loss again.

    >>> description(CoSENT())
    {'class': 'CoSENT', 'name': 'cosent', 'temperature': 0.05}
    """
    return {"class": type(loss).__name__, **loss.get_config()}


def above_zero(what, value):
    if not value > 0:
        raise ValueError(f"{what} must be above 0. Given: {value}.")
    return value


def mean(each, weight):
    """The mean of `(batch,)`, weighted; 0 where no row has a weight."""
    return ops.sum(each * weight) / ops.maximum(ops.sum(weight), 1e-30)


def cosine(a, b):
    return ops.sum(unit(a) * unit(b), axis=-1)


def euclidean(a, b):
    # The gradient of a root is infinite at 0.
    return ops.sqrt(ops.maximum(ops.sum(ops.square(a - b), axis=-1), 1e-12))


def equal(a, b):
    """Bool `(n, n)`: whether `a[i] == b[j]`."""
    return ops.equal(a[:, None], b[None, :])
