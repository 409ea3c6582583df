"""What papers learn from a teacher, as lists of objectives."""

from ..objectives.masked_tokens import MaskedTokens
from .attention_maps import AttentionMaps
from .attention_scores import AttentionScores
from .cosine_hidden import CosineHidden
from .hidden_states import HiddenStates
from .relations import Relations
from .soft_targets import SoftTargets


def distilbert(teacher, temperature=2.0, places="all"):
    """DistilBERT: hidden tokens, what the teacher says of tokens, and the direction of its vectors.

    https://arxiv.org/abs/1910.01108; the weights are 2, 5 and 1, and the temperature 2, as in
    https://github.com/huggingface/transformers-research-projects (distillation, README). The
    student starts as every second layer of the teacher: `student_of(teacher)`.

    Args:
        teacher: a `MaskedLM`.
        temperature, places: of `SoftTargets`.

    Example:

    >>> Pretrainer(student_of(teacher.encoder), tokenizer, distilbert(teacher))
    """
    return [
        MaskedTokens(weight=2.0),
        SoftTargets(teacher, temperature, places, weight=5.0),
        CosineHidden(teacher),
    ]


def tinybert(teacher, layers="uniform"):
    """TinyBERT: embeddings, hidden states and attention scores (https://arxiv.org/abs/1909.10351).

    Both stages learn these: the general one in a `Pretrainer`, from any text; that of a task in
    `Distiller(student, teacher, objectives=tinybert(teacher))`, from the task's texts and with a
    fine-tuned teacher. What is left is the prediction layer: a `Distiller` without objectives, with
    temperature 1.

    Args:
        teacher: an encoder or task with as many heads as the student.
        layers: which learns from which; `g(m) = 3m` where the teacher is three times as deep.
    """
    return [HiddenStates(teacher, layers), AttentionScores(teacher, layers)]


def minilm(teacher):
    """MiniLM: attention and relation of values of the last layer, alike in weight.

    https://arxiv.org/abs/2002.10957, section 3. The student has as many heads as its teacher.

    Args:
        teacher: an encoder or task.
    """
    return [AttentionMaps(teacher), Relations(teacher, ("value",))]


def minilm_v2(teacher, heads=48, layers="last"):
    """MiniLMv2: relations of queries, of keys and of values (https://arxiv.org/abs/2012.15828).

    Args:
        teacher: an encoder or task.
        heads: of the relations; 48 for a teacher of Base size, 64 for a Large one (section 4.1).
        layers: see `Relations`.
    """
    return [Relations(teacher, heads=heads, layers=layers)]


def mobilebert(teacher, alpha=0.5, transfer=True):
    """MobileBERT: feature maps and attention of all layers, and what the teacher says of tokens.

    Equations 1 to 4 of https://arxiv.org/abs/2004.02984, all at once ("auxiliary knowledge
    transfer"). For the progressive transfer, layer by layer, which the paper prefers, do
    `transfer_by_layers` first, and this then with `transfer=False`.

    Args:
        teacher: a `MaskedLM` as deep as the student, with vectors as long and as many heads.
        alpha: share of the hidden tokens; the rest is that of the teacher's answers.
        transfer: whether layers are compared.

    Raises:
        ValueError: `alpha` is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a share between 0 and 1. Given: {alpha}.")
    answers = [
        MaskedTokens(weight=alpha),
        SoftTargets(teacher, temperature=1.0, places="masked", weight=1 - alpha),
    ]
    if not transfer:
        return answers
    layers = HiddenStates(teacher, embeddings=False), AttentionMaps(teacher, "uniform")
    return [*answers, *layers]
