"""A process that answers: `python -m keras_bert_zoo.scale.worker`."""

from ..piped import serve_pipes
from .shard import Answerer, Job


class Worker:
    """Loads the task of a `Job`, once, and then writes the shard of each `Piece`."""

    def __init__(self):
        self._answerer = None

    def do(self, given, read=lambda amount: None):
        """What a shard says of itself; nothing of a job."""
        if isinstance(given, Job):
            self._answerer = Answerer(given)
            return {}
        return self._answerer.write(given, read)


if __name__ == "__main__":
    serve_pipes(Worker().do)
