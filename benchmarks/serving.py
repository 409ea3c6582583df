"""Load on a server of this machine: how many texts a second, how long one waits, nothing mixed up.

    python benchmarks/serving.py my_classifier --file sentences.csv --backend torch

Every answer is compared with what the task itself says. Clients are raw sockets that stay open, and
ask one text at a time, the next when the last was answered. On a busy machine processor time says
more than the clock.
"""

import argparse
import asyncio
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

DIRECT = {
    "TextClassifier": lambda task, texts, size: task.classify(texts, batch_size=size),
    "TokenClassifier": lambda task, texts, size: task.extract(texts, batch_size=size),
    "TextEmbedder": lambda task, texts, size: task.embed(texts, batch_size=size),
}


def main():
    args = arguments()
    if args.backend:
        os.environ["KERAS_BACKEND"] = args.backend
    texts = read_texts(args.file)[: args.limit]
    expected, direct, cpu = run_direct(args, texts)
    print(f"The task itself: {len(texts)} texts, in batches of {args.max_batch_size}.")
    print(f"{direct:.0f} texts/s, {1000 * cpu:.1f} ms of processor time a text.\n")
    head = "clients", "texts/s", "of direct", "cpu ms", "of direct"
    head += "p50 ms", "p99 ms", "batch", "wrong", "lost"
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    with Server(args) as server:
        asyncio.run(load(server.port, texts[:200], expected, 8))  # to warm up
        for clients in args.clients:
            before = server.figures()
            began = time.perf_counter()
            seconds, wrong, lost = asyncio.run(load(server.port, texts, expected, clients))
            rate = len(texts) / (time.perf_counter() - began)
            rows, batches, used = (b - a for a, b in zip(before, server.figures()))
            used, cuts = used / len(texts), statistics.quantiles(seconds, n=100)
            row = [clients, f"{rate:.0f}", f"{rate / direct:.2f}"]
            row += [f"{1000 * used:.1f}", f"{used / cpu:.2f}"]
            row += [f"{1000 * cuts[49]:.1f}", f"{1000 * cuts[98]:.1f}"]
            row += [f"{rows / max(batches, 1):.1f}", wrong, lost]
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset")
    parser.add_argument("--file", required=True, help="csv with a column text, or a text a line")
    parser.add_argument("--backend")
    parser.add_argument("--limit", type=int, default=2000, help="texts for each row of the table")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--max-batch-size", type=int, default=32)
    parser.add_argument("--max-wait-ms", type=float, default=2.0)
    return parser.parse_args()


def read_texts(path):
    with open(path, encoding="utf-8", newline="") as file:
        if path.endswith(".csv"):
            return [row["text"] for row in csv.DictReader(file)]
        return [line.strip() for line in file if line.strip()]


def run_direct(args, texts):
    """`(text -> answer, texts a second, seconds of processor time a text)` of the task itself."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import keras_bert_zoo as kbz

    task = kbz.from_preset(args.preset)
    ask = DIRECT[type(task).__name__]
    answers = ask(task, texts, args.max_batch_size)  # and compiled by now
    began, used = time.perf_counter(), time.process_time()
    ask(task, texts, args.max_batch_size)
    seconds, used = time.perf_counter() - began, time.process_time() - used
    return dict(zip(texts, answers)), len(texts) / seconds, used / len(texts)


class Server:
    """`keras-bert-zoo serve` in a process of its own."""

    def __init__(self, args):
        words = ["serve", args.preset, "--port", "0", "--quiet"]
        words += ["--max-batch-size", str(args.max_batch_size)]
        words += ["--max-wait-ms", str(args.max_wait_ms)]
        code = f"import sys; from keras_bert_zoo.cli import main; sys.exit(main({words!r}))"
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=env
        )
        line = next(line for line in self.process.stderr if " at http://" in line)
        self.port = int(line.split(" at http://")[1].split(";")[0].rpartition(":")[2])

    def figures(self):
        """`(rows, batches)` that the model has read, and seconds of processor time so far."""
        text = asyncio.run(get(self.port, "/metrics"))
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")
        names = "kbz_batch_size_sum", "kbz_batch_size_count", "process_cpu_seconds_total"
        return [float(lines[name]) for name in names]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        print(f"\nThe server ended with code {self.process.wait(60)}.")


async def load(port, texts, expected, clients):
    """`(seconds of each request, wrong answers, lost ones)` of so many clients."""
    todo, seconds, wrong, lost = iter(texts), [], [], []

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for text in todo:
            began = time.perf_counter()
            try:
                status, body = await ask(reader, writer, "POST", "/predict", {"text": text})
            except (OSError, EOFError):
                lost.append(text)
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            seconds.append(time.perf_counter() - began)
            if status != 200 or not same(json.loads(body)["predictions"][0], expected[text]):
                wrong.append(text)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return seconds, len(wrong), len(lost) + len(texts) - len(seconds) - len(lost)


async def ask(reader, writer, method, path, body=None):
    """One request on an open connection; `(status, body)`."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), await reader.readexactly(int(headers["content-length"]))


async def get(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    _, body = await ask(reader, writer, "GET", path)
    writer.close()
    return body.decode()


def same(found, expected):
    """Whether a prediction is that of the task: names and places exactly, numbers nearly."""
    if isinstance(expected, list):  # entities
        found = found["entities"]
        return len(found) == len(expected) and all(map(same, found, expected))
    if not isinstance(expected, dict):  # a vector
        return all(abs(a - b) < 1e-4 for a, b in zip(found["vector"], expected, strict=True))
    return all(
        abs(found[name] - value) < 1e-4 if name == "score" else found[name] == value
        for name, value in expected.items()
    )


if __name__ == "__main__":
    main()
