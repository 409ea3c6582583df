"""Writes the notebooks from the scripts beside it: `python colab/build.py`.

A script is read as cells that begin with `# %%`, or `# %% [markdown]` for text in comments, as
Jupytext and editors have it; `# %% tags=["parameters"]` names a cell for tools that set parameters.
"""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parent
MARK = re.compile(r"# %%(?P<text> \[markdown\])?(?: tags=(?P<tags>\[.*\]))?\s*")


def cells_of(script):
    """The cells of a script, as a notebook has them."""
    found = []
    for line in script.splitlines():
        if mark := MARK.fullmatch(line):
            kind = "markdown" if mark["text"] else "code"
            found.append((kind, json.loads(mark["tags"] or "[]"), []))
        elif found:
            found[-1][2].append(line)
    return [cell(f"cell-{number}", *parts) for number, parts in enumerate(found)]


def cell(name, kind, tags, lines):
    if kind == "markdown":
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    else:  # what a notebook alone understands stands in comments, so that the script is Python
        lines = [
            line.removeprefix("# ") if line.startswith(("# %", "# !")) else line for line in lines
        ]
    source = "\n".join(lines).strip("\n")
    made = {"cell_type": kind, "id": name, "metadata": {"tags": tags} if tags else {}}
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return {**made, "source": source.splitlines(keepends=True)}


def notebook(script, accelerator=None):
    """The text of a notebook."""
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": {"provenance": []},
    }
    if accelerator:
        metadata["accelerator"] = accelerator
    whole = {"cells": cells_of(script), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def accelerator_of(script):
    """What Colab is asked for: the word after `# Runtime: `."""
    found = re.search(r"(?m)^# \*\*Runtime: (TPU|GPU|CPU)", script)
    return None if found is None or found[1] == "CPU" else found[1]


def main():
    for path in sorted(FOLDER.glob("[0-9]*.py")):
        script = path.read_text("utf-8")
        path.with_suffix(".ipynb").write_text(notebook(script, accelerator_of(script)), "utf-8")
        print(path.with_suffix(".ipynb").name)


if __name__ == "__main__":
    main()
