"""Runs a module in two processes of JAX that train together: what torchrun is for torch.

python -m tests.distribution.jax_processes MODULE [WORD ...]
"""

import os
import runpy
import socket
import subprocess
import sys

COUNT = 2


def free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def start(words):
    """Starts the processes and waits for them; the exit status of the first that fails."""
    address, own = f"localhost:{free_port()}", "tests.distribution.jax_processes"
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", own, *words],
            env={**os.environ, "JAX_TOGETHER": f"{address} {number}"},
        )
        for number in range(COUNT)
    ]
    return max(process.wait() for process in processes)


def main():
    told, words = os.environ.get("JAX_TOGETHER"), sys.argv[1:]
    if told is None:
        sys.exit(start(words))
    import jax

    address, number = told.split()
    jax.distributed.initialize(address, num_processes=COUNT, process_id=int(number))
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__")


if __name__ == "__main__":
    main()
