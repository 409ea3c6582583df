"""What a task does around its model, as a TensorFlow graph: packing, windows, answers.

Each module says in TensorFlow what `preprocessing` and `tasks` say in numpy, to the same numbers.
TensorFlow is imported here and in `tokenizers.graph` alone.
"""
