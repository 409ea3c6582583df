"""What torch does faster over all tensors at once."""

import torch


def clip_by_global_norm(grads, most):
    """Scales gradients down together, so that their joint norm is at most `most`.

    min(1, most / norm) times each (https://arxiv.org/abs/1211.5063, algorithm 1).

    Args:
        grads: list of tensors; None where a variable has no gradient.
        most: the largest norm.

    Returns:
        List of new tensors, None where None was given.
    """
    present = [grad for grad in grads if grad is not None]
    if not present:
        return grads
    norms = torch.stack(torch._foreach_norm(present))
    scale = torch.clamp(most / torch.linalg.vector_norm(norms), max=1.0)
    scaled = iter(torch._foreach_mul(present, scale))
    return [None if grad is None else next(scaled) for grad in grads]
