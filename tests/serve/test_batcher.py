"""The queue: nothing lost, nothing mixed up, nothing unbounded."""

import asyncio
import threading
import time

import pytest

from keras_bert_zoo.serve.batcher import Batcher, Full, Late, Stopping

pytestmark = pytest.mark.any_backend


class Model:
    """Doubles numbers; refuses those below zero; keeps what it was given."""

    def __init__(self, seconds=0.0):
        self.seconds, self.batches, self.threads = seconds, [], set()
        self.open = threading.Event()
        self.open.set()

    def __call__(self, rows, group):
        self.open.wait(10)
        time.sleep(self.seconds)
        self.batches.append((group, list(rows)))
        self.threads.add(threading.get_ident())
        if any(row < 0 for row in rows):
            raise ValueError(f"below zero: {min(rows)}")
        return [2 * row for row in rows]


def run(use, model=None, **options):
    """Runs `use(batcher)` with a batcher that is started, and ended after it."""
    batcher = Batcher(model or Model(), **options)
    batcher.start()

    async def main():
        async with asyncio.timeout(20):
            return await use(batcher)

    try:
        return asyncio.run(main())
    finally:
        if model is not None:
            model.open.set()
        batcher.stop()
        assert batcher.join(10)


async def answers(batcher, rows, group=None, seconds=10):
    return (await batcher.answer(rows, group, seconds=seconds)).answers


def test_every_answer_goes_to_who_asked():
    model = Model(0.001)

    async def use(batcher):
        asked = [[n, n + 1000, n + 2000][: n % 3 + 1] for n in range(300)]
        found = await asyncio.gather(*(answers(batcher, rows, rows[0] % 2) for rows in asked))
        assert found == [[2 * row for row in rows] for rows in asked]

    run(use, model, max_batch_size=8, queue_size=1000)
    assert len(model.threads) == 1
    assert sum(len(rows) for _, rows in model.batches) == 600
    assert max(len(rows) for _, rows in model.batches) == 8
    assert len(model.batches) < 300  # they were put together
    for group, rows in model.batches:
        assert {row % 1000 % 2 for row in rows if row < 1000} <= {group}


def test_waits_for_others_but_not_long():
    model = Model()

    async def use(batcher):
        began = time.monotonic()
        first = asyncio.create_task(answers(batcher, [1]))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, answers(batcher, [2]))
        assert 0.15 < time.monotonic() - began < 5
        began = time.monotonic()
        await answers(batcher, [1, 2, 3, 4])  # a whole batch does not wait
        assert time.monotonic() - began < 0.15

    run(use, model, max_batch_size=4, max_wait=0.2)
    assert model.batches[0] == (None, [1, 2])


def test_a_request_larger_than_a_batch_is_several():
    model = Model()

    async def use(batcher):
        job = await batcher.answer(list(range(10)), seconds=10)
        assert job.answers == list(range(0, 20, 2))
        assert job.batch_size == 4

    run(use, model, max_batch_size=4)
    assert [len(rows) for _, rows in model.batches] == [4, 4, 2]


def test_a_bad_row_costs_only_its_own_request():
    async def use(batcher):
        asked = [[1], [2, -3], [4], [-5], [6]]
        found = await asyncio.gather(
            *(answers(batcher, rows) for rows in asked), return_exceptions=True
        )
        assert found[0::2] == [[2], [8], [12]]
        assert [str(error) for error in found[1::2]] == ["below zero: -3", "below zero: -5"]

    run(use, max_wait=0.1)


def test_the_queue_is_bounded():
    model = Model()
    model.open.clear()

    async def use(batcher):
        first = asyncio.create_task(answers(batcher, [1]))
        await asyncio.sleep(0.05)  # it is with the model now
        waiting = asyncio.create_task(answers(batcher, [1, 2, 3]))
        await asyncio.sleep(0.01)
        assert batcher.waiting == 3
        with pytest.raises(Full, match="3 of at most 4 inputs are waiting, and 2 more"):
            await answers(batcher, [4, 5])
        last = asyncio.create_task(answers(batcher, [4]))
        await asyncio.sleep(0.01)
        model.open.set()
        assert await asyncio.gather(first, waiting, last) == [[2], [2, 4, 6], [8]]

    run(use, model, queue_size=4, max_wait=0)


def test_what_is_late_is_not_read_any_more():
    model = Model()
    model.open.clear()

    async def use(batcher):
        first = asyncio.create_task(answers(batcher, [1]))
        await asyncio.sleep(0.05)
        with pytest.raises(Late, match="within 0.1 s"):
            await answers(batcher, [2], seconds=0.1)
        gone = asyncio.create_task(answers(batcher, [3]))
        await asyncio.sleep(0.01)
        gone.cancel()
        model.open.set()
        assert await first == [2]
        assert await answers(batcher, [4]) == [8]

    run(use, model, max_wait=0)
    assert [rows for _, rows in model.batches] == [[1], [4]]


def test_the_end_answers_what_is_in_and_refuses_what_comes():
    model = Model()
    model.open.clear()

    async def use(batcher):
        inside = [asyncio.create_task(answers(batcher, [n])) for n in range(20)]
        await asyncio.sleep(0.05)
        batcher.stop()
        assert batcher.state == "stopping"
        with pytest.raises(Stopping):
            await answers(batcher, [5])
        model.open.set()
        assert await asyncio.gather(*inside) == [[2 * n] for n in range(20)]

    run(use, model, max_batch_size=2)


def test_a_model_that_does_not_start_refuses_all():
    begin = threading.Event()

    def warm_up():
        begin.wait(10)
        raise RuntimeError("no memory")

    async def use(batcher):
        assert batcher.state == "warming up"
        waiting = asyncio.create_task(answers(batcher, [1]))
        await asyncio.sleep(0.01)
        begin.set()
        with pytest.raises(Stopping, match="could not be started"):
            await waiting
        with pytest.raises(Stopping):
            await answers(batcher, [2])
        assert batcher.state == "failed"

    run(use, warm_up=warm_up)


def test_a_model_that_loses_rows_is_found_out():
    async def use(batcher):
        with pytest.raises(RuntimeError, match="1 answers to 2 rows"):
            await answers(batcher, [1, 2])

    batcher_run = lambda rows, group: rows[:1]  # noqa: E731
    batcher = Batcher(batcher_run)
    batcher.start()
    asyncio.run(use(batcher))
    batcher.stop()
    assert batcher.join(10)
