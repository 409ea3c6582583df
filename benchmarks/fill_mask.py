"""Top-1 accuracy of a chemical BERT on hidden tokens of reactions: ours, and transformers.

    KERAS_BACKEND=jax python benchmarks/fill_mask.py

The model is `weights/bert-chem-pretraining` of the data folder; each token of each reaction is
hidden in turn. Reactions are common ones of textbooks (amides, esters, couplings, protections), in
SMILES, cut into tokens by the pattern of https://arxiv.org/abs/1811.02633.
"""

import json
import os
import re

import numpy as np
from seeds import BATCH, data_folder

PATTERN = re.compile(
    r"(\[[^\]]+]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\(|\)|\.|=|#|-|\+|\\|/|:|~|@|\?|>>?|\*|\$"
    r"|%[0-9]{2}|[0-9])"
)
REACTIONS = """
Nc1cccc2cnccc12.O=C(O)c1cc([N+](=O)[O-])c(Sc2c(Cl)cncc2Cl)s1>>O=C(Nc1cccc2cnccc12)c1cc([N+](=O)[O-])c(Sc2c(Cl)cncc2Cl)s1
CC(=O)O.OCC>>CC(=O)OCC
CC(=O)Cl.Nc1ccccc1>>CC(=O)Nc1ccccc1
O=C(O)c1ccccc1.CN>>CNC(=O)c1ccccc1
OB(O)c1ccccc1.Brc1ccccc1>>c1ccc(-c2ccccc2)cc1
OB(O)c1ccc(F)cc1.Clc1ccncc1>>Fc1ccc(-c2ccncc2)cc1
CC(C)(C)OC(=O)NCc1ccccc1>>NCc1ccccc1
CC(C)(C)OC(=O)N1CCNCC1.O=C(O)c1ccccc1>>CC(C)(C)OC(=O)N1CCN(C(=O)c2ccccc2)CC1
O=[N+]([O-])c1ccccc1>>Nc1ccccc1
O=[N+]([O-])c1ccc(F)cc1.C1CCNCC1>>O=[N+]([O-])c1ccc(N2CCCCC2)cc1
O=Cc1ccccc1.NCc1ccccc1>>c1ccc(CNCc2ccccc2)cc1
COC(=O)c1ccccc1>>O=C(O)c1ccccc1
CCOC(=O)c1cccnc1.NN>>NNC(=O)c1cccnc1
Oc1ccccc1.BrCc1ccccc1>>c1ccc(COc2ccccc2)cc1
CS(=O)(=O)Cl.Nc1ccc(Cl)cc1>>CS(=O)(=O)Nc1ccc(Cl)cc1
O=C=Nc1ccccc1.NCCO>>O=C(NCCO)Nc1ccccc1
O=C1CCCCC1>>OC1CCCCC1
OCc1ccccc1>>O=Cc1ccccc1
N#Cc1ccccc1>>NCc1ccccc1
Clc1ncccn1.NC1CCCC1>>c1cnc(NC2CCCC2)nc1
""".split()


def hidden(vocabulary):
    """`(token_ids, place)` of every token, hidden, and what it was."""
    rows = []
    for reaction in REACTIONS:
        tokens = PATTERN.findall(reaction)
        assert "".join(tokens) == reaction
        ids = [vocabulary[token] for token in ("[CLS]", *tokens, "[SEP]")]
        for place in range(1, len(ids) - 1):
            row = list(ids)
            row[place] = vocabulary["[MASK]"]
            rows.append((row, place, ids[place]))
    return rows


def batches(rows):
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        ids = np.zeros((len(part), max(len(row) for row, _, _ in part)), "int32")
        mask = np.zeros_like(ids)
        for number, (row, _, _) in enumerate(part):
            ids[number, : len(row)], mask[number, : len(row)] = row, 1
        yield ids, mask, np.array([[place] for _, place, _ in part], "int32")


def main():
    import keras
    import torch
    import transformers

    import keras_bert_zoo as kbz

    folder = data_folder() / "weights/bert-chem-pretraining"
    words = (folder / "vocab.txt").read_text("utf-8").split()
    rows = hidden({word: number for number, word in enumerate(words)})
    right = np.array([answer for _, _, answer in rows])
    task = kbz.MaskedLM.from_preset(folder)
    model = transformers.BertForMaskedLM.from_pretrained(folder).eval()
    ours, theirs = [], []
    for ids, mask, places in batches(rows):
        inputs = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": mask}
        logits = task({**inputs, "mask_positions": places})
        ours.append(keras.ops.convert_to_numpy(logits)[:, 0])
        with torch.no_grad():
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": ids * 0}
            outputs = model(**{k: torch.tensor(v).long() for k, v in given.items()})
        theirs.append(outputs.logits.numpy()[np.arange(len(ids)), places[:, 0]])
    ours, theirs = np.concatenate(ours), np.concatenate(theirs)
    line = {
        "who": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "tokens": len(rows),
        "accuracy": round(float((ours.argmax(-1) == right).mean()), 4),
        "accuracy of transformers": round(float((theirs.argmax(-1) == right).mean()), 4),
        "equal answers": int((ours.argmax(-1) == theirs.argmax(-1)).sum()),
        "largest difference": float(np.abs(ours - theirs).max()),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
