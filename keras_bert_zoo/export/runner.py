"""Writes run.py beside an exported model: its answers without this library.

It is put together from `runners/head.py`, the file of its kind of answer, and those functions of
this library that the latter imports, so that both give the same answers.
"""

import ast
import importlib
import inspect
import types
from pathlib import Path

FILE = "run.py"
PARTS, PACKAGE = Path(__file__).parent / "runners", f"{__package__}.runners"
IMPORTS = ["import json", "import sys"]  # of what follows
MAIN = """if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    for one in answers(sys.argv[1:]):
        print(json.dumps(one, ensure_ascii=False))
"""


def write_runner(kind, folder):
    """Writes run.py.

    Args:
        kind: name of a file in `runners`.
        folder: to write to.
    """
    (Path(folder) / FILE).write_text(program(kind), "utf-8")


def program(kind):
    """The text of run.py for a kind of answer."""
    head, tail = ((PARTS / f"{name}.py").read_text("utf-8") for name in ("head", kind))
    imports, copied = list(IMPORTS), {}
    for node in (*ast.parse(head).body, *ast.parse(tail).body):
        if isinstance(node, ast.Import):
            imports.append(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            home = importlib.import_module("." * node.level + node.module, PACKAGE)
            for alias in node.names:
                _collect(home, alias.name, copied, imports)
    doc = tail.partition("\n")[0]
    parts = (_body(head), *copied.values(), _body(tail), MAIN)
    return f"{doc}\n\n" + "\n".join(sorted(set(imports))) + "\n\n" + "\n\n\n".join(parts)


def _body(text):
    """What follows the imports of a file."""
    node = next(
        node
        for node in ast.parse(text).body
        if not isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr))
    )
    return "\n".join(text.splitlines()[node.lineno - 1 :])


def _collect(module, name, copied, imports):
    """Adds the source of what a module calls `name`, and of all that it needs there."""
    value = getattr(module, name)
    if name in copied:
        return
    if isinstance(value, types.ModuleType):
        aliased = "" if value.__name__ == name else f" as {name}"
        imports.append(f"import {value.__name__}{aliased}")
        return
    is_code = isinstance(value, (type, types.FunctionType))
    home = importlib.import_module(value.__module__) if is_code else module
    tree = ast.parse(inspect.getsource(value)) if is_code else _assignment(home, name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id != name and node.id in vars(home):
            _collect(home, node.id, copied, imports)
    copied[name] = ast.unparse(_without_docstrings(tree))


def _assignment(module, name):
    """The statement by which a module has a constant."""
    tree = ast.parse(inspect.getsource(module))
    return next(
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and name in [getattr(t, "id", None) for t in node.targets]
    )


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return tree
