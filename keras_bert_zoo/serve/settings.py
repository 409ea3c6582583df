"""The numbers that a server is run by."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Settings:
    """How texts become batches, and how much one may ask for.

    Args:
        max_batch_size: most rows that the model is given at once.
        max_wait_ms: how long a row waits for others to join its batch.
        queue_size: most rows that may wait; what comes beyond is refused with 503.
        deadline: seconds that a request waits for its answer; then it is refused with 504.
        max_bytes: most bytes in the body of a request.
        max_texts: most inputs in a request.
        max_characters: most characters in a text.
        max_tokens: most tokens in a text, of a task that reads long texts in windows.
        shutdown_seconds: how long requests that are in may take, once the server is to stop.

    Raises:
        ValueError: a number that is out of its range, or that does not fit the others.
    """

    max_batch_size: int = 32
    max_wait_ms: float = 2.0
    queue_size: int = 1024
    deadline: float = 30.0
    max_bytes: int = 1_000_000
    max_texts: int = 256
    max_characters: int = 100_000
    max_tokens: int = 20_000
    shutdown_seconds: float = 30.0

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "max_wait_ms" else 1
            if field.type is float and field.name != "max_wait_ms":
                if not 0 < value < float("inf"):
                    raise ValueError(f"{field.name} must be a number above 0. Given: {value}.")
            elif not least <= value < float("inf"):
                raise ValueError(f"{field.name} must be {least} or more. Given: {value}.")
        if self.max_texts > self.queue_size:
            raise ValueError(
                f"queue_size={self.queue_size} has no room for a request of "
                f"max_texts={self.max_texts}. Make the queue longer, or max_texts smaller."
            )
