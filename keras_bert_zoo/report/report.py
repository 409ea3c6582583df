"""The page itself: one HTML file that needs nothing beside it."""

import math
import os
from html import escape
from pathlib import Path

from ..version import __version__
from .charts import bars, lines, matrix, points
from .classes import judged

MOST_CLASSES = 20  # of a table of confusions that can still be read
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem }
.charts > figure { flex: 1 1 26rem; margin: 0 }
figcaption { font-weight: 600 }
svg { width: 100%; height: auto } svg text { font-size: 12px; fill: currentColor }
.grid { stroke: currentColor; stroke-opacity: .15 }
.even { stroke: currentColor; stroke-dasharray: 4 }
.legend span { margin-right: 1rem } .legend i { display: inline-block; width: .8em; height: .8em;
  margin-right: .35em; border-radius: 2px }
table { border-collapse: collapse } th, td { padding: .25rem .6rem; text-align: left;
  border-bottom: 1px solid #8884 } .matrix td { text-align: right }
pre { background: #8881; padding: .8rem; overflow-x: auto }
"""


def write_report(path, task, history=None, data=None, title=None):
    """Writes a page about a training.

    Args:
        path: HTML file; replaced if it is there.
        task: the trained task.
        history: Keras' `History`, or its dictionary, for the curves.
        data: `(texts, labels)` to judge the task by; for a classifier with one label a text also
            confusions, scores, calibration and the texts that it finds hardest are shown.
        title: of the page.

    Returns:
        The path.

    Raises:
        ValueError: labels that the task does not know.

    Example:

    >>> history = task.fit(texts, labels, validation_data=(more_texts, more_labels))
    >>> write_report("report.html", task, history, (more_texts, more_labels))
    """
    path, title = Path(path), title or f"{type(task).__name__}: a training"
    parts = [_about(task), _curves(getattr(history, "history", history) or {})]
    if data is not None:
        parts.append(_figures(task, *data))
        if getattr(task, "problem", None) == "single":
            parts.append(_classes(judged(task, *data)))
    parts.append(_recipe(task))
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width"><style>'
        f"{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{''.join(parts)}\n"
        f"<p>Written by keras_bert_zoo {__version__}.</p></body></html>\n"
    )
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    new.write_text(page, encoding="utf-8")
    new.replace(path)
    return path


def _about(task):
    config = task.encoder.config
    return (
        f"<p>{type(task).__name__} on a {escape(config.family)} encoder: {config.num_layers} "
        f"layers of width {config.hidden_dim}, {task.count_params():,} parameters.</p>"
    )


def _curves(history):
    """A chart for each figure, of training and validation together."""
    names = [name for name in history if not name.startswith("val_")]
    charts = []
    for name in names:
        series = {"training": [float(value) for value in history[name]]}
        if f"val_{name}" in history:
            series["validation"] = [float(value) for value in history[f"val_{name}"]]
        if all(map(math.isnan, series["training"])):
            continue
        charts.append(_figure(name.replace("_", " "), lines(series, name)))
    return _section("Course", charts)


def _figures(task, x, y):
    found = task.evaluate(x, y, verbose=0, return_dict=True)
    rows = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{float(value):.4f}</td></tr>"
        for name, value in found.items()
    )
    return f"<h2>Figures</h2><table>{rows}<tr><th>examples</th><td>{len(x):,}</td></tr></table>"


def _classes(found):
    charts = []
    edges, right, wrong = found.histogram()
    counts = {"right": right.tolist(), "wrong": wrong.tolist()}
    charts.append(_figure("How sure", bars(edges.tolist(), counts, "texts", "probability")))
    bins = found.calibration()
    pairs = [(score, share) for score, share, _ in bins]
    drawn = points(pairs, "calibration", ("probability", "share right"), [b[2] for b in bins])
    caption = f"Calibration: expected error {found.calibration_error():.3f}"
    charts.append(_figure(caption, drawn))
    parts = [_section("Answers", charts)]
    if len(found.names) <= MOST_CLASSES:
        counts = found.confusion().tolist()
        parts.append(f"<h2>Confusions</h2>{matrix(counts, found.names)}")
    return "".join([*parts, _hardest(found)])


def _hardest(found):
    rows = "".join(
        f"<tr><td>{escape(_shown(text))}</td><td>{escape(right)}</td><td>{escape(answer)}</td>"
        f"<td>{probability:.3f}</td></tr>"
        for text, right, answer, probability in found.hardest()
    )
    return (
        "<h2>Hardest examples</h2><table><tr><th>text</th><th>right</th><th>answered</th>"
        f"<th>probability of what is right</th></tr>{rows}</table>"
    )


def _shown(text, most=300):
    text = text if isinstance(text, str) else " / ".join(map(str, text))
    return text if len(text) <= most else text[: most - 1] + "…"


def _recipe(task):
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in task.recipe.to_config().items()
    )
    table = escape(task.recipe.describe(task))
    return f"<h2>Recipe</h2><table>{rows}</table><h2>What learns how</h2><pre>{table}</pre>"


def _section(title, charts):
    return f'<h2>{title}</h2><div class="charts">{"".join(charts)}</div>' if charts else ""


def _figure(caption, drawn):
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawn}</figure>"
