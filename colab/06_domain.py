# %% [markdown]
# # Adapt an encoder to your field
#
# A general encoder reads texts of your field, without labels, before it is fine-tuned; words of the
# field may get tokens of their own.
#
# **Runtime: GPU** for real corpora; the example runs on a CPU.

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import Pretrainer, adapt_vocabulary

# %% tags=["parameters"]
PRESET = "bert_nano_en_uncased"
EPOCHS = 2
OUTPUT = "my_field"

# %% [markdown]
# ## Texts of the field

# %%
patients = ["The patient", "A 54-year-old man", "She", "The child"]
findings = [
    "was given metoprolol for hypertension.",
    "had dyspnoea and peripheral oedema.",
    "was started on furosemide with good diuresis.",
    "showed no sign of myocardial infarction.",
    "received amoxicillin for otitis media.",
]
notes = [f"{patient} {finding}" for patient in patients for finding in findings]

# %% [markdown]
# ## New words
#
# Words that fall to pieces get rows of their own, which begin as the mean of their pieces. All that
# was there stays as it was, bit for bit.

# %%
reader = kbz.MaskedLM.from_preset(PRESET, max_sequence_length=64)
words = ["metoprolol", "furosemide", "dyspnoea", "oedema", "amoxicillin"]
print([reader.preprocessor.tokenizer.encode(word).tokens for word in words[:2]])
reader, report = adapt_vocabulary(reader, words, mode="extend")
print(report)
print(reader.preprocessor.tokenizer.encode("metoprolol").tokens)

# %% [markdown]
# ## Read on

# %%
reader.save_to_preset("with_new_words")
pretrainer = Pretrainer.from_preset("with_new_words", length=32, recipe=kbz.Recipe(3e-4), seed=1)
before = pretrainer.evaluate(notes, batch_size=4, return_dict=True, verbose=0)
history = pretrainer.fit(notes, batch_size=4, epochs=EPOCHS, verbose=2).history
after = pretrainer.evaluate(notes, batch_size=4, return_dict=True, verbose=0)
print(f"loss {before['loss']:.2f} before, {after['loss']:.2f} after")

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(4, 3))
plt.bar(["before", "after"], [before["loss"], after["loss"]])
plt.ylabel("loss on hidden words")
plt.show()

# %% [markdown]
# ## Fine-tune, and save
#
# Does it help? Where fields are far from books and Wikipedia, and labels are few, often; elsewhere
# often not. Compare on held-out texts, with several seeds: `keras-bert-zoo finetune --seeds 5`.

# %%
task = pretrainer.task(kbz.TextClassifier, labels=["drug", "finding"])
drugs = ("metoprolol", "furosemide", "amoxicillin")
kinds = ["drug" if any(drug in note for drug in drugs) else "finding" for note in notes]
task.fit(notes, kinds, epochs=EPOCHS, batch_size=4, verbose=2)
task.save_to_preset(OUTPUT)
print(kbz.from_preset(OUTPUT).classify("He was given ramipril."))
