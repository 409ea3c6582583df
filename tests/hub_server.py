"""A small Hugging Face Hub on 127.0.0.1, with faults to order, and the real client to point at it.

>>> with Hub() as hub:
...     hub.add("owner/name", {"config.json": b"{}"}).faults["config.json"] = [cut(1)]
...     client = HubClient(hub.url, home)   # huggingface_hub reads its settings at import:
...     client.fetch("hf://owner/name")     # so it runs in a process of its own
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.loopback import Loopback

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "a-token-that-may-read"
LARGE = 1000  # bytes from which a file is stored apart (LFS), as on the Hub

MODEL = {
    "config.json": b'{"model_type": "bert"}',
    "tokenizer.json": b'{"version": "1.0"}',
    "model.safetensors": bytes(range(256)) * 8,
    "pytorch_model.bin": b"pickled",
    "tf_model.h5": b"tensorflow",
    "onnx/model.onnx": b"onnx",
    "README.md": b"# A model",
}
READ = ["README.md", "config.json", "model.safetensors", "tokenizer.json"]


def names(folder):
    """The files under a folder, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file())


def cut(after):
    """A connection that promises the whole file and breaks after some bytes, once."""
    return {"after": after}


def short(length):
    """An answer that is shorter than what HEAD announced, and says so itself."""
    return {"length": length}


def silent(length):
    """A short answer that announces no size anywhere: only the listing knows better."""
    return {"length": length, "silent": True}


@dataclass
class Repo:
    """Files by commit, names for commits, who may read, and what goes wrong."""

    commits: dict
    refs: dict
    access: str = "public"  # or "gated" (files refused), "private" (all refused), "down" (503)
    faults: dict = field(default_factory=dict)  # file name -> faults, each used by one GET

    def files(self, revision):
        return self.commits.get(self.refs.get(revision, revision))


