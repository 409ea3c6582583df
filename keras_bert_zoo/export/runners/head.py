import json
import pathlib

import numpy as np
import onnxruntime
import tokenizers

HERE = pathlib.Path(__file__).parent
TASK = json.loads((HERE / "task.json").read_text("utf-8"))
TOKENIZER = tokenizers.Tokenizer.from_file(str(HERE / "tokenizer.json"))
SESSION = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])
LONGEST = TASK["max_sequence_length"]


def encode(text):
    return TOKENIZER.encode(text, add_special_tokens=False)


def pack(*parts):
    """One row: `(ids, segments)` with the special ids; of parts too long the longest is cut."""
    layout = TASK["layouts"][len(parts) - 1]
    room, kept = LONGEST - sum(map(len, layout["ids"])), list(parts)
    for done, i in enumerate(sorted(range(len(parts)), key=lambda i: len(parts[i]))):
        kept[i] = parts[i][: room // (len(parts) - done)]
        room -= len(kept[i])
    ids, segments = list(layout["ids"][0]), list(layout["id_segments"][0])
    for i, part in enumerate(kept):
        ids += [*part, *layout["ids"][i + 1]]
        segments += [layout["segments"][i]] * len(part) + layout["id_segments"][i + 1]
    return ids, segments


def run(rows, side=None, choices=False, **more):
    """The outputs by name, for packed rows; these are padded to the longest."""
    length, side = max(1, *(len(ids) for ids, _ in rows)), side or TASK["padding_side"]
    names = {"token_ids": TASK["pad_id"], "segment_ids": 0, "padding_mask": 0}
    feed = {name: np.full((len(rows), length), value, "int32") for name, value in names.items()}
    for row, (ids, segments) in enumerate(rows):
        start = length - len(ids) if side == "left" else 0
        for name, values in zip(feed, (ids, segments, 1)):
            feed[name][row, start : start + len(ids)] = values
    feed = {name: array[None] if choices else array for name, array in feed.items()}
    found = SESSION.run(None, {**feed, **more})
    return dict(zip([output.name for output in SESSION.get_outputs()], found))


def softmax(scores):
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)
