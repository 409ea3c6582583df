"""How a task is trained, as data."""

import dataclasses

from .layer_factors import layer_factors, layer_names
from .optimizers import OPTIMIZERS
from .per_variable import NO_DECAY
from .recipe_rules import check
from .schedules import SCHEDULES

# Google's grids: 5e-5 to 2e-5 for Base and Large (https://arxiv.org/abs/1810.04805, A.3), up to
# 3e-4 for the miniatures (https://github.com/google-research/bert, "Smaller BERT Models").
LEARNING_RATES = ((128, 3e-4), (512, 1e-4), (768, 5e-5))
LARGE_LEARNING_RATE = 2e-5
# Low-rank updates want more: 4e-4 to 5e-4 for a RoBERTa-Base that is fine-tuned whole with 1e-5 to
# 3e-5 (https://arxiv.org/abs/2106.09685, table 9).
LORA_FACTOR = 20


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The numbers of a training run, which `fit` follows where its arguments say nothing else.

    Args:
        learning_rate: the highest.
        warmup: share of the updates in which it rises to that.
        weight_decay: decoupled, and not on the weights that `no_decay` names.
        clip_norm: gradients are scaled down to this global norm; None does not clip.
        schedule: how the rate goes on: "linear", "cosine", "inverse_sqrt" or "constant".
        optimizer: "adamw", or "lamb" for very large batches.
        beta_2: of the optimizer.
        epsilon: of the optimizer.
        no_decay: parts of the names of weights that do not decay (regular expressions).
        layer_decay: each layer learns at this share of the rate of the one above it, the
            embeddings at the lowest: see `layer_factors`. 1 is the same rate for all.
        accumulate: how many batches make an update.
        ema: momentum of a moving average that takes the place of the weights when `fit` ends.
        epochs: of `fit`, where it is not told.
        batch_size: of `fit`, where it is not told.
        max_sequence_length, precision, seed: of `from_preset` with this recipe, where it is not
            told: most tokens of a text, `dtype`, and what decides the order of the data.
        freeze: what is not trained: "embeddings", "encoder", a number of layers from the bottom
            (with the embeddings), or a list of parts of the names of weights.
        label_smoothing: share of each label that is spread over all classes
            (https://arxiv.org/abs/1512.00567, section 7).
        adversarial: how far the embeddings of each row are moved against what is learnt, for a
            second loss; 0 for none. It takes 3 times as long. See `second_look`.
        r_drop: how much the answers of two passes with other dropout are to agree; 0 for one pass.
        unfreeze_every: epochs until the next layer is trained too, from the top down: at first the
            head alone (https://arxiv.org/abs/1801.06146, section 3.3). None trains all at once.
        lora: rank of low-rank updates of the attention that are trained in place of the encoder's
            weights (https://arxiv.org/abs/2106.09685), with the head; None trains the weights. It
            wants a rate of about `LORA_FACTOR` (20) times that of all weights.
        lora_alpha: the updates are scaled by `lora_alpha / lora`; as `lora` if not given.
        reinit_top: so many layers from the top start anew, with the pooler, when an encoder gets a
            new head (https://arxiv.org/abs/2006.05987, section 5).

    Raises:
        ValueError: a number out of its range, or an unknown name.

    Example:

    >>> recipe = Recipe(3e-5, layer_decay=0.9, epochs=3)
    >>> task = TextClassifier.from_preset("bert_base_en", labels=["no", "yes"], recipe=recipe)
    >>> print(recipe.describe(task))
    """

    learning_rate: float = 5e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    schedule: str = "linear"
    optimizer: str = "adamw"
    beta_2: float = 0.999
    epsilon: float = 1e-8
    no_decay: tuple[str, ...] = NO_DECAY
    layer_decay: float = 1.0
    accumulate: int = 1
    ema: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    freeze: str | int | tuple[str, ...] | None = None
    unfreeze_every: int | None = None
    label_smoothing: float = 0.0
    adversarial: float = 0.0
    r_drop: float = 0.0
    lora: int | None = None
    lora_alpha: float | None = None
    reinit_top: int = 0
    max_sequence_length: int | None = None
    precision: str | None = None
    seed: int | None = None

    def __post_init__(self):
        for name in ("no_decay", "freeze"):  # lists, as they are read from a file
            if isinstance(value := getattr(self, name), list):
                object.__setattr__(self, name, tuple(value))
        check(self)

    @classmethod
    def for_encoder(cls, config):
        """The recipe for an encoder of this size."""
        for hidden_dim, learning_rate in LEARNING_RATES:
            if config.hidden_dim <= hidden_dim:
                return cls(learning_rate)
        return cls(LARGE_LEARNING_RATE)

    def build_optimizer(self, total_steps=None, encoder=None):
        """The optimizer; its rate changes if the number of updates is known, else is constant.

        Args:
            total_steps: updates to come.
            encoder: `keras_bert_zoo.Encoder`, for rates by layer.
        """
        rate = self.learning_rate
        if total_steps:
            rate = SCHEDULES[self.schedule](rate, total_steps, round(self.warmup * total_steps))
        options = {"factors": layer_factors(encoder, self.layer_decay)} if encoder else {}
        if encoder and self.unfreeze_every:
            options["gates"] = layer_names(encoder)
        if self.accumulate > 1:
            options["gradient_accumulation_steps"] = self.accumulate
        if self.ema is not None:
            options |= {"use_ema": True, "ema_momentum": self.ema}
        return OPTIMIZERS[self.optimizer](
            rate,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            global_clipnorm=self.clip_norm,
            no_decay=self.no_decay,
            **options,
        )

    def updates(self, batches):
        """How many updates so many batches make; None for None."""
        return batches and -(-batches // self.accumulate)

    def describe(self, task):
        """A table of what learns how: see `keras_bert_zoo.training.description`."""
        from .description import describe

        return describe(self, task)

    def to_config(self):
        return dataclasses.asdict(self)
