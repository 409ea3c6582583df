"""Labels of texts: python run.py TEXT [TEXT ...], or of a pair: python run.py --pair TEXT TEXT"""

from ...preprocessing.windows import windows
from .head import LONGEST, TASK, encode, np, pack, run, softmax


def best(logits, labels, problem):
    if problem == "regression":
        return {"value": float(logits[0]) if len(logits) == 1 else logits.tolist()}
    scores = softmax(logits) if problem == "single" else 1 / (1 + np.exp(-logits))
    index = int(scores.argmax())
    return {"label": labels[index] if labels else index, "score": float(scores[index])}


def answer(*parts):
    """The answer for one text, or for a pair."""
    rows = [encode(part).ids for part in parts]
    if "overlap" in TASK:  # a text of any length is read in windows, whose logits are averaged
        room = LONGEST - sum(map(len, TASK["layouts"][0]["ids"]))
        found = windows(len(rows[0]), room, TASK["overlap"])
        outputs = run([pack(rows[0][window.start : window.end]) for window in found])
    else:
        outputs = run([pack(*rows)])
    answers = {
        one.get("task"): best(outputs[name].mean(axis=0), one["labels"], one["problem"])
        for name, one in TASK["classes"].items()
    }
    return answers.get(None, answers)


def answers(arguments):
    pair = TASK.get("pairs") or arguments[0] == "--pair"
    if pair:
        return [answer(*[text for text in arguments if text != "--pair"])]
    return [answer(text) for text in arguments]
