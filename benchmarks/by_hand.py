"""What a training loop written by hand with transformers and torch needs."""

import torch
import transformers
from seeds import BATCH

SPARED = ("bias", "LayerNorm.weight")


def load(cls, arguments, seed, **options):
    """`(tokenizer, model)`; `cls` is the name of one of transformers' Auto classes."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # or rare tokens' fading averages make updates 4 times slower
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.encoder)
    return tokenizer, getattr(transformers, cls).from_pretrained(arguments.encoder, **options)


def train(model, loss_of, count, arguments):
    """Random batches of `count` rows for some epochs; `loss_of` takes a list of row numbers.

    AdamW without decay on biases and norms; warm-up over 10% of the updates, then linearly to
    zero; gradients clipped to norm 1.
    """
    groups = [
        {
            "params": [p for n, p in model.named_parameters() if n.endswith(SPARED) is no_decay],
            "weight_decay": 0.0 if no_decay else 0.01,
        }
        for no_decay in (True, False)
    ]
    steps = -(-count // BATCH) * arguments.epochs
    optimizer = torch.optim.AdamW(groups, lr=arguments.learning_rate, eps=1e-8)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, round(0.1 * steps), steps)
    model.train()
    for _ in range(arguments.epochs):
        for rows in torch.randperm(count).split(BATCH):
            optimizer.zero_grad()
            loss_of(rows.tolist()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()


def train_and_judge(model, batch, train_data, test_data, arguments):
    """Trains one label for each row. Returns `{"accuracy": ...}` on the test data.

    Args:
        model: gives logits `(rows, classes)`.
        batch: `(inputs, labels, row numbers) -> (inputs of the model, tensor of labels)`.
        train_data, test_data: `(inputs, labels)`.
        arguments: of the script.
    """

    def loss(rows):
        inputs, labels = batch(*train_data, rows)
        return torch.nn.functional.cross_entropy(model(**inputs).logits, labels)

    train(model, loss, len(train_data[0]), arguments)
    right, count = 0, len(test_data[0])
    with torch.no_grad():
        for start in range(0, count, BATCH):
            inputs, labels = batch(*test_data, range(start, min(start + BATCH, count)))
            right += int((model(**inputs).logits.argmax(-1) == labels).sum())
    return {"accuracy": right / count}
