"""A server on this machine, for as long as a test runs."""

import threading
from http.server import ThreadingHTTPServer


class Loopback:
    """Answers at `url` while it is entered; `log` is every request, as its handler notes it.

    Args:
        handler: class of `http.server`; it finds this object as `self.server.owner`.
    """

    def __init__(self, handler):
        self.log = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.owner, self.server.daemon_threads = self, True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
