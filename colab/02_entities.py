# %% [markdown]
# # Find names and places
#
# A tagger learns entities from texts in which they are marked, and marks them in new ones, by
# character, in texts of any length.
#
# **Runtime: CPU** is enough for this example; take a GPU for a larger encoder or more data.

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz

# %% tags=["parameters"]
PRESET = "bert_nano_en_uncased"
EPOCHS = 15
OUTPUT = "my_tagger"

# %% [markdown]
# ## Data
#
# Words, and a tag for each: `B-` begins an entity, `I-` goes on with it, `O` is none. Files in
# CoNLL's form are read with `keras_bert_zoo.preprocessing.read_conll`; texts with marked
# stretches (`[{"start": 0, "end": 3, "label": "PER"}]`) are taken as they are.

# %%
people = ["Ada", "Grace Hopper", "Alan", "Marie Curie", "Mr. Darcy", "Emmy Noether"]
places = ["London", "New York", "Paris", "the Alps", "Rome", "Buenos Aires"]
frames = [
    "{p} was born in {l} .",
    "In {l} we met {p} .",
    "{p} left {l} for good .",
    "Nobody in {l} knew {p} .",
    "Yesterday {p} wrote from {l} again .",
]


def tagged(frame, person, place):
    words, tags = [], []
    for word in frame.split():
        entity = {"{p}": ("PER", person), "{l}": ("LOC", place)}.get(word)
        for number, part in enumerate(entity[1].split() if entity else [word]):
            words.append(part)
            tags.append(f"{'I' if number else 'B'}-{entity[0]}" if entity else "O")
    return words, tags


rows = [tagged(f, who, where) for f in frames for who in people for where in places]
words, tags = map(list, zip(*rows))
print(words[0], tags[0])

# %% [markdown]
# ## Train
#
# `head="crf"` learns which tag follows which; `head="softmax"` is faster.

# %%
task = kbz.TokenClassifier.from_preset(PRESET, entity_types=["PER", "LOC"], head="crf", seed=1)
history = task.fit(words, tags, epochs=EPOCHS, batch_size=16, verbose=2)

# %% [markdown]
# ## Look

# %%
from IPython.display import HTML

from keras_bert_zoo.highlight import page

text = "Last summer Grace Hopper went from New York to Rome, where Emmy met her."
for entity in task.extract(text):
    print(entity)
HTML(page([(text, task.extract(text), None)]))

# %% [markdown]
# ## Judge, and save

# %%
print(task.score(words[:20], tags[:20]))
task.save_to_preset(OUTPUT)
