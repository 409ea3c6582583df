"""Rows per second from raw input to answers, for every task: ours, and transformers in two ways.

    python benchmarks/throughput.py --encoder FOLDER --backends jax,tensorflow,torch

`sorted` is transformers at its best: texts sorted by length by hand, batches of 32 padded to their
longest, inference mode. `plain` is one text at a time, as in its documentation. Each contestant is
a process; they take turns, so that each ratio is of two runs one after the other. The figures are
medians of `--rounds` rounds after one that is not counted, and ratios to `sorted`: above 1 is
faster. All use the same random head of a task.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from seeds import BATCH, data_folder

LENGTH = 384
TASKS = ("text", "pair", "token", "span", "choice", "mask", "embed")


def rows_of(task, limit):
    """What is given to a task."""
    from accuracy import read as read_table
    from choosing import read as read_choices

    from keras_bert_zoo.preprocessing.conll import read_conll
    from keras_bert_zoo.preprocessing.squad import read_squad

    folder = data_folder() / "tasks"
    if task == "token":
        words, _ = read_conll(folder / "wnut17/emerging.test.annotated")
        return [" ".join(row) for row in words][:limit]
    if task == "span":
        rows = read_squad(folder / "squad2/squad2.json")
        return [(row["question"], row["context"]) for row in rows[:: max(len(rows) // limit, 1)]]
    if task == "choice":
        return read_choices("test")[0][:limit]
    texts = read_table("movie-sentences", "dev")[0][:limit]
    if task == "pair":
        return list(zip(texts, texts[1:] + texts[:1]))
    if task == "mask":
        return [hide_a_word(text) for text in texts]
    return texts


def hide_a_word(text):
    words = text.split()
    words[len(words) // 2] = "[MASK]"
    return " ".join(words)


# ------------------------------------------------------------------ contestants


def ours(task, encoder):
    """A function of rows that gives answers."""
    import keras_bert_zoo as kbz

    options = {"max_sequence_length": LENGTH, "truncation": "silent"}
    if task == "text":
        return kbz.TextClassifier.from_preset(encoder, labels=["a", "b"], **options).classify
    if task == "pair":
        return kbz.PairScorer.from_preset(encoder, problem="regression", **options).score
    if task == "token":
        types = ["PER", "LOC", "ORG"]
        return kbz.TokenClassifier.from_preset(encoder, entity_types=types, **options).extract
    if task == "span":
        return kbz.SpanExtractor.from_preset(encoder, **options).answer
    if task == "choice":
        return kbz.MultipleChoice.from_preset(encoder, **options).choose
    if task == "mask":
        return kbz.MaskedLM.from_preset(encoder, head="new", **options).fill
    return kbz.TextEmbedder.from_preset(encoder, **options).embed


def transformers(task, encoder, one_by_one):
    import torch
    import transformers

    heads = {
        "text": ("AutoModelForSequenceClassification", {"num_labels": 2}),
        "pair": ("AutoModelForSequenceClassification", {"num_labels": 1}),
        "token": ("AutoModelForTokenClassification", {"num_labels": 7}),
        "span": ("AutoModelForQuestionAnswering", {}),
        "choice": ("AutoModelForMultipleChoice", {}),
        "mask": ("AutoModelForMaskedLM", {}),
        "embed": ("AutoModel", {}),
    }
    name, options = heads[task]
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    model = getattr(transformers, name).from_pretrained(encoder, **options).eval()
    post = POST[task]

    def encode(rows):
        keywords = {"truncation": True, "max_length": LENGTH}
        if task == "span":
            keywords = {**keywords, "truncation": "only_second", "return_offsets_mapping": True}
        if task == "choice":
            rows = [(prompt, choice) for prompt, choices in rows for choice in choices]
        return tokenizer(list(rows), **keywords)

    def answer(rows):
        size, group = (1 if one_by_one else BATCH), (4 if task == "choice" else 1)
        found = [None] * len(rows)
        encoded = None if one_by_one else encode(rows)
        order = range(len(rows))
        if not one_by_one:
            ids = encoded["input_ids"]
            order = sorted(order, key=lambda i: -max(map(len, ids[i * group : (i + 1) * group])))
        with torch.inference_mode():
            for start in range(0, len(rows), size):
                places = order[start : start + size]
                part = encode([rows[i] for i in places]) if one_by_one else encoded
                wanted = [0] if one_by_one else places
                wanted = [i * group + k for i in wanted for k in range(group)]
                fields = {k: [part[k][i] for i in wanted] for k in tokenizer.model_input_names}
                inputs = tokenizer.pad(fields, return_tensors="pt")
                if task == "choice":
                    inputs = {k: v.view(len(places), 4, -1) for k, v in inputs.items()}
                outputs = model(**inputs)
                for place, one in zip(places, post(outputs, inputs, part, wanted, tokenizer)):
                    found[place] = one
        return found

    return answer


def post_span(outputs, inputs, part, wanted, tokenizer):
    import numpy as np

    answers = []
    for i, start, end in zip(wanted, outputs.start_logits.numpy(), outputs.end_logits.numpy()):
        table = np.triu(start[:, None] + end[None, :])
        a, b = np.unravel_index(table.argmax(), table.shape)
        offsets = part["offset_mapping"][i]
        answers.append((offsets[min(a, len(offsets) - 1)], offsets[min(b, len(offsets) - 1)]))
    return answers


def post_mask(outputs, inputs, part, wanted, tokenizer):
    rows, places = (inputs["input_ids"] == tokenizer.mask_token_id).nonzero(as_tuple=True)
    best = outputs.logits[rows, places].softmax(-1).topk(5)
    return [tokenizer.convert_ids_to_tokens(ids) for ids in best.indices.tolist()]


def post_embed(outputs, inputs, part, wanted, tokenizer):
    mask = inputs["attention_mask"].unsqueeze(-1).float()
    pooled = (outputs.last_hidden_state * mask).sum(1) / mask.sum(1)
    return (pooled / pooled.norm(dim=1, keepdim=True)).numpy()


POST = {
    "text": lambda outputs, *_: outputs.logits.softmax(-1).max(-1).values.tolist(),
    "pair": lambda outputs, *_: outputs.logits[:, 0].tolist(),
    "token": lambda outputs, *_: outputs.logits.argmax(-1).tolist(),
    "span": post_span,
    "choice": lambda outputs, *_: outputs.logits.argmax(-1).tolist(),
    "mask": post_mask,
    "embed": post_embed,
}


# ------------------------------------------------------------------ one process, and all of them


def worker(arguments):
    """Prints the seconds of one run for each line that it reads, which names a task."""
    import torch

    torch.set_flush_denormal(True)
    answer, known = None, None
    for line in sys.stdin:
        if line.strip() != known:
            known = line.strip()
            rows = rows_of(known, arguments.limit)
            if arguments.who in ("sorted", "plain"):
                answer = transformers(known, arguments.encoder, arguments.who == "plain")
            else:
                answer = ours(known, arguments.encoder)
            answer(rows)  # what is compiled is compiled now
        start = time.perf_counter()
        assert len(answer(rows)) == len(rows)
        seconds = time.perf_counter() - start
        print(json.dumps({"rows": len(rows), "seconds": seconds}), flush=True)


def started(arguments, who):
    """A contestant's process."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "HF_HUB_OFFLINE": "1"}
    if who.startswith("ours-"):
        environment["KERAS_BACKEND"] = who.removeprefix("ours-")
    given = [f"--encoder={arguments.encoder}", f"--limit={arguments.limit}", f"--who={who}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    command = [sys.executable, __file__, *given]
    return subprocess.Popen(command, env=environment, text=True, **pipes)


def rate(process, task):
    """Rows per second of one run."""
    process.stdin.write(f"{task}\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("{"):
            found = json.loads(line)
            return found["rows"] / found["seconds"]
    raise RuntimeError(f"{' '.join(process.args)} ended with code {process.wait()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="a Hugging Face folder of BERT")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--backends", default="tensorflow,jax,torch")
    parser.add_argument("--limit", type=int, default=400, help="rows of each task")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--who", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.who:
        worker(arguments)
        return
    backends = [f"ours-{backend}" for backend in arguments.backends.split(",")]
    processes = {who: started(arguments, who) for who in ("sorted", "plain", *backends)}
    for task in arguments.tasks.split(","):
        rates = {who: [] for who in processes}
        for number in range(arguments.rounds + 1):
            for who, process in processes.items():
                found = rate(process, task)
                if number:  # the first round is not counted
                    rates[who].append(found)
        line = {"task": task, "sorted rows/s": round(statistics.median(rates["sorted"]), 1)}
        for who in processes:
            if who != "sorted":
                pairs = zip(rates[who], rates["sorted"])
                line[who] = round(statistics.median(a / b for a, b in pairs), 2)
        print(json.dumps(line), flush=True)
    for process in processes.values():
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
