"""Tokenizers as TensorFlow graphs: the same ids as the Rust engine, inside of a SavedModel."""
