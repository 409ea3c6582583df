# %% [markdown]
# # Train on a TPU with JAX
#
# JAX is the maintained way to TPUs. The same lines run on one device, on GPUs and on a CPU.
#
# **Runtime: TPU** (*Runtime → Change runtime type → v5e-1 TPU*). Without one, GPUs are
# used, or two devices of the CPU stand in.

# %%
# %pip install -q keras-bert-zoo

# %%
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")  # of a CPU

import jax

import keras_bert_zoo as kbz

print(jax.devices())

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
# Everything is built within `distribute`, which says what it took. `batch_size` is that of all
# devices together. `mixed_bfloat16` is what TPUs are made for. `steps_per_execution` lets the
# device work on while the host prepares text.

# %%
kind = "tpu" if jax.default_backend() == "tpu" else "auto"
precision = "mixed_bfloat16" if kind == "tpu" else "float32"
with kbz.distribute(kind) as devices:
    task = kbz.TextClassifier.from_preset(
        PRESET,
        labels=["bad", "good"],
        max_sequence_length=32,
        dtype=precision,
        recipe=kbz.Recipe(5e-4),
        seed=1,
    )
    steps = EPOCHS * len(texts) // 16
    task.compile(total_steps=steps, steps_per_execution=2)
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
#
# The files are those of any device and backend. Larger models are cut up over the devices of a
# slice with `distribute("model")`.

# %%
task.save_to_preset(OUTPUT)
print(kbz.from_preset(OUTPUT).classify("What a charming place."))
