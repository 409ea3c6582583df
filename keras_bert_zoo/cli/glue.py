"""`keras-bert-zoo glue`: trains and judges the tasks of the GLUE download, and answers its tests.

Each task becomes a preset of its own, `OUTPUT/NAME`; `OUTPUT/scores.json` has the official figures
of its dev parts, and `OUTPUT/submission` the files that GLUE's server takes. A task whose figures
are in `scores.json` already is not trained again, unless `--overwrite` is given.
"""

import json
import sys
from pathlib import Path

from .arguments import UsageError
from .failures import say
from .finetune import check_output
from .finetune_kind import told
from .runtime import start_keras
from .untrained import fit_options, load

NEEDS_KERAS = True
DIAGNOSTIC, ITS_MODEL = "AX", "MNLI"


def run(args):
    args.train = args.validation = args.test = None
    check_output(args)
    start_keras(args.seed, args.debug)
    from ..metrics import TASKS, read_glue

    names = asked(args.task, args.data, TASKS)
    output = Path(args.output)
    done = read_scores(output)
    # All files before the first model: what is wrong with the last is told at once.
    data = {
        name: {part: read_glue(args.data, name, part) for part in present(args.data, name)}
        for name in names
    }
    for name in names:
        if name in done and not args.overwrite:
            print(f"{name}: in {output / 'scores.json'} already: {told_parts(done[name])}")
            continue
        scores = train(TASKS[name], data[name], args, output / name)
        done = {**read_scores(output), name: scores}
        write_scores(output, done)
        print(f"{name}: {told_parts(scores)}")
        sys.stdout.flush()
    print(f"Saved to {output}")


def asked(given, folder, tasks):
    """Names of the tasks that are asked for, or of those whose folder is there.

    Raises:
        UsageError: unknown, or the diagnostic set, which has no training data.
        ValueError: no task is there.
    """
    from ..metrics import glue_task

    trained = [name for name in tasks if name != DIAGNOSTIC]
    names = [part.strip() for part in ",".join(given or ["all"]).split(",") if part.strip()]
    if names == ["all"]:
        names = [name for name in trained if (Path(folder) / tasks[name].folder).is_dir()]
        if not names:
            raise ValueError(
                f"{folder} holds none of {', '.join(tasks[name].folder for name in trained)}. "
                "Give the folder of the download from https://gluebenchmark.com/tasks."
            )
        return names
    try:
        names = [glue_task(name).name for name in names]
    except ValueError as error:
        raise UsageError(f"--task: {error}") from None
    if DIAGNOSTIC in names:
        raise UsageError(
            f"{DIAGNOSTIC} has no training data: it is answered by the model of {ITS_MODEL}, "
            f"with --task {ITS_MODEL}"
        )
    return list(dict.fromkeys(names))


def present(folder, name):
    """The parts to read: all but tests that are not there."""
    from ..metrics import TASKS

    task = TASKS[name]
    return [
        part
        for part, file in task.files.items()
        if part not in task.submissions or (Path(folder) / task.folder / file).is_file()
    ]


def train(glue, data, args, folder):
    """Trains a task, judges and saves it, and writes its submissions. Returns its scores."""
    from ..metrics import glue_scores, read_glue, write_submission
    from ..tasks import TextClassifier

    judged = [part for part in data if part != "train" and part not in glue.submissions]
    head = {"labels": list(glue.labels)} if glue.labels else {"num_classes": 1}
    task = load(args, TextClassifier, problem=glue.problem, **head)
    texts, labels = data["train"]
    parts = ", ".join(f"{part} {len(rows_of(x)):,}" for part, (x, _) in data.items())
    print(f"{glue.name}: {task.count_params():,} parameters; rows: {parts}")
    sys.stdout.flush()
    task.fit(texts, labels, **fit_options(args, task))
    scores = {
        part: glue_scores(glue, data[part][1], answers(task, glue, data[part][0], args))
        for part in judged
    }
    task.save_to_preset(folder, overwrite=args.overwrite)
    submission = folder.parent / "submission"
    for part, name in glue.submissions.items():
        if part in data:
            predicted = answers(task, glue, data[part][0], args)
            write_submission(submission / name, glue, predicted)
    if glue.name == ITS_MODEL:
        for part in present(args.data, DIAGNOSTIC):
            texts, _ = read_glue(args.data, DIAGNOSTIC, part)
            path = submission / f"{DIAGNOSTIC}.tsv"
            write_submission(path, DIAGNOSTIC, answers(task, glue, texts, args))
    return scores


def answers(task, glue, texts, args):
    """Class ids, or numbers."""
    logits = task.predict(texts, batch_size=args.batch_size, verbose=0)
    return logits[:, 0] if glue.problem == "regression" else logits.argmax(-1).tolist()


def rows_of(texts):
    return texts[0] if isinstance(texts, tuple) else texts


def told_parts(scores):
    """`dev matthews 0.54; ...`."""
    return "; ".join(f"{part} {told(figures)}" for part, figures in scores.items())


def read_scores(output):
    """What `scores.json` says; nothing if it is not there, or cannot be read."""
    path = output / "scores.json"
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError:
        say("warning", f"{path} is not JSON: it is written anew.")
        return {}


def write_scores(output, scores):
    from ..checkpoints.native import write_json

    new = output / ".scores.json"
    write_json(new, scores)
    new.replace(output / "scores.json")
