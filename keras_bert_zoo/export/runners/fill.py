"""What may stand at the masks of texts: python run.py TEXT [TEXT ...]"""

from .head import TASK, TOKENIZER, encode, np, pack, run, softmax


def answer(text, top_k=5):
    """For each mask of the text its best tokens."""
    ids, segments = pack(encode(text).ids)
    places = np.flatnonzero(np.array(ids) == TASK["mask_id"]).astype("int32")
    if not len(places):
        raise SystemExit(f"There is no {TOKENIZER.id_to_token(TASK['mask_id'])} in {text!r}.")
    logits = run([(ids, segments)], side="right", mask_positions=places[None])["logits"][0]
    return [
        [
            {"token": TOKENIZER.id_to_token(int(index)), "score": float(row[index])}
            for index in np.argsort(-row, kind="stable")[:top_k]
        ]
        for row in softmax(logits)
    ]


def answers(arguments):
    return [answer(text) for text in arguments]
