# %% [markdown]
# # Moving from KerasHub
#
# KerasHub's presets are read as they are, without KerasHub; there are tasks for tokens, spans,
# choices, pairs and embeddings besides.
#
# **Runtime: CPU** is enough; take a GPU for your own model.
#
# | KerasHub | here |
# |---|---|
# | `BertBackbone.from_preset` | `kbz.Encoder.from_preset` |
# | `BertTextClassifier` | `kbz.TextClassifier` |
# | `BertMaskedLM` | `kbz.MaskedLM` |
# | `BertTextClassifierPreprocessor` | `task.preprocessor` |
# | `BertTokenizer` | `task.preprocessor.tokenizer` |
# | `classifier.predict` (logits) | `task.predict` (logits), `task.classify` (labels) |
# | none | `TokenClassifier`, `SpanExtractor`, `MultipleChoice`, `TextEmbedder`, `PairScorer` |
# | none | `Pretrainer`, `distill`, `task.export` of text |

# %%
# %pip install -q "keras-bert-zoo[tensorflow]" keras-hub

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz

# %% tags=["parameters"]
MODEL = None  # a folder, or "kaggle://keras/bert/keras/bert_tiny_en_uncased"
EPOCHS = 5
OUTPUT = "moved_from_hub"

# %% [markdown]
# ## A preset of KerasHub
#
# If you gave none, KerasHub makes a tiny one, with random weights.

# %%
if MODEL is None:
    import keras_hub

    MODEL = "folder_of_keras_hub"
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] a the was we food film".split()
    words += "lovely dull good bad never again".split()
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=len(words),
        num_layers=2,
        num_heads=2,
        hidden_dim=32,
        intermediate_dim=64,
        max_sequence_length=32,
    )
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=words, lowercase=True)
    backbone.save_to_preset(MODEL)
    tokenizer.save_to_preset(MODEL)
print(sorted(os.listdir(MODEL)) if os.path.isdir(MODEL) else MODEL)

# %% [markdown]
# ## Read it, train it

# %%
options = {"max_sequence_length": 32, "recipe": kbz.Recipe(1e-2), "seed": 1}
task = kbz.TextClassifier.from_preset(MODEL, labels=["bad", "good"], **options)
texts = ["lovely food", "the film was good", "never again", "a dull film"]
history = task.fit(texts, ["good", "good", "bad", "bad"], epochs=EPOCHS, batch_size=2, verbose=2)
print(task.classify(["lovely", "dull"]))

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 3))
plt.plot(history.history["loss"], marker="o")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.show()

# %% [markdown]
# ## What KerasHub has no task for

# %%
tagger = kbz.TokenClassifier.from_preset(MODEL, entity_types=["FOOD"], **options)
tagger.fit([["lovely", "food"]], [["O", "B-FOOD"]], epochs=EPOCHS, verbose=0)
print(tagger.extract("the food was good"))

# %% [markdown]
# ## Save

# %%
task.save_to_preset(OUTPUT)
print(kbz.from_preset(OUTPUT).classify("good food"))
