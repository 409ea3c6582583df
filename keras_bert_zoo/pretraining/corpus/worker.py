"""A process that writes shards: `python -m keras_bert_zoo.pretraining.corpus.worker`."""

from ...piped import serve_pipes
from .shard import write_shard

if __name__ == "__main__":
    serve_pipes(write_shard)
