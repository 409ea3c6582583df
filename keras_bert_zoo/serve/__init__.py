"""A task behind HTTP: `keras-bert-zoo serve`, or `create_app` in a program of one's own.

>>> app = create_app(task)          # an ASGI application, for any server
>>> serve(task, port=8000)          # with uvicorn, until it is told to stop
"""

NEEDS = "Serving needs FastAPI, uvicorn and prometheus-client: pip install 'keras-bert-zoo[serve]'."

__all__ = ["Settings", "create_app", "serve"]


def create_app(task, settings=None, *, name=None):
    """The ASGI application that answers for a task.

    Args:
        task: a task with a preprocessor.
        settings: `Settings`; the usual ones if not given.
        name: what the model is called in answers and on the page; that of the task's class if not
            given.

    Returns:
        A `fastapi.FastAPI`. The model is warmed up in a thread of its own when the server starts.

    Raises:
        ImportError: a package of the extra `serve` is missing.
        ValueError: the task has no tokenizer, or is of a kind that is not served.

    Example:

    >>> app = keras_bert_zoo.serve.create_app(task, Settings(max_batch_size=16))
    """
    check_packages()
    from .app import create_app as create

    return create(task, settings, name=name)


def serve(task, settings=None, *, name=None, host="127.0.0.1", port=8000):
    """Answers for a task until SIGTERM or SIGINT; what was asked before is answered first.

    Args:
        task, settings, name: of `create_app`.
        host: address to listen at; the default is for this machine alone.
        port: 0 takes one that is free.

    Raises:
        OSError: the port is in use, or the address is none of this machine.
    """
    check_packages()
    from .server import listen, run

    sock = listen(host, port)
    with sock:
        run(create_app(task, settings, name=name), sock)


def check_packages():
    """Raises an ImportError that names the extra, where a package is missing."""
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ImportError(f"{NEEDS} Missing: {error.name}.") from error


def __getattr__(name):
    if name == "Settings":
        from .settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
