"""A preset goes to a hub, comes back by its address, and answers the same."""

import pytest

import keras_bert_zoo as kbz
from tests.hub_server import Hub, HubClient
from tests.tiny import POSITIVE, tiny_classifier

pytest.importorskip("huggingface_hub")


def test_a_saved_classifier_from_a_hub(tmp_path):
    task = tiny_classifier()
    task.save_to_preset(tmp_path / "preset")
    files = {path.name: path.read_bytes() for path in (tmp_path / "preset").iterdir()}
    with Hub() as hub, HubClient(hub.url, tmp_path / "home") as client:
        hub.add("someone/tiny", files, v1_0=files)
        fetched = [client.fetch(f"hf://someone/tiny{at}")["path"] for at in ("", "@v1.0")]
        error = client.fetch("hf://someone/tini")["error"]
    for path in fetched:
        again = kbz.from_preset(path)
        assert again.predict(POSITIVE, verbose=0) == pytest.approx(
            task.predict(POSITIVE, verbose=0), abs=1e-6
        )
    assert "someone/tini" in error


def test_an_address_that_leads_nowhere_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="hf://nobody/nothing"):
        kbz.from_preset("hf://nobody/nothing")
    with pytest.raises(ValueError, match="did you mean hf://nobody/nothing"):
        kbz.from_preset("nobody/nothing")
    with pytest.raises(ValueError, match="pip install no-such-package"):
        kbz.from_preset("pkg:no_such_package")
    with pytest.raises(ValueError, match="all_minilm_l6_v2"):
        kbz.from_preset("all_minilm_l6_v3")
