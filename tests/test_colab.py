"""The notebooks of colab/ are their scripts, and run from the first cell to the last."""

import importlib.util
import json
import os
import re
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "colab"
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
# Those that choose their backend themselves; all others run on torch, where nothing is compiled.
OWN_BACKEND = {"08_tpu_jax": "jax", "09_tpu_tensorflow": "tensorflow"}
INSTALL = re.compile(r"(?m)^%pip .*\n?")
PARAMETERS = {"07_export": 'PRESET = "bert_nano_en_uncased"'}  # the smallest there is


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(script):
    return json.loads(script.with_suffix(".ipynb").read_text("utf-8"))


def has_parameters(cell):
    return "parameters" in cell["metadata"].get("tags", [])


def code_of(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.any_backend
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_notebook_is_the_script(script, build):
    text = script.read_text("utf-8")
    made = build.notebook(text, build.accelerator_of(text))
    assert script.with_suffix(".ipynb").read_text("utf-8") == made, "run python colab/build.py"


@pytest.mark.any_backend
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_notebook_has(script):
    """A title, a runtime, one cell that installs, numbers to change, a picture, and a file."""
    notebook = read(script)
    first, code = notebook["cells"][0], code_of(notebook)
    assert first["cell_type"] == "markdown"
    assert "**Runtime: " in "".join(first["source"])
    assert code[0].startswith("%pip install")
    assert not any("%pip" in cell for cell in code[1:])
    tagged = [cell for cell in notebook["cells"] if has_parameters(cell)]
    assert len(tagged) == 1
    assert "EPOCHS = " in "".join(tagged[0]["source"])
    assert "plt.show()" in "".join(code) or "HTML(" in "".join(code)
    assert "save_to_preset(" in "".join(code[-2:])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_runs(script, tmp_path, monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    wanted, backend = OWN_BACKEND.get(script.stem, "torch"), keras.config.backend()
    if backend != wanted:
        pytest.skip(f"runs where the tests run on {wanted}")
    if "keras_hub" in script.stem:
        pytest.importorskip("keras_hub")
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    for cell in notebook.cells:
        cell.source = INSTALL.sub("", cell.source)
        if has_parameters(cell):
            cell.source += f"\nEPOCHS = 1\n{PARAMETERS.get(script.stem, '')}"
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    if backend == "jax":  # the notebook asks for two devices, where nothing else is asked for
        two = "--xla_force_host_platform_device_count=2"
        monkeypatch.setenv("XLA_FLAGS", f"{os.environ['XLA_FLAGS']} {two}")
    resources = {"metadata": {"path": tmp_path}}
    client = nbclient.NotebookClient(notebook, timeout=600, resources=resources)
    client.execute(env=dict(os.environ))
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    kinds = {kind for out in shown for kind in out.get("data", {})}
    assert kinds & {"image/png", "text/html"}
    assert [path for path in tmp_path.iterdir() if (path / "config.json").is_file()]
