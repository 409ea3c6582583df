"""What a training loop written by hand with transformers and torch needs."""

import torch
import transformers

SPARED = ("bias", "LayerNorm.weight")


def optimizer_of(model, learning_rate, steps):
    """AdamW without decay on biases and norms; warm-up over 10%, then linearly to zero."""
    groups = [
        {
            "params": [p for n, p in model.named_parameters() if n.endswith(SPARED) is no_decay],
            "weight_decay": 0.0 if no_decay else 0.01,
        }
        for no_decay in (True, False)
    ]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, eps=1e-8)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, round(0.1 * steps), steps)
    return optimizer, schedule


def update(model, loss, optimizer, schedule):
    """One update, gradients clipped to norm 1."""
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
