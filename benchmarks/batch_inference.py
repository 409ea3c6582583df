"""Batch inference over Parquet files, beside Ray Data's own and Beam's, left alone and killed.

    KERAS_BACKEND=torch python benchmarks/batch_inference.py --rows 8000 --workers 2

Ours is `keras_bert_zoo.scale.predict`; theirs `read_parquet`, `map_batches` with the same task in
an actor a worker, and `write_parquet`, in each of its ways to begin again. `beam`, which needs a
virtual environment with apache-beam, runs where `--contestants` names it. A run is a process of
its own. The second half kills the driver with kill -9 (and what is left of its cluster) when a
third of the shards are there, calls it again, and counts rows. Sentences come from `KBZ_DATA`, as
for the other benchmarks. Seconds are those of the whole process, with imports, a
cluster and models.
"""

import argparse
import contextlib
import csv
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SHARDS = 10
CONTESTANTS = ("ours-local", "ours-ray", "ray-append", "ray-overwrite", "ray-checkpoint")


def work(name, folder, workers):
    """What a run does, in a process of its own."""
    data, model, output = (str(folder / part) for part in ("data", "model", name))
    rows = max(1, int((folder / "rows").read_text()) // SHARDS)
    if name.startswith("ours"):
        from keras_bert_zoo.scale import predict

        engine = name.removeprefix("ours-")
        predict(data, model, output, shard_rows=rows, engine=engine, workers=workers)
    elif name == "beam":
        with_beam(data, model, output, rows, workers)
    else:
        with_ray(name, folder, data, model, output, rows, workers)


def with_beam(data, model, output, rows, workers):
    """Beam's own way, on its local runner with processes; it has no folder to append to."""
    import apache_beam as beam
    import pyarrow as pa

    class Classify(beam.DoFn):
        def setup(self):
            import keras_bert_zoo as kbz

            self.task = kbz.from_preset(model)

        def process(self, batch):
            found = self.task.classify([row["text"] for row in batch])
            for row, one in zip(batch, found, strict=True):
                yield {**row, "label": one["label"], "score": one["score"]}

    fields = {"id": pa.int64(), "text": pa.string(), "label": pa.string(), "score": pa.float64()}
    options = beam.options.pipeline_options.PipelineOptions(
        runner="FnApiRunner",
        direct_num_workers=workers,
        direct_running_mode="multi_processing",
    )
    with beam.Pipeline(options=options) as pipeline:
        found = pipeline | beam.io.ReadFromParquet(f"{data}/*.parquet")
        found |= beam.BatchElements(rows, rows)
        found |= beam.ParDo(Classify())
        found |= beam.io.WriteToParquet(
            f"{output}/part", pa.schema(fields), file_name_suffix=".parquet", num_shards=SHARDS
        )


def with_ray(name, folder, data, model, output, rows, workers):
    """Ray Data's own, in one of its ways to begin again."""
    import ray

    class Classifier:
        def __init__(self):
            import keras_bert_zoo as kbz

            self.task = kbz.from_preset(model)

        def __call__(self, batch):
            found = self.task.classify(list(batch["text"]))
            return {
                **batch,
                "label": [one["label"] for one in found],
                "score": [one["score"] for one in found],
            }

    # Two processors more: its filter of what is done takes one, and reads wait for another.
    ray.init(num_cpus=workers + 2, log_to_driver=False, include_dashboard=False)
    if name == "ray-checkpoint":
        from ray.data.checkpoint import CheckpointConfig

        ray.data.DataContext.get_current().checkpoint_config = CheckpointConfig(
            id_column="id", checkpoint_path=str(folder / "checkpoint")
        )
    mode = "overwrite" if name == "ray-overwrite" else "append"
    found = ray.data.read_parquet(data).repartition(target_num_rows_per_block=rows)
    found = found.map_batches(Classifier, concurrency=workers, batch_size=rows, num_cpus=0.5)
    found.write_parquet(output, mode=mode, ray_remote_args={"num_cpus": 0.5})


def prepare(folder, count):
    """Writes the data and the model."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from seeds import data_folder

    import keras_bert_zoo as kbz

    with open(data_folder() / "tasks/movie-sentences/train.csv", encoding="utf-8") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)][:count]
    (folder / "data").mkdir()
    table = pa.table({"id": range(len(texts)), "text": texts})
    size = -(-len(texts) // SHARDS)
    for number in range(SHARDS):
        path = folder / "data" / f"{number:02}.parquet"
        pq.write_table(table.slice(number * size, size), path)
    (folder / "rows").write_text(str(len(texts)))
    task = kbz.TextClassifier.from_preset("bert_nano_en_uncased", labels=["no", "yes"], seed=1)
    task.save_to_preset(folder / "model")
    return len(texts)


def start(name, folder, workers):
    command = [sys.executable, __file__, "--work", name, str(folder), str(workers)]
    log = open(folder / f"{name}.log", "a")  # noqa: SIM115
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def shards(folder):
    return [path for path in folder.glob("*.parquet") if not path.name.startswith((".", "_"))]


def end(process):
    """Ends what a run started: its session, which is that of its cluster, too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def told(name, folder, rows, seconds, code):
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = sorted(shards(folder / name))
    found = pa.concat_tables([pq.read_table(path) for path in paths])["id"].to_pylist()
    order = "in order" if found == sorted(found) else "not in order"
    print(
        f"{name:15} {seconds:6.1f} s, {rows / seconds:6.0f} rows/s; exit {code}; {len(found)} "
        f"rows, {len(set(found))} different, of {rows}; {len(paths)} files, {order}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--contestants", default=",".join(CONTESTANTS))
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    names = args.contestants.split(",")
    try:
        rows = prepare(folder, args.rows)
        print("left alone", flush=True)
        for _ in range(args.rounds):
            for name in names:
                shutil.rmtree(folder / name, ignore_errors=True)
                began = time.perf_counter()
                code = start(name, folder, args.workers).wait()
                told(name, folder, rows, time.perf_counter() - began, code)
        print("killed at a third, and called again", flush=True)
        for name in names:
            shutil.rmtree(folder / name, ignore_errors=True)
            process = start(name, folder, args.workers)
            while process.poll() is None and len(shards(folder / name)) < SHARDS / 3:
                time.sleep(0.05)
            process.kill()
            process.wait()
            time.sleep(1)
            end(process)
            began, before = time.perf_counter(), len(shards(folder / name))
            code = start(name, folder, args.workers).wait()
            print(f"{before} files before;", end=" ")
            told(name, folder, rows, time.perf_counter() - began, code)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
