"""Those that are compared: each loads the workload once and then runs a task when asked.

A contestant has three methods, one a task. Each makes one run and may return logits, for the
check that all compute the same thing:

    forward()    one batch of 32 x 128 ready ids, no padding
    predict()    logits of the dev sentences, from strings, in their order
    train()      one epoch over the training sentences, from strings

and `noted(task)`, which makes a run and returns `(logits, shapes)`: `(rows, columns, real tokens)`
of each batch, or None where these are not known.
"""

import workload as given

TASKS = ("forward", "predict", "train")


class Ours:
    """keras_bert_zoo on the backend of `KERAS_BACKEND`."""

    def __init__(self, work):
        import keras

        import keras_bert_zoo as kbz

        keras.utils.set_random_seed(0)
        self.work, self.backend = work, keras.config.backend()
        self.task = kbz.TextClassifier.from_preset(
            work.weights, num_classes=given.CLASSES, dropout=given.DROPOUT, seed=0
        )
        self._set_head()
        # Compiled once: the recipe would make a new optimizer, and a new graph, for each `fit`.
        recipe = kbz.Recipe(given.LEARNING_RATE, 0.0, given.WEIGHT_DECAY, given.CLIP_NORM)
        self.task.compile(recipe.build_optimizer())
        ids = given.ready_batch(self.task.encoder.config.vocabulary_size)
        self.batch = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}

    def _set_head(self):
        hidden_dim = self.task.encoder.config.hidden_dim
        layers = {layer.name: layer for layer in self.task._flatten_layers()}
        layers["logits"].set_weights(given.head(hidden_dim))
        if given.lacks_pooler(self.work.weights):
            layers["pooler"].set_weights(given.pooler(hidden_dim))

    def forward(self):
        return self.task.predict_on_batch(self.batch)

    def predict(self):
        return self.task.predict(self.work.dev[0], batch_size=given.BATCH_SIZE, verbose=0)

    def train(self):
        texts, labels = self.work.train
        self.task.fit(texts, labels, epochs=1, batch_size=given.BATCH_SIZE, verbose=0)

    def noted(self, task):
        """A run that notes what the preprocessor hands out."""
        pad, seen = self.task.preprocessor.pad, []

        def noted(*args):
            batch = pad(*args)
            seen.append((*batch["token_ids"].shape, int(batch["padding_mask"].sum())))
            return batch

        self.task.preprocessor.pad = noted
        try:
            logits = getattr(self, task)()
            # For TensorFlow the first batch is made once more, to learn its signature.
            return logits, seen[1:] if self.backend == "tensorflow" and len(seen) > 1 else seen
        finally:
            self.task.preprocessor.pad = pad


class KerasHub:
    """KerasHub's BertTextClassifier, on the backend of `KERAS_BACKEND`."""

    def __init__(self, work):
        import keras
        import keras_hub

        keras.utils.set_random_seed(0)
        self.work = work
        backbone = self._backbone(keras_hub)
        tokenizer = keras_hub.models.BertTokenizer(
            vocabulary=vocabulary(work.weights), lowercase=True, strip_accents=True
        )
        preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
            tokenizer, sequence_length=given.LENGTH
        )
        self.task = keras_hub.models.BertTextClassifier(
            backbone, given.CLASSES, preprocessor, dropout=given.DROPOUT
        )
        self.task.get_layer("logits").set_weights(given.head(backbone.hidden_dim))
        optimizer = keras.optimizers.AdamW(
            given.LEARNING_RATE, weight_decay=given.WEIGHT_DECAY, global_clipnorm=given.CLIP_NORM
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.task.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        # The same layers without the preprocessor in front, for ids.
        self.encoded = keras.Model(self.task.input, self.task.output)
        ids = given.ready_batch(backbone.vocabulary_size)
        self.batch = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}

    def _backbone(self, keras_hub):
        """Through KerasHub's own table of names; its loader needs a pooler in the file."""
        from keras_hub.src.utils.transformers import convert_bert

        if not given.lacks_pooler(self.work.weights):
            return keras_hub.models.BertBackbone.from_preset(str(self.work.weights))
        config = given.config_of(self.work.weights)
        backbone = keras_hub.models.BertBackbone(**convert_bert.convert_backbone_config(config))
        convert_bert.convert_weights(backbone, Tensors(self.work.weights), config)
        return backbone

    def forward(self):
        return self.encoded.predict_on_batch(self.batch)

    def predict(self):
        return self.task.predict(self.work.dev[0], batch_size=given.BATCH_SIZE, verbose=0)

    def train(self):
        texts, labels = self.work.train
        self.task.fit(x=texts, y=labels, batch_size=given.BATCH_SIZE, epochs=1, verbose=0)

    def noted(self, task):
        return getattr(self, task)(), None


class Tensors:
    """A safetensors file for KerasHub's table of names, with a pooler where there is none."""

    def __init__(self, folder):
        from safetensors.numpy import load_file

        self.tensors = {
            name.removeprefix("bert."): value
            for name, value in load_file(str(folder / "model.safetensors")).items()
        }
        kernel, bias = given.pooler(given.config_of(folder)["hidden_size"])
        self.tensors.setdefault("pooler.dense.weight", kernel.T)
        self.tensors.setdefault("pooler.dense.bias", bias)

    def get_tensor(self, name):
        return self.tensors[name]

    def port_weight(self, keras_variable, hf_weight_key, hook_fn=None):
        value = self.tensors[hf_weight_key]
        shape = keras_variable.shape
        keras_variable.assign(hook_fn(value, list(shape)) if hook_fn else value)


def vocabulary(folder):
    """The tokens of a folder in the order of their ids."""
    from tokenizers import Tokenizer

    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True)
    return sorted(ids, key=ids.get)


def _transformers(work, **options):
    from eager_torch import Transformers

    return Transformers(work, **options)


def _sorted(work):
    return _transformers(work, by_length=True)


# name -> (value of KERAS_BACKEND or None, what makes it of a workload)
CONTESTANTS = {
    "ours-tensorflow": ("tensorflow", Ours),
    "ours-jax": ("jax", Ours),
    "ours-torch": ("torch", Ours),
    "transformers": (None, _transformers),
    "transformers-sorted": (None, _sorted),
    "keras-hub-tensorflow": ("tensorflow", KerasHub),
    "keras-hub-jax": ("jax", KerasHub),
    "keras-hub-torch": ("torch", KerasHub),
}
