"""The page in a real browser: a person types, and sees the answer."""

import contextlib
import threading
import time

import keras
import numpy as np
import pytest
import uvicorn

from keras_bert_zoo.serve import create_app
from keras_bert_zoo.serve.server import address_of, listen
from tests.serve.browser import browser
from tests.serve.served import CASES, MASKED

pytestmark = [pytest.mark.any_backend, pytest.mark.slow]
MARKUP = "<img src=x onerror=\"document.title='hacked'\"><script>alert(1)</script>"


@pytest.fixture(scope="module")
def page():
    with browser() as one:
        yield one


@contextlib.contextmanager
def served(name, **options):
    """The address of a task's server, in a thread."""
    app = create_app(CASES[name].build(max_sequence_length=32, **options), name=name)
    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield app.state.service, address_of(sock)
    finally:
        server.should_exit = True
        thread.join(20)


def ask(page, **fields):
    """Types into the page's fields, and waits for what it shows."""
    page.wait("return document.getElementById('form').dataset.ready === 'yes'")
    for name, text in fields.items():
        page.type(f"#{name}", text)
    page.run("document.getElementById('answer').replaceChildren()")
    page.click("#ask")
    page.wait("return document.getElementById('answer').childElementCount > 0")


def marks(page):
    """The marked stretches, without their labels."""
    return page.run("return [...document.querySelectorAll('mark')].map(m => m.firstChild.data)")


def clean(page):
    """Nothing was refused by the policy or went wrong in a script, and nothing was run."""
    assert [one for one in page.problems() if "favicon" not in one] == []
    assert page.run("return document.title") != "hacked"
    assert page.run("return document.querySelectorAll('main img, main script').length") == 0


def test_labels_as_bars(page):
    with served("text") as (service, url):
        page.open(url)
        text = "a great film"
        ask(page, text=text)
        expected = service.task.classify(text, top_k=2)
        assert page.texts(".bars .name") == [row["label"] for row in expected]
        assert page.texts(".bars output") == [f"{100 * row['score']:.1f} %" for row in expected]
        assert page.texts(".bars .best .name") == [expected[0]["label"]]
        widths = page.run(
            "return [...document.querySelectorAll('.bars rect')].map(r => r.width.baseVal.value)"
        )
        np.testing.assert_allclose(widths, [100 * row["score"] for row in expected], atol=1e-3)
        assert page.texts("h1") == ["text"]
        clean(page)


def test_entities_are_marked_where_they_stand(page):
    with served("token") as (service, url):
        service.answers.run = lambda rows, group, size: [
            [
                {"text": "film", "label": MARKUP, "start": 4, "end": 8, "score": 0.9},
                {"text": "room", "label": "PLACE", "start": 13, "end": 17, "score": 0.8},
            ]
            for _ in rows
        ]
        page.open(url)
        text = "🎉 a film, the room " + MARKUP
        ask(page, text=text)
        assert marks(page) == [text[4:8], text[13:17]]
        assert page.texts("mark small") == [f"{MARKUP} 90.0 %", "PLACE 80.0 %"]
        shown = page.run(
            "const p = document.querySelector('.marked').cloneNode(true);"
            "p.querySelectorAll('small').forEach(s => s.remove()); return p.textContent"
        )
        assert shown == text
        clean(page)


def test_entities_of_the_model_itself(page):
    with served("token") as (service, url):
        page.open(url)
        text = "we loved the food and the room"
        ask(page, text=text)
        assert marks(page) == [entity["text"] for entity in service.task.extract(text)]
        clean(page)


def test_the_answer_is_marked_in_its_text(page):
    with served("span") as (service, url):
        page.open(url)
        question, context = "what was good?", "we loved the food and the room"
        ask(page, question=question, context=context)
        expected = service.task.answer(question, context)
        assert page.texts(".big") == [expected["answer"] or "The text has no answer."]
        marks = page.run(
            "return [...document.querySelectorAll('mark')].map(m => m.firstChild.data)"
        )
        assert marks == [expected["answer"]] * bool(expected["answer"])
        clean(page)


def test_masks_are_filled(page):
    with served("mask") as (service, url):
        page.open(url)
        ask(page, text=MASKED[1])
        expected = service.task.fill(MASKED[1], top_k=5)
        assert page.texts("#answer h2") == ["Mask 1", "Mask 2"]
        assert page.texts(".bars .name") == [row["token"] for mask in expected for row in mask]
        page.type("#text", "a film ")
        page.click("button.plain")
        assert page.run("return document.getElementById('text').value") == "a film [MASK]"
        clean(page)


def test_an_error_is_read_on_the_page(page):
    with served("mask") as (_, url):
        page.open(url)
        ask(page, text="nothing is hidden")
        assert "must hold [MASK]" in page.texts(".error")[0]
        assert any("422" in one for one in page.problems())


@pytest.mark.parametrize("name", ["choice", "pair", "several", "embed", "replaced", "number"])
def test_other_tasks_show_something_too(page, name):
    with served(name, truncation="silent") as (_, url):
        page.open(url)
        ask(page)
        assert page.texts("#answer .error") == []
        assert page.texts("#answer")[0].strip()
        clean(page)


def test_the_description_is_read_on_a_page(page):
    with served("text") as (_, url):
        page.open(f"{url}/docs")
        page.wait("return document.querySelectorAll('section').length > 3")
        assert any("/predict" in text and "top_k" in text for text in page.texts("section"))
        assert any(text.startswith("curl http://127.0.0.1") for text in page.texts("pre"))
        clean(page)


def test_small_screens_and_dark_ones(page):
    with served("text") as (_, url):
        size = {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": True}
        page.command("Emulation.setDeviceMetricsOverride", **size)
        dark = [{"name": "prefers-color-scheme", "value": "dark"}]
        page.command("Emulation.setEmulatedMedia", features=dark)
        try:
            page.open(url)
            ask(page, text="a" * 300)
            assert page.run("return document.documentElement.scrollWidth") <= 360
            places = page.run(
                "return ['.name', 'output', '.rail'].map(s => "
                "document.querySelector('.bars ' + s).getBoundingClientRect().top)"
            )
            assert abs(places[0] - places[1]) < 8 < places[2] - places[0]  # the bar is below both
            color = page.run("return getComputedStyle(document.body).backgroundColor")
            assert sum(map(int, color.strip("rgb()").split(","))) < 200
        finally:
            page.command("Emulation.setEmulatedMedia", features=[])
            page.command("Emulation.clearDeviceMetricsOverride")


def test_the_backend_is_named(page):
    with served("text") as (_, url):
        page.open(url)
        page.wait("return document.getElementById('form').dataset.ready === 'yes'")
        assert keras.config.backend() in page.texts("#about")[0]
