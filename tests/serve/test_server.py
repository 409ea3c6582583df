"""The real command, from its start to its end."""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import keras
import pytest
import uvicorn

from keras_bert_zoo.cli import main
from keras_bert_zoo.serve import NEEDS, Settings, check_packages, create_app
from keras_bert_zoo.serve.server import Server, listen
from tests.tiny import tiny_classifier

pytestmark = pytest.mark.any_backend


@pytest.fixture
def preset(tmp_path):
    folder = tmp_path / "tiny"
    tiny_classifier().save_to_preset(folder)
    return str(folder)


class Command:
    """`keras-bert-zoo serve`, in a process of its own, at `url`."""

    def __init__(self, preset, *options):
        words = ["serve", preset, "--port", "0", "--backend", keras.config.backend(), *options]
        code = f"import sys; from keras_bert_zoo.cli import main; sys.exit(main({words!r}))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        line = next(line for line in self.process.stderr if " at http://" in line)
        self.url = line.split(" at ")[1].partition(";")[0]
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout)).start()

    def end(self, sig):
        """Its exit code, after a signal."""
        self.process.send_signal(sig)
        return self.process.wait(60)


def test_answers_until_it_is_told_to_stop(preset):
    command = Command(preset, "--max-wait-ms", "5000", "--deadline", "120")
    try:
        with httpx.Client(base_url=command.url, timeout=120) as client:
            texts = ["a great film", "never again", "lovely food!"]
            first = client.post("/predict", json={"texts": texts})
            assert first.status_code == 200
            assert client.get("/health").json()["status"] == "ready"
            expected = [row["label"] for row in first.json()["predictions"]]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                ask = lambda text: httpx.post(  # noqa: E731
                    f"{command.url}/predict", json={"text": text}, timeout=120
                )
                asked = [pool.submit(ask, text) for text in texts * 2]
                while client.get("/health").json()["waiting"] < len(asked):
                    time.sleep(0.01)
                code = command.end(signal.SIGTERM)  # while they wait for others to come
            answers = [one.result() for one in asked]
            assert [answer.status_code for answer in answers] == [200] * 6
            found = [answer.json()["predictions"][0]["label"] for answer in answers]
            assert found == expected * 2
        assert code == 0
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{command.url}/health")
    finally:
        command.process.kill()
    rows = [json.loads(line) for line in command.lines]
    first = next(row for row in rows if row.get("route") == "/predict")
    assert first.items() >= {"event": "request", "code": 200, "texts": 3}.items()


def refused(capsys, *words):
    """The one line that a command ends with."""
    assert main(list(words)) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0].removeprefix("keras-bert-zoo: error: ")


def test_a_port_in_use_is_one_line(preset, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refused(capsys, "serve", preset, "--port", port) == (
            f"Port {port} of 127.0.0.1 is in use. Give another --port, or 0 for one that is free."
        )


def test_a_wrong_host_is_one_line(preset, capsys):
    assert "203.0.113.1" in refused(capsys, "serve", preset, "--port", "0", "--host", "203.0.113.1")


def test_a_preset_that_is_none_is_one_line(tmp_path, capsys):
    serve = ("serve", "--port", "0")
    assert "Did you mean 'all_minilm_l6_v2'?" in refused(capsys, *serve, "all_minilm_l6_v3")
    (tmp_path / "notes.txt").write_text("nothing")
    assert str(tmp_path) in refused(capsys, *serve, str(tmp_path))
    assert "nowhere" in refused(capsys, *serve, str(tmp_path / "nowhere"))


def test_numbers_out_of_their_range_are_told(preset, capsys):
    assert main(["serve", preset, "--max-batch-size", "0"]) == 2
    assert "--max-batch-size" in capsys.readouterr().err
    assert "has no room" in refused(capsys, "serve", preset, "--queue-size", "10")
    with pytest.raises(ValueError, match="deadline must be a number above 0. Given: 0"):
        Settings(deadline=0)
    with pytest.raises(ValueError, match="max_texts must be 1 or more"):
        Settings(max_texts=0)


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError) as caught:
        check_packages()
    assert str(caught.value).startswith(NEEDS)
    assert "pip install 'keras-bert-zoo[serve]'" in NEEDS


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_queue_too(sig):
    app = create_app(tiny_classifier())
    server = Server(uvicorn.Config(app, log_config=None))
    with server.capture_signals():
        signal.raise_signal(sig)
    assert server.should_exit
    assert app.state.service.batcher.state == "stopping"


def test_a_free_port_is_found():
    with listen("127.0.0.1", 0) as sock:
        assert sock.getsockname()[1] > 0
