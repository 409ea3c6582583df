"""Tokenizers as TensorFlow graphs: the same ids as the Rust engine, inside of a SavedModel."""

OPS = ("text", "core")


def graph_tokenizer(tokenizer, ops="text"):
    """The graph of a tokenizer, for `tf.function`, `tf.data` and SavedModels.

    Args:
        tokenizer: a `keras_bert_zoo.Tokenizer`.
        ops: `"text"` is faster, and who loads the SavedModel needs tensorflow_text; `"core"` needs
            TensorFlow alone.

    Returns:
        A `GraphTokenizer`, compared with the tokenizer on the texts of `hard_texts`: its
        `agreement` is the share with the same ids.

    Raises:
        ImportError: TensorFlow, or tensorflow_text, is not installed.
        ValueError: `ops` is something else, or the tokenizer has no graph: why.

    Example:
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##known", "cat"]
    >>> graph = graph_tokenizer(Tokenizer.from_vocabulary(words), ops="core")
    >>> graph.ids(["Unknown cat"]).to_list()
    [[5, 6, 7]]
    """
    if ops not in OPS:
        raise ValueError(f"ops is {ops!r}; expected one of {list(OPS)}.")
    try:
        from .graph_tokenizer import GraphTokenizer

        graph = GraphTokenizer(tokenizer, ops)
    except ModuleNotFoundError as error:
        if error.name not in ("tensorflow", "tensorflow_text"):
            raise
        other = ' Or use TensorFlow alone: ops="core".' if error.name == "tensorflow_text" else ""
        raise ImportError(
            f"A tokenizer as a TensorFlow graph needs {error.name}: run `pip install "
            f"keras-bert-zoo[tensorflow]`.{other}"
        ) from error
    graph.measure(tokenizer)
    return graph
