# %% [markdown]
# # Answer questions from a text
#
# A reader learns to point at the stretch of a text that answers a question (SQuAD's form), and to
# say when there is none.
#
# **Runtime: CPU** is enough for this example; take a GPU for real data and a larger encoder.

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz

# %% tags=["parameters"]
PRESET = "bert_nano_en_uncased"
EPOCHS = 10
OUTPUT = "my_reader"

# %% [markdown]
# ## Data
#
# Questions, contexts and answers. SQuAD's own files are read with
# `keras_bert_zoo.preprocessing.read_squad`; an answer of `""` says that the text has none.

# %%
people = ["Ada", "Grace", "Alan", "Marie", "Emmy"]
places = ["London", "Paris", "Rome", "Bern", "York"]
frames = [
    "{p} has lived in {l} for years.",
    "Last week {p} moved to {l}.",
    "In {l} everyone knows {p}.",
]
questions, answers = [], []
for frame in frames:
    for person in people:
        for place in places:
            context = frame.format(p=person, l=place)
            questions += [("Who is it about?", context), ("Where is that?", context)]
            answers += [person, place]
questions += [("What does it cost?", frames[0].format(p="Ada", l=place)) for place in places]
answers += [""] * len(places)
print(questions[0], answers[0])

# %% [markdown]
# ## Train

# %%
task = kbz.SpanExtractor.from_preset(PRESET, max_sequence_length=64, seed=1)
history = task.fit(questions, answers, epochs=EPOCHS, batch_size=16, verbose=2)

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 3))
plt.plot(history.history["loss"], marker="o")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.show()

# %% [markdown]
# ## Look
#
# Answers come with their place in the text, by character, and with probabilities. Texts of any
# length are read in windows.

# %%
from IPython.display import HTML

from keras_bert_zoo.highlight import page

context = "Last week Marie moved to York."
found = [task.answer(question, context) for question in ("Who is it about?", "Where is that?")]
for answer in found:
    print(answer)
HTML(page([(context, [{**one, "label": "answer"} for one in found if one["answer"]], None)]))

# %% [markdown]
# ## Judge, and save
#
# `score` gives exact match and F1 as SQuAD's script counts them.

# %%
print(task.score(questions[:20], answers[:20]))
task.save_to_preset(OUTPUT)
print(kbz.from_preset(OUTPUT).answer("Where is that?", "In Bern everyone knows Ada."))
