"""Several processes on PyTorch, as torchrun starts them."""

import contextlib
import os

from .devices import Devices


@contextlib.contextmanager
def start(kind, devices):
    """The group of processes, joined if it is not yet."""
    import torch
    from torch import distributed

    if devices:
        raise ValueError(
            "On PyTorch each process has one device: start as many as there are GPUs with "
            "torchrun --nproc-per-node N, and leave devices out."
        )
    told = int(os.environ.get("WORLD_SIZE", "1"))
    if not distributed.is_initialized() and told == 1:
        if kind == "data":
            raise ValueError(
                "This is the only process. Start several with torchrun --nproc-per-node N "
                "your_script.py, each of which has a device of its own."
            )
        yield Devices("one", 1, "one device", "there is one process; torchrun starts several")
        return
    joined = not distributed.is_initialized()
    if joined:
        gpus = torch.cuda.is_available()
        if gpus:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        distributed.init_process_group("nccl" if gpus else "gloo")
    try:
        count, number = distributed.get_world_size(), distributed.get_rank()
        yield Devices("data", count, f"{count} processes", "they share each batch", number)
    finally:
        if joined:
            distributed.destroy_process_group()
