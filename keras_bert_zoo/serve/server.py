"""uvicorn, as we run it: a socket that is ours at once, and an end that loses nothing."""

import contextlib
import errno
import signal
import socket

import uvicorn

BACKLOG = 2048
KEEP_ALIVE = 20  # seconds that a connection may be idle
OPEN_CONNECTIONS = 4096


class Server(uvicorn.Server):
    """Ends with code 0 where it was told to end: that is no failure."""

    @contextlib.contextmanager
    def capture_signals(self):
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self.handle_exit) for one in signals}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def handle_exit(self, sig, frame):
        self.config.app.state.service.batcher.stop()  # what is in is answered, the rest refused
        super().handle_exit(sig, frame)

    async def on_tick(self, counter):
        """Also ends where the model could not be started."""
        failed = self.config.app.state.service.batcher.failure is not None
        return await super().on_tick(counter) or failed


def listen(host, port):
    """A listening socket; it is there before the model is read, so that errors come at once.

    Raises:
        OSError: the port is in use or not allowed, or the address is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise OSError(f"--host {host}: {error.strerror or error}.") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise OSError(_why(error, host, port)) from None
    return sock


def _why(error, host, port):
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use. Give another --port, or 0 for one that is free."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user. Give one above 1023 with --port."
    return f"Cannot listen at {host}, port {port}: {error.strerror}. Give another --host."


def address_of(sock):
    """Where a browser finds the server."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app, sock):
    """Serves until a signal comes, and all that was asked before is answered.

    Raises:
        RuntimeError: the model could not be started.
    """
    service = app.state.service
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        limit_concurrency=OPEN_CONNECTIONS,
        timeout_graceful_shutdown=int(service.settings.shutdown_seconds) or 1,
    )
    Server(config).run(sockets=[sock])
    if service.batcher.failure is not None:
        error = service.batcher.failure
        raise RuntimeError(f"The model could not be started: {error}") from error
