"""The page of examples/web in Chromium: what it answers is what the task answers."""

import functools
import json
import shutil
import subprocess
from http.server import SimpleHTTPRequestHandler

import pytest

import keras_bert_zoo as kbz
from tests.loopback import Loopback
from tests.paths import ROOT, data_path
from tests.serve.browser import browser
from tests.tiny import tiny_classifier
from tests.tokenizers.hard_strings import HARD_STRINGS

pytestmark = [pytest.mark.any_backend, pytest.mark.slow]
WEB = ROOT / "examples" / "web"
# What @huggingface/tokenizers cuts in another way than the Rust library.
DIFFERENT = {
    "final sigma",
    "rare ideographs",
    "ideographs at the edges of blocks",
    "every character to U+2FFF",
}
TEXTS = ["a great film", "Émoji 😀 中文, we hated it!", "", "the food was not bad . " * 20]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def packages():
    """The npm packages of the page; skips without them."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    if shutil.which("node") is None:
        pytest.skip("node is missing: apt-get install nodejs npm")
    if not (WEB / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("the page's packages are missing: run `npm install` in examples/web")


@pytest.fixture(scope="module")
def task():
    return tiny_classifier(labels=["negative", "neutral", "positive"])


@pytest.fixture(scope="module")
def page(packages, task, tmp_path_factory):
    """The page, opened, with the task's files beside it."""
    folder = tmp_path_factory.mktemp("web")
    task.export(folder / "model", format="onnx")
    build = ["node", str(WEB / "build.mjs"), str(folder / "model"), str(folder / "dist")]
    subprocess.run(build, check=True, capture_output=True)
    handler = functools.partial(Quiet, directory=folder / "dist")
    with Loopback(handler) as server, browser() as one:
        one.open(f"{server.url}/index.html")
        one.wait("return !document.getElementById('text').disabled", seconds=60)
        yield one


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_typed_is_classified(page, task, text):
    # chromedriver types only what the keyboard's plane has; this is what a paste does.
    page.run(
        "const field = document.getElementById('text'); field.value = arguments[0];"
        "field.dispatchEvent(new Event('input', {bubbles: true}))",
        text,
    )
    page.wait(f"return document.getElementById('labels').dataset.text === {json.dumps(text)}")
    shown = page.run(
        "return [...document.querySelectorAll('#labels li')].map(e => ({...e.dataset}))"
    )
    expected = task.classify([text], top_k=None)[0]
    assert [one["label"] for one in shown] == [one["label"] for one in expected]
    for one, other in zip(shown, expected):
        assert float(one["score"]) == pytest.approx(other["score"], abs=1e-3)


def test_keys_are_enough(page, task):
    page.type("#text", "we loved the room")
    page.wait("return document.getElementById('labels').dataset.text === 'we loved the room'")
    best = task.classify("we loved the room")["label"]
    assert page.texts("#labels .name")[0] == best
    assert "ms" in page.texts("#status")[0]
    assert not [row for row in page.problems() if "error" in row.lower()]


@pytest.mark.real
def test_ids_are_ours(packages):
    """The tokenizer in the browser against the one in Rust, on strings that are hard to cut."""
    tokenizer = kbz.Tokenizer.from_vocabulary(data_path("vocab", "bert-uncased", "vocab.txt"))
    texts = list(HARD_STRINGS.values())
    script = (
        "import {Tokenizer} from '@huggingface/tokenizers';"
        "import {readFileSync} from 'node:fs';"
        "const [spec, config, texts] = JSON.parse(readFileSync(0, 'utf8'));"
        "const t = new Tokenizer(spec, config);"
        "const ids = (x) => x ? t.encode(x, {add_special_tokens: false}).ids : [];"
        "console.log(JSON.stringify(texts.map(ids)));"
    )
    given = json.dumps([tokenizer.specification(), {}, texts])
    command = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=WEB, input=given, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    theirs, ours = json.loads(done.stdout), tokenizer.ids_batch(texts)
    assert {name for name, a, b in zip(HARD_STRINGS, theirs, ours) if a != b} <= DIFFERENT
