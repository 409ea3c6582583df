# %% [markdown]
# # Fill masks, and pre-train
#
# What a masked language model knows, what it looks at, and how a small BERT of your own begins:
# with a vocabulary and a corpus of your texts.
#
# **Runtime: GPU** for more than a few thousand sentences; the example runs on a CPU.

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer, train_vocabulary

# %% tags=["parameters"]
PRESET = "bert_nano_en_uncased"
EPOCHS = 3
OUTPUT = "my_bert"

# %% [markdown]
# ## Fill masks

# %%
reader = kbz.MaskedLM.from_preset(PRESET)
for answer in reader.fill("She opened the [MASK] and went in.", top_k=5):
    print(round(answer["score"], 3), answer["text"])

# %% [markdown]
# ## What attention looks at
#
# `trace` gives hidden states and attention maps of chosen layers. Rows are words that look,
# columns are what they look at.

# %%
import matplotlib.pyplot as plt
import numpy as np

text = "The old man fed the ducks by the river."
inputs = reader.preprocessor([text])
maps = reader.encoder.trace(inputs)["attention_maps"]
tokens = [reader.preprocessor.tokenizer.id_to_token(int(i)) for i in inputs["token_ids"][0]]
count = int(np.sum(inputs["padding_mask"][0]))
heads = keras.ops.convert_to_numpy(maps[-1])[0]
figure, axes = plt.subplots(1, len(heads), figsize=(3 * len(heads), 3))
for head, (axis, weights) in enumerate(zip(axes, heads)):
    axis.imshow(weights[:count, :count], cmap="Blues")
    axis.set_title(f"last layer, head {head}", fontsize=9)
    axis.set_xticks(range(count), tokens[:count], rotation=90, fontsize=7)
    axis.set_yticks(range(count), tokens[:count] if head == 0 else [], fontsize=7)
plt.show()

# %% [markdown]
# ## A BERT of your own
#
# Texts, a vocabulary learnt from them, an encoder, and what it is to learn. For corpora that do
# not fit into memory there are shards: `keras-bert-zoo corpus build`, and the same `fit`.

# %%
nouns = "pump valve seal filter motor bearing pipe tank".split()
verbs = "failed leaked stopped started vibrated overheated".split()
frames = ["The {n} {v} again.", "We replaced the {n} after it {v}.", "Nobody saw why the {n} {v}."]
texts = [frame.format(n=n, v=v) for frame in frames for n in nouns for v in verbs]
tokenizer = train_vocabulary(texts, kind="wordpiece", size=200)
print(tokenizer.vocabulary_size, tokenizer.encode("The pump overheated.").tokens)

# %%
from keras_bert_zoo.families import bert

encoder = bert.build(
    bert.BertConfig(
        vocabulary_size=tokenizer.vocabulary_size,
        num_layers=2,
        hidden_dim=64,
        num_heads=2,
        intermediate_dim=256,
        max_sequence_length=32,
    )
)
pretrainer = Pretrainer(
    encoder, tokenizer, [MaskedTokens(units="words")], length=16, recipe=kbz.Recipe(1e-3), seed=1
)
history = pretrainer.fit(texts, batch_size=16, epochs=EPOCHS, verbose=2).history

# %%
plt.figure(figsize=(5, 3))
plt.plot(history["loss"], marker="o", label="loss")
plt.plot(history["masked_tokens_accuracy"], marker="o", label="hidden words guessed")
plt.xlabel("epoch")
plt.legend()
plt.show()

# %% [markdown]
# ## Hand it over, and save
#
# What was learnt becomes a `MaskedLM`, or any other task: `pretrainer.task(kbz.TextClassifier,
# ...)`.

# %%
pretrainer.task().save_to_preset(OUTPUT)
print(kbz.from_preset(OUTPUT).fill("The [MASK] leaked again.", top_k=3))
