"""Hugging Face's transformers as a careful user runs it: eager PyTorch, fused attention."""

import random

import torch
import workload as given
from transformers import AutoTokenizer, BertForSequenceClassification
from transformers.utils import logging

logging.set_verbosity_error()
MEGABATCH = 50  # batches sorted together, as `group_by_length` of their Trainer does


class Transformers:
    """BERT with a classifier; batches are padded to their own longest text.

    Args:
        work: `Workload`.
        by_length: whether texts are sorted by length before they are cut into batches.
    """

    def __init__(self, work, by_length=False):
        torch.manual_seed(0)
        self.work, self.by_length, self.random = work, by_length, random.Random(0)
        self.tokenizer = AutoTokenizer.from_pretrained(str(work.weights))
        self.model = BertForSequenceClassification.from_pretrained(
            str(work.weights),
            num_labels=given.CLASSES,
            attn_implementation="sdpa",
            dtype=torch.float32,
            classifier_dropout=given.DROPOUT,
        )
        hidden_dim = self.model.config.hidden_size
        put(self.model.classifier, given.head(hidden_dim))
        if given.lacks_pooler(work.weights):
            put(self.model.bert.pooler.dense, given.pooler(hidden_dim))
        self.optimizer = torch.optim.AdamW(self._groups(), lr=given.LEARNING_RATE)
        ids = torch.from_numpy(given.ready_batch(self.model.config.vocab_size)).long()
        self.batch = {
            "input_ids": ids,
            "token_type_ids": torch.zeros_like(ids),
            "attention_mask": torch.ones_like(ids),
        }
        self.seen = None

    def _groups(self):
        named = list(self.model.named_parameters())
        plain = [p for name, p in named if name.endswith("bias") or "LayerNorm" in name]
        spared = {id(p) for p in plain}
        decayed = [p for _, p in named if id(p) not in spared]
        return [
            {"params": decayed, "weight_decay": given.WEIGHT_DECAY},
            {"params": plain, "weight_decay": 0.0},
        ]

    def forward(self):
        self.model.eval()
        with torch.inference_mode():
            return self.model(**self.batch).logits.numpy()

    def predict(self):
        texts = self.work.dev[0]
        order = list(range(len(texts)))
        if self.by_length:
            order.sort(key=lambda row: len(texts[row]), reverse=True)
        logits = torch.empty(len(texts), given.CLASSES)
        self.model.eval()
        with torch.inference_mode():
            for rows in cut(order):
                logits[rows] = self.model(**self._encoded(texts, rows)).logits
        return logits.numpy()

    def train(self):
        texts, labels = self.work.train
        labels = torch.tensor(labels)
        self.model.train()
        total = correct = 0.0
        for rows in self._shuffled(texts):
            self.optimizer.zero_grad()
            out = self.model(**self._encoded(texts, rows), labels=labels[rows])
            out.loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), given.CLIP_NORM)
            self.optimizer.step()
            total += out.loss.item()
            correct += (out.logits.argmax(-1) == labels[rows]).sum().item()

    def _shuffled(self, texts):
        order = list(range(len(texts)))
        self.random.shuffle(order)
        if not self.by_length:
            return cut(order)
        size = MEGABATCH * given.BATCH_SIZE
        windows = [order[start : start + size] for start in range(0, len(order), size)]
        return cut([row for w in windows for row in sorted(w, key=lambda r: -len(texts[r]))])

    def _encoded(self, texts, rows):
        batch = self.tokenizer(
            [texts[row] for row in rows], padding=True, truncation=True, return_tensors="pt"
        )
        if self.seen is not None:
            self.seen.append(batch["attention_mask"])
        return batch

    def noted(self, task):
        """A run that notes the batches."""
        self.seen = []
        logits = getattr(self, task)()
        seen, self.seen = self.seen, None
        return logits, [(*mask.shape, int(mask.sum())) for mask in seen]


def cut(order):
    """Batches of row numbers."""
    size = given.BATCH_SIZE
    return [order[start : start + size] for start in range(0, len(order), size)]


def put(linear, weights):
    """Copies `(kernel, bias)` into a Linear layer."""
    kernel, bias = map(torch.from_numpy, weights)
    with torch.no_grad():
        linear.weight.copy_(kernel.T)
        linear.bias.copy_(bias)