class Hub(Loopback):
    """The server: `repos` by name, and a `log` of every request it answered."""

    def __init__(self):
        super().__init__(_Handler)
        self.repos, self.parts = {}, {}

    def add(self, name, files, *, access="public", **tags):
        """Add a repository; each keyword is a further revision with files of its own."""
        commits, refs = {}, {}
        for ref, content in {"main": files, **tags}.items():
            commit = hashlib.sha1(f"{name}@{ref}".encode()).hexdigest()
            commits[commit], refs[ref.replace("_", ".")] = content, commit
        self.repos[name] = Repo(commits, refs, access)
        return self.repos[name]

    def gets(self, name):
        """The files of a repository that were sent: [(file, Range header, bytes sent)]."""
        return [entry[1:] for entry in list(self.log) if entry[0] == name]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_POST(self):
        """Making repositories and writing to them, for who has the token."""
        path, body = unquote(urlsplit(self.path).path), self.body()
        if path == "/api/validate-yaml":
            return self.say({"errors": [], "warnings": []})
        if not self.allowed():
            return self.refuse(401, "", "Invalid credentials")
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if match := re.fullmatch(r"/api/models/(.+?)/branch/(.+)", path):
            repo = self.server.owner.repos[match[1]]
            repo.refs[match[2]] = repo.refs["main"]
            return self.say({})
        if re.fullmatch(r"/api/models/(.+?)/preupload/(.+)", path):
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["size"] >= LARGE else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            return self.say({"files": modes})
        if path.endswith(".git/info/lfs/objects/batch"):
            url = self.server.owner.url
            objects = [
                {**one, "actions": {"upload": {"href": f"{url}/parts/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            return self.say({"transfer": "basic", "objects": objects})
        if match := re.fullmatch(r"/api/models/(.+?)/commit/(.+)", path):
            return self.commit(*match.groups(), map(json.loads, body.splitlines()))
        return self.refuse(404, "", "no such page")

    def do_PUT(self):
        self.server.owner.parts[self.path.rpartition("/")[2]] = self.body()
        self.say({})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(self, answer):
        self.send(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def create(self, asked):
        hub, name = self.server.owner, asked["name"]
        name = f"{asked['organization']}/{name}" if asked.get("organization") else name
        if name in hub.repos:
            answer = {"error": "You already created this repo", "url": f"{hub.url}/{name}"}
            return self.send(409, {}, json.dumps(answer).encode())
        private = asked.get("private") or asked.get("visibility") == "private"
        hub.add(name, {}, access="private" if private else "public")
        return self.say({"url": f"{hub.url}/{name}", "name": name, "id": name})

    def commit(self, name, revision, lines):
        repo = self.server.owner.repos[name]
        files = dict(repo.files(revision))
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.owner.parts[value["oid"]]
        sha = hashlib.sha1(repr(sorted(files)).encode()).hexdigest()
        repo.commits[sha], repo.refs[revision] = files, sha
        url = f"{self.server.owner.url}/{name}/commit/{sha}"
        self.say({"success": True, "commitUrl": url, "commitOid": sha})

    def answer(self):
        path = unquote(urlsplit(self.path).path)
        if match := re.fullmatch(r"/api/models/(.+?)/(revision|tree)/(.+)", path):
            return self.describe(*match.groups())
        if match := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path):
            return self.resolve(*match.groups())
        return self.refuse(404, "", "no such page")

    def find(self, name, revision):
        """The repository and its files, or None after a refusal was sent."""
        repo = self.server.owner.repos.get(name)
        if repo is None or (repo.access == "private" and not self.allowed()):
            return self.refuse(404, "RepoNotFound", "Repository not found")
        if repo.access == "down":
            return self.refuse(503, "", "Service unavailable")
        if repo.files(revision) is None:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return repo, repo.files(revision)

    def allowed(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def describe(self, name, page, revision):
        if not (found := self.find(name, revision)):
            return
        repo, files = found
        siblings = [_sibling(file, content) for file, content in files.items()]
        sha = repo.refs.get(revision, revision)
        answer = {"id": name, "sha": sha, "siblings": siblings}
        body = json.dumps(siblings if page == "tree" else answer).encode()
        self.send(200, {"Content-Type": "application/json"}, body)

    def resolve(self, name, revision, file):
        if not (found := self.find(name, revision)):
            return
        repo, files = found
        if repo.access == "gated" and not self.allowed():
            return self.refuse(401, "GatedRepo", f"Access to model {name} is restricted.")
        if file not in files:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        queue = repo.faults.get(file, [])
        fault = (queue.pop(0) if self.command == "GET" else queue[0]) if queue else {}
        headers = {
            "ETag": f'"{hashlib.sha256(files[file]).hexdigest()}"',
            "X-Repo-Commit": repo.refs.get(revision, revision),
            "X-Linked-Size": str(len(files[file])),
            "Accept-Ranges": "bytes",
        }
        self.send_file(name, file, files[file], headers, fault)

    def send_file(self, name, file, content, headers, fault):
        asked = self.headers.get("Range")
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        body = content[start : fault.get("length")]
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if fault.get("silent"):
            del headers["X-Linked-Size"]
        sent = body[: fault.get("after")]
        if self.command == "GET":
            self.server.owner.log.append((name, file, asked, len(sent)))
        length = None if fault.get("silent") else len(body)
        self.send(206 if asked else 200, headers, sent, length=length)

    def refuse(self, status, code, message):
        headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        self.send(status, headers, json.dumps({"error": message}).encode())

    def send(self, status, headers, body, length=...):
        length = len(body) if length is ... else length
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.close_connection = length is None or len(body) != length
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _sibling(file, content):
    """One file of a listing, under the names of both pages that list files."""
    sha = hashlib.sha256(content).hexdigest()
    entry = {"type": "file", "path": file, "rfilename": file, "size": len(content), "oid": sha}
    if len(content) >= LARGE:
        entry["lfs"] = {"size": len(content), "sha256": sha, "oid": sha, "pointerSize": 130}
    return entry


# Runs in the client's process: a line of JSON in, a line of JSON out. Waits between the client's
# attempts are cut short; nothing else of it is touched, unless a test asks for a full disk.
DRIVER = """
import contextlib, errno, io, json, os, sys, time, warnings
nap = time.sleep
time.sleep = lambda seconds: nap(min(seconds, 0.01))
answers, sys.stdout = sys.stdout, sys.stderr
import huggingface_hub
from keras_bert_zoo import sources
real = huggingface_hub.snapshot_download

def full_disk(*args, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

for line in sys.stdin:
    call = json.loads(line)
    huggingface_hub.snapshot_download = full_disk if call.pop("full_disk", False) else real
    answer, bars = {}, io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(bars):
        warnings.simplefilter("always", UserWarning)
        try:
            answer["path"] = str(sources.fetch(**call))
        except Exception as error:
            answer |= {"error": str(error), "kind": type(error).__name__}
            answer["cause"] = type(error.__cause__).__name__
    answer["warnings"] = [str(w.message) for w in caught if w.category is UserWarning]
    answer["bars"] = bars.getvalue()
    print(json.dumps(answer), file=answers, flush=True)
"""


def client_environment(url, home):
    """For a process whose huggingface_hub knows only our Hub."""
    drop = re.compile(r"HF_.*|.*_PROXY|HUGGING.*|TRANSFORMERS_.*|XDG_CACHE_HOME", re.IGNORECASE)
    env = {key: value for key, value in os.environ.items() if not drop.fullmatch(key)}
    env |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    env |= {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "NO_PROXY": "127.0.0.1"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    return env


class HubClient:
    """`sources.fetch` on the real huggingface_hub client, in a process that knows only our Hub."""

    def __init__(self, url, home, **settings):
        self.home = home
        env = client_environment(url, home)
        env |= {"TQDM_POSITION": "-1"}  # progress bars, though nobody is looking
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            env=env | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fetch(self, source, **options):
        """The call's outcome: {"path"} or {"error", "kind", "cause"}, with warnings and bars."""
        watchdog = threading.Timer(60, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(json.dumps({"source": source, **options}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise RuntimeError(f"the client's process ended with {self.process.wait()}")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
