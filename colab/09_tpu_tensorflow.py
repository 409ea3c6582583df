# %% [markdown]
# # Train on a TPU with TensorFlow
#
# For those who have TensorFlow code around it. TensorFlow's TPU package ends with version 2.20,
# and Colab's TPU runtimes come without TensorFlow: for new work take JAX, in the notebook beside
# this one.
#
# **Runtime: TPU** (*Runtime → Change runtime type → v5e-1 TPU*). Without one, two
# devices of the CPU stand in.

# %%
# %pip install -q "tensorflow-tpu==2.20.*" -f https://storage.googleapis.com/libtpu-tf-releases/index.html
# %pip install -q keras-bert-zoo

# %%
import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf

has_tpu = bool(os.environ.get("TPU_NAME") or os.environ.get("COLAB_TPU_ADDR"))
if not has_tpu and not tf.config.list_physical_devices("GPU"):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras_bert_zoo as kbz

# %% tags=["parameters"]
PRESET = "bert_nano_en_uncased"
EPOCHS = 5
OUTPUT = "tpu_classifier"

# %% [markdown]
# ## Data

# %%
good = "lovely great wonderful charming excellent delightful superb pleasant".split()
bad = "awful dull dreadful boring terrible poor nasty bleak".split()
frames = ["A {} film.", "The food was {}.", "What a {} evening!", "We found it {}."]
texts = [frame.format(word) for frame in frames for word in good + bad]
labels = ["good" if word in good else "bad" for _ in frames for word in good + bad]

# %% [markdown]
# ## Train
#
# `distribute("tpu")` finds the TPU, starts it and enters `TPUStrategy`; `"mirrored"` is the same
# on GPUs, or here on a CPU. Every batch is padded to `max_sequence_length`: a TPU compiles each
# shape anew. Tokens are made on the host, ahead of the device.

# %%
with kbz.distribute("tpu" if has_tpu else "mirrored") as devices:
    task = kbz.TextClassifier.from_preset(
        PRESET, labels=["bad", "good"], max_sequence_length=32, recipe=kbz.Recipe(5e-4), seed=1
    )
    history = task.fit(texts, labels, epochs=EPOCHS, batch_size=16, verbose=2)
    print(task.evaluate(texts, labels, batch_size=16, return_dict=True, verbose=0))

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 3))
plt.plot(history.history["loss"], marker="o", label="loss")
plt.plot(history.history["accuracy"], marker="o", label="accuracy")
plt.xlabel("epoch")
plt.legend()
plt.show()

# %% [markdown]
# ## Save

# %%
task.save_to_preset(OUTPUT)
print(kbz.from_preset(OUTPUT).classify("What a charming place."))
