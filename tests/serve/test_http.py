"""What the server says to good requests, to bad ones, and to thousands of bad ones."""

import asyncio
import collections
import itertools
import json
import random

import pytest
from fastapi.testclient import TestClient

from keras_bert_zoo.serve import Settings, create_app
from tests.serve.malformed import bodies, rss
from tests.serve.served import CASES
from tests.tiny import tiny_classifier

pytestmark = pytest.mark.any_backend
JSON = {"Content-Type": "application/json"}
SETTINGS = {"max_bytes": 2000, "max_texts": 3, "max_characters": 40}


@pytest.fixture(scope="module")
def app():
    return create_app(tiny_classifier(), Settings(**SETTINGS), name="tiny")


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app) as client:
        yield client


def refused(answer, status, code, *words):
    """Checks an error, and that its message has these words."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    for word in words:
        assert word in error["message"]
    assert answer.headers["x-request-id"]


def post(client, body, **headers):
    return client.post("/predict", content=body, headers={**JSON, **headers})


# -------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", "malformed_json", ["empty"]),
        (b'{"text": "a"', "malformed_json", ["line 1, column 13"]),
        (b'{"text": "a",}', "malformed_json", []),
        (b"{'text': 'a'}", "malformed_json", ["line 1, column 2"]),
        (b'{"text": NaN}', "malformed_json", ["NaN"]),
        (b'{"top_k": 1e999, "text": "a"}', "malformed_json", ["too large"]),
        (b'{"top_k": ' + b"1" * 1500 + b', "text": "a"}', None, []),
        (b'{"text": "\xff\xfe"}', "malformed_json", ["not UTF-8", "byte 10"]),
        (b'{"text": "a", "text": "b"}', "malformed_json", ["twice"]),
        (b"[" * 900 + b"]" * 900, "nested_too_deeply", ["32"]),
        (b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}", "nested_too_deeply", []),
        (b"\xef\xbb\xbf" + b'{"text": "a"}', "malformed_json", []),
    ],
)
def test_what_is_not_json(client, body, code, words):
    answer = post(client, body)
    if code is None:
        assert answer.status_code == 422
    else:
        refused(answer, 400, code, *words)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ([], "not_an_object", ['"text", "texts" or "pairs"', "Given: []"]),
        ("text", "not_an_object", []),
        ({}, "missing_field", ['"text", "texts" or "pairs"', "Given: nothing"]),
        ({"txt": "a"}, "missing_field", ["Did you mean 'text'?", 'Given: "txt"']),
        ({"text": 3}, "wrong_type", ["text must be a string", "Given: 3"]),
        ({"text": None}, "wrong_type", ["Given: null"]),
        ({"texts": "a"}, "wrong_type", ["texts must be a list"]),
        ({"texts": ["a", {}]}, "wrong_type", ["texts[1] must be a string", "Given: {}"]),
        ({"texts": []}, "wrong_value", ["texts must have 1 or more"]),
        ({"texts": ["a"] * 4}, "too_many_texts", ["texts may have 3 items", "Given: 4"]),
        ({"text": "a" * 41}, "text_too_long", ["may have 40 characters", "Given: 41"]),
        ({"texts": ["a", "b" * 41]}, "text_too_long", ["texts[1]"]),
        ({"text": "a", "topk": 1}, "unknown_field", ["Did you mean 'top_k'?", "text, pair, top_k"]),
        ({"text": "a", "texts": ["a"]}, "unknown_field", ["Give text or texts, not both"]),
        ({"text": "a", "top_k": 0}, "wrong_value", ["top_k", "Given: 0"]),
        ({"text": "a", "top_k": 3}, "wrong_value", ["less than or equal to 2", "Given: 3"]),
        ({"text": "a", "top_k": True}, "wrong_type", ["top_k must be a whole number"]),
        ({"text": "a", "top_k": "1"}, "wrong_type", ["top_k must be a whole number"]),
        ({"text": "a", "top_k": 1.5}, "wrong_type", ["Given: 1.5"]),
        ({"pairs": [["a"]]}, "wrong_value", ["pairs[0] must have 2"]),
        ({"pairs": [["a", "b", "c"]]}, "too_many_texts", ["pairs[0] may have 2 items"]),
    ],
)
def test_what_is_no_request(client, body, code, words):
    refused(client.post("/predict", json=body), 422, code, *words)
    refused(post(client, b"null"), 422, "not_an_object")


def test_other_types_of_content(client):
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
    ):
        answer = client.post("/predict", content=b'{"text": "a"}', headers=headers)
        refused(answer, 415, "not_json", "Content-Type: application/json")
    refused(post(client, b"x", **{"Content-Encoding": "gzip"}), 415, "compressed", "gzip")
    assert post(client, b'{"text": "a"}', **{"Content-Type": "application/json; charset=UTF-8"})


def test_bytes_are_counted_while_they_are_read(client):
    refused(post(client, b"x" * 2001), 413, "body_too_large", "2000 bytes", "2001")
    sent = []

    def endless():
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 100

    answer = client.post("/predict", content=endless(), headers=JSON)
    refused(answer, 413, "body_too_large", "more than that")


def test_what_is_not_there(client):
    refused(client.get("/predct"), 404, "not_found", "Did you mean '/predict'?")
    refused(client.get("/page/../app.py"), 404, "not_found")
    answer = client.get("/predict")
    refused(answer, 405, "wrong_method", "/predict takes POST. Given: GET")
    assert answer.headers["allow"] == "POST"
    refused(client.post("/health"), 405, "wrong_method", "takes GET")


def test_a_mask_is_asked_for():
    with TestClient(create_app(CASES["mask"].build())) as client:
        answer = client.post("/predict", json={"text": "no mask"})
        refused(answer, 422, "no_mask", "must hold [MASK]", '"no mask"')
        answer = client.post("/predict", json={"text": "a [MASK]", "targets": ["goood"]})
        refused(answer, 422, "refused", "not one token")


def test_an_unknown_prompt_is_refused():
    with TestClient(create_app(CASES["embed"].build())) as client:
        answer = client.post("/predict", json={"text": "a", "prompt": "passage"})
        refused(answer, 422, "wrong_value", "prompt", "'query'")


# -------------------------------------------------------------------------------------- answered


def test_half_a_character_comes_back_as_it_went(client):
    answer = post(client, b'{"text": "good \\ud800"}')
    assert answer.status_code in (200, 422)
    assert post(client, '{"text": "go\\u0000od 🎉 ünï"}'.encode()).status_code == 200


def test_a_request_keeps_its_name(client):
    given = "my-request.7:a_b"
    answer = client.get("/health", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given
    for bad in ("a b", "x" * 129, "é".encode(), "<script>"):
        answer = client.get("/health", headers={"X-Request-ID": bad})
        assert len(answer.headers["x-request-id"]) == 32


def test_health_and_metrics(client):
    client.post("/predict", json={"texts": ["a good film", "bad"]})
    assert client.get("/health").json() == {"status": "ready", "waiting": 0}
    assert client.get("/health/live").json()["status"] == "live"
    client.get("/nowhere")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(
        line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")
    )
    assert float(lines['kbz_requests_total{code="200",route="/predict"}']) >= 1
    assert float(lines['kbz_requests_total{code="404",route="other"}']) >= 1
    assert float(lines["kbz_texts_total"]) >= 2
    assert float(lines["kbz_tokens_total"]) >= 4
    assert float(lines["kbz_batch_size_sum"]) >= 2
    assert lines["kbz_queue_length"] == "0.0"
    assert lines["kbz_ready"] == "1.0"


def test_info_says_what_is_served(client):
    info = client.get("/info").json()
    assert (info["model"], info["task"], info["kind"]) == ("tiny", "TextClassifier", "labels")
    assert info["limits"]["max_texts"] == 3
    assert info["facts"] == {"problem": "single", "num_labels": 2}


def test_a_line_a_request_without_its_text(client, caplog):
    caplog.set_level("INFO", logger="keras_bert_zoo.serve")
    secret = "hated"
    client.post("/predict", json={"text": secret}, headers={"X-Request-ID": "one"})
    client.post("/predict", json={secret: secret})
    records = [record for record in caplog.records if record.name == "keras_bert_zoo.serve"]
    first, second = (record.fields for record in records)
    assert first.items() >= {"id": "one", "route": "/predict", "code": 200, "texts": 1}.items()
    assert first["batch"] >= 1
    assert first["ms"] >= first["model_ms"] > 0
    assert second["code"] == 422
    assert secret not in json.dumps([first, second])


def test_a_mistake_is_an_error_with_an_id_and_nothing_else(app, client, monkeypatch):
    def broken(*args):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(app.state.service.answers, "run", broken)
    answer = client.post("/predict", json={"text": "a"}, headers={"X-Request-ID": "abc"})
    refused(answer, 500, "mistake", "abc")
    assert "secret" not in answer.text
    monkeypatch.undo()
    assert client.post("/predict", json={"text": "a"}).status_code == 200


# -------------------------------------------------------------------------------------- the page


def test_the_page_is_whole_and_of_its_own(client):
    seen, names = set(), ["/", "/docs"]
    while names:
        name = names.pop()
        answer = client.get(name)
        assert answer.status_code == 200, name
        assert "https://" not in answer.text.replace("https://github.com", "")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for unsafe in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(", " style="):
            assert unsafe not in answer.text, (name, unsafe)
        seen.add(name)
        links = {part.split('"')[0] for part in answer.text.split('="/')[1:]}
        names += [f"/{link}" for link in links if f"/{link}" not in seen]
    assert {"/", "/docs", "/page/app.js", "/page/docs.js", "/page/style.css"} <= seen


# -------------------------------------------------------------------------------------- malformed


def storm(app, count, seed):
    """Sends so many malformed requests; the statuses that came back."""

    async def send():
        found, bad = collections.Counter(), bodies(random.Random(seed), count)
        while some := list(itertools.islice(bad, 64)):
            answers = await asyncio.gather(*(asked(app, *one) for one in some))
            for (body, _), (status, answer) in zip(some, answers):
                assert status < 500, (body[:200], answer)
                assert status < 400 or set(json.loads(answer)) == {"error"}
                found[status] += 1
        return found

    return asyncio.run(send())


async def asked(app, body, headers):
    """`(status, body)` of an answer, without a client between: those take most of the time."""
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": encoded}
    scope |= {"query_string": b"", "http_version": "1.1", "root_path": "", "scheme": "http"}
    given, sent = [{"type": "http.request", "body": body, "more_body": False}], []

    async def receive():
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message["body"] for message in sent[1:])


def test_malformed_requests_are_refused(app, client):
    found = storm(app, 1500, seed=0)
    assert sum(found.values()) == 1500
    assert sum(found[code] for code in (400, 413, 415, 422)) > 1000
    assert client.post("/predict", json={"text": "good"}).status_code == 200


@pytest.mark.slow
def test_ten_thousand_malformed_requests_leave_nothing_behind(app, client):
    storm(app, 2000, seed=1)
    grown = []
    for seed in range(2, 6):  # what leaks does so each time; programs of new lengths are made once
        before = rss()
        storm(app, 5000, seed)
        grown.append(rss() - before)
    assert min(grown) < 8 * 2**20, grown
    assert client.post("/predict", json={"text": "good"}).status_code == 200
