"""Vectors for texts: similarity, search, and training on pairs and triplets."""

import keras
import numpy as np
from keras import ops

from ..errors import unknown_name
from ..families import family_called
from ..layers import activation
from ..layers.sequence_pooling import checked_modes
from ..metrics.correlation import pearson, spearman
from ..preprocessing.feature_batches import FeatureBatches
from ..preprocessing.group_features import GroupFeatures, TrainingGroups
from ..training.embedding_losses import LOSSES, EmbeddingLoss, description, loss_called
from .feature_task import FeatureTask
from .group_feeder import GroupFeeder
from .task import encoder_inputs
from .trainer import BATCH_SIZE
from .vector_index import VectorIndex, as_matrix, unit

# Names under which models keep the prompts for what is searched for, and for what is searched.
QUERY_PROMPTS = ("query",)
CORPUS_PROMPTS = ("passage", "document", "corpus")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TextEmbedder(FeatureTask):
    """Turns texts into vectors whose cosine says how alike they are; float32 `(batch, dim)`.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        pooling: how a text's tokens become one vector: `"mean"`, `"cls"`, `"max"`, `"last"`, or a
            tuple of these, whose vectors are joined.
        normalize: whether vectors have length 1.
        projection_dim: dimension of a dense layer after the pooling; without one if not given.
        projection_activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        projection_bias: whether that layer has a bias.
        prompts: name -> what is put before a text, such as `{"query": "query: "}`.
        default_prompt: the name of the prompt for texts that are given without one.
        column_prompts: names of the prompts of the columns in training: of the anchors, of the
            positives and so on; the last also for the columns after it.
        loss: `"auto"`: `MultipleNegativesRanking`, or `CoSENT` where `fit` has scores; or a loss of
            `keras_bert_zoo.training.embedding_losses`, or its name.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Raises:
        ValueError: an unknown option, or a prompt that has no text.

    Example:

    >>> task = TextEmbedder.from_preset("all_minilm_l6_v2")
    >>> task.similarity("A man eats.", ["Someone is eating.", "It rains."])
    array([[0.78, 0.05]], dtype=float32)
    >>> task.fit([("a question", "its answer"), ("another", "its own")], epochs=1)
    """

    head_options = ()
    has_dropout = False
    example = 'task.embed(["A text.", "Another."])'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        pooling="mean",
        normalize=True,
        projection_dim=None,
        projection_activation="linear",
        projection_bias=True,
        prompts=None,
        default_prompt=None,
        column_prompts=None,
        loss="auto",
        recipe=None,
        seed=None,
        name="text_embedder",
    ):
        modes = checked_modes(pooling)
        projection = None
        if projection_dim is not None:
            projection = (projection_dim, activation(projection_activation), projection_bias)
        inputs = encoder_inputs(encoder)
        style = family_called(encoder.config.family).head(self.head_style)
        outputs = style.build(
            encoder, encoder(inputs), inputs["padding_mask"], modes, projection, normalize
        )
        super().__init__(
            encoder, inputs, outputs, preprocessor=preprocessor, recipe=recipe, seed=seed, name=name
        )
        self.pooling, self.normalize = modes[0] if len(modes) == 1 else modes, bool(normalize)
        self.projection_dim, self.projection_bias = projection_dim, projection_bias
        self.projection_activation = projection_activation
        self.prompts, self.default_prompt = dict(prompts or {}), default_prompt
        self.column_prompts = None if column_prompts is None else list(column_prompts)
        for prompt in (default_prompt, *(self.column_prompts or ())):
            self.prefix(prompt)
        self._default_loss = description(loss_called(loss))

    @property
    def dim(self):
        """Numbers in a vector."""
        return self.output.shape[-1]

    def prefix(self, prompt=None):
        """What is put before a text: the prompt of that name, or the default one.

        Raises:
            ValueError: there is no prompt of that name.
        """
        prompt = self.default_prompt if prompt is None else prompt
        if prompt in (None, ""):
            return ""
        if prompt not in self.prompts:
            if not self.prompts:
                raise ValueError(
                    f"There is no prompt {prompt!r}: this task has none. Build it with "
                    f'prompts={{{prompt!r}: "..."}}, or put the words before the texts yourself.'
                )
            raise unknown_name("prompt", prompt, self.prompts)
        return self.prompts[prompt]

    @property
    def featurizer(self):
        """Reads rows, with the prompts of training."""
        return GroupFeatures(self.preprocessor, self._column_prefixes())

    def _column_prefixes(self):
        return [self.prefix(prompt) for prompt in self.column_prompts or (None,)]

    # -------------------------------------------------------------- training

    def default_loss(self):
        return loss_called(self._default_loss)

    def default_metrics(self):
        return []

    def _loss_called(self, name):
        return loss_called(name) if name in LOSSES else super()._loss_called(name)

    def _feeder(self):
        loss = self.loss if self.compiled else self.default_loss()
        check = loss.check if isinstance(loss, EmbeddingLoss) else lambda width, scored: None
        return GroupFeeder(
            self.featurizer, TrainingGroups(self.preprocessor, self._column_prefixes(), check)
        )

    # -------------------------------------------------------------- vectors

    def embed(
        self,
        texts,
        prompt=None,
        batch_size=None,
        *,
        normalize=None,
        truncate_dim=None,
        verbose=0,
    ):
        """The vector of each text, in the caller's order.

        Args:
            texts: a text, or texts in any form that `fit` takes.
            prompt: name of the prompt that is put before them; the default one if not given, none
                for `""`.
            batch_size: texts in a batch.
            normalize: whether the vectors have length 1; as the task was built if not given.
            truncate_dim: keep so many numbers of each vector, for a task trained with `Matryoshka`.
            verbose: 1 shows progress.

        Returns:
            A float32 array `(n, dim)`; `(dim,)` for one text.

        Raises:
            ValueError: an unknown prompt, rows of several texts, `truncate_dim` out of range, or
                `normalize=False` for a task that normalizes.
        """
        if normalize is False and self.normalize:
            raise ValueError(
                "This task gives vectors of length 1 itself. Load or build it with "
                "normalize=False to have them as they are."
            )
        if truncate_dim is not None and not 1 <= truncate_dim <= self.dim:
            raise ValueError(f"truncate_dim must be 1 to {self.dim}. Given: {truncate_dim}.")
        if self._is_ready(texts):
            vectors = self.predict(texts, batch_size, verbose)
        else:
            rows = self.read_rows(texts)
            if rows and len(rows[0]) > 1:
                raise ValueError(
                    f"embed takes texts; rows of {len(rows[0])} texts were given. predict gives "
                    "vectors for them, (n, k, dim)."
                )
            featurizer = GroupFeatures(self.preprocessor, (self.prefix(prompt),))
            vectors = self._vectors(rows, featurizer, batch_size, verbose)[:, 0]
        vectors = vectors[:, :truncate_dim]
        if (self.normalize if normalize is None else normalize) and (
            truncate_dim is not None or not self.normalize
        ):
            vectors = unit(vectors)
        return vectors[0] if isinstance(texts, str) else vectors

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """The vectors of rows: `(n, dim)` for texts, `(n, k, dim)` for rows of `k` texts."""
        if self._is_ready(x):
            return super().predict(x, batch_size, verbose, **kwargs)
        vectors = self._vectors(self.read_rows(x), self.featurizer, batch_size, verbose)
        return vectors[:, 0] if vectors.shape[1] == 1 else vectors

    def predict_on_batch(self, x):
        """The vectors of a batch of texts, or of groups of them one after another."""
        return super().predict_on_batch(x if self._is_ready(x) else self._feeder().encode(x))

    def _vectors(self, rows, featurizer, batch_size=None, verbose=0):
        """`(n, k, dim)` of rows as the featurizer reads them."""
        width = len(rows[0]) if rows else 1
        result = np.zeros((len(rows), width, self.dim), "float32")
        if not rows:
            return result
        # JAX compiles every shape anew: few sizes of batches, and each of them full.
        size = min(batch_size or BATCH_SIZE, 1 << (len(rows) - 1).bit_length())
        fill_rows = self.preprocessor.fixed_batch_shape or keras.config.backend() == "jax"
        batches = FeatureBatches(featurizer, rows, batch_size=size, fill_rows=fill_rows)
        shown = verbose not in (0, "0") and batches.num_batches > 1
        progress = keras.utils.Progbar(batches.num_batches) if shown else None
        for index in range(batches.num_batches):
            places, _, inputs = batches.unlabelled(index)
            vectors = ops.convert_to_numpy(self.outputs_on(inputs))
            result[places] = vectors.reshape(-1, width, self.dim)[: len(places)]
            if progress is not None:
                progress.update(index + 1)
        self._tell(batches)
        return result

    # -------------------------------------------------------------- comparing

    def similarity(self, a, b=None, prompt=None, batch_size=None):
        """The cosines of texts or vectors `a` with those of `b`, or with each other.

        Args:
            a, b: a text, texts, or vectors `(n, dim)`.
            prompt: name of the prompt for texts; see `embed`.
            batch_size: texts in a batch.

        Returns:
            A float32 array `(number of a, number of b)`.
        """
        first = unit(self._as_vectors(a, prompt, batch_size))
        second = first if b is None else unit(self._as_vectors(b, prompt, batch_size))
        return first @ second.T

    def index(self, corpus, texts=None, *, prompt=None, batch_size=None, verbose=0, **options):
        """A `VectorIndex` to search again and again.

        Args:
            corpus: texts, or vectors `(n, dim)`.
            texts: those of the vectors, if answers shall hold them.
            prompt: name of the prompt for texts; "passage", "document" or "corpus", if there is
                one, if not given.
            batch_size, verbose: of `embed`.
            **options: `chunk_size` and `backend` of `VectorIndex`.
        """
        if not is_vectors(corpus):
            corpus = [row[0] for row in self.read_rows(corpus)]
            texts = corpus if texts is None else texts
        prompt = self._usual(CORPUS_PROMPTS) if prompt is None else prompt
        vectors = self._as_vectors(corpus, prompt, batch_size, verbose)
        return VectorIndex(vectors, texts, **options)

    def search(
        self,
        queries,
        corpus,
        top_k=10,
        *,
        query_prompt=None,
        corpus_prompt=None,
        batch_size=None,
        verbose=0,
        **options,
    ):
        """The texts of a corpus that are nearest to queries. Exact.

        Args:
            queries: a text, texts, or vectors.
            corpus: texts, vectors `(n, dim)`, or what `index` made of them.
            top_k: how many to find for each query.
            query_prompt, corpus_prompt: names of prompts; by default "query" for the queries and
                "passage", "document" or "corpus" for the corpus, where there are such.
            batch_size, verbose: of `embed`.
            **options: of `VectorIndex`: `chunk_size`, vectors that are compared at a time;
                `backend="faiss"`.

        Returns:
            For each query (for the query, if one text was given) a list of
            `{"index", "text", "score"}`, best first; the score is the cosine.

        Example:

        >>> task.search("Who eats?", ["It rains.", "A man eats."], top_k=1)
        [{'index': 1, 'text': 'A man eats.', 'score': 0.52}]
        """
        if not isinstance(corpus, VectorIndex):
            corpus = self.index(
                corpus, prompt=corpus_prompt, batch_size=batch_size, verbose=verbose, **options
            )
        prompt = self._usual(QUERY_PROMPTS) if query_prompt is None else query_prompt
        found = corpus.search(self._as_vectors(queries, prompt, batch_size), top_k)
        return found[0] if isinstance(queries, str) else found

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Correlations of the cosines of pairs with their scores.

        Args:
            x, y: pairs and scores, as for `fit`.
            batch_size, verbose: of `embed`.

        Returns:
            `{"pearson": ..., "spearman": ...}`.
        """
        rows, targets = self.featurizer.read(x, y)
        loss_called("CoSENT").check(len(rows[0]) if rows else 2, bool(targets))
        pairs = unit(self._vectors(rows, self.featurizer, batch_size, verbose))
        cosines, true = np.sum(pairs[:, 0] * pairs[:, 1], axis=-1), np.concatenate(targets)
        return {"pearson": pearson(true, cosines), "spearman": spearman(true, cosines)}

    def _usual(self, names):
        """The first of these prompts that says something, or that there is; None if none is."""
        there = [name for name in names if name in self.prompts]
        return max(there, key=lambda name: bool(self.prompts[name]), default=None)

    def _as_vectors(self, x, prompt=None, batch_size=None, verbose=0):
        if not is_vectors(x):
            return as_matrix(self.embed(x, prompt, batch_size, verbose=verbose), "vectors")
        if not isinstance(x, (np.ndarray, list, tuple)):
            x = ops.convert_to_numpy(x)
        return as_matrix(x, "vectors")

    # -------------------------------------------------------------- saving

    def save_to_sentence_transformers(self, folder, overwrite=False):
        """Writes a folder that sentence-transformers reads, whole or not at all.

        Args:
            folder: a new one, or an empty one.
            overwrite: whether a folder that holds something may be replaced.
        """
        from ..checkpoints.sentence_transformers import save_embedder

        save_embedder(self, folder, overwrite=overwrite)

    def get_config(self):
        return {
            **super().get_config(),
            "pooling": self.pooling if isinstance(self.pooling, str) else list(self.pooling),
            "normalize": self.normalize,
            "projection_dim": self.projection_dim,
            "projection_activation": self.projection_activation,
            "projection_bias": self.projection_bias,
            "prompts": dict(self.prompts),
            "default_prompt": self.default_prompt,
            "column_prompts": self.column_prompts,
            "loss": dict(self._default_loss),
        }


def is_vectors(x):
    """Whether `x` holds numbers rather than texts."""
    while isinstance(x, (list, tuple)) and len(x):
        x = x[0]
    if hasattr(x, "dtype"):
        return any(kind in str(x.dtype) for kind in ("float", "int"))
    return isinstance(x, (int, float))
