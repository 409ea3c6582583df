"""The best of several texts: python run.py PROMPT CHOICE [CHOICE ...]"""

from .head import encode, pack, run, softmax


def answers(arguments):
    prompt, *choices = arguments
    rows = [pack(encode(prompt).ids, encode(choice).ids) for choice in choices]
    scores = softmax(run(rows, choices=True)["logits"][0])
    best = int(scores.argmax())
    return [{"choice": choices[best], "index": best, "scores": scores.tolist()}]
