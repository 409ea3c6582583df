"""The part of Kaggle that hands out models, on 127.0.0.1, for the real client of kagglehub.

>>> with Kaggle() as kaggle:
...     kaggle.models["keras/bert/keras/tiny"] = {1: {"config.json": b"{}"}}
...     run(DRIVER, env=kaggle_environment(kaggle.url, home))
"""

import json
import os
import re
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.hub_server import ROOT
from tests.loopback import Loopback

SERVICE = "/v1/models.ModelApiService/"


class Kaggle(Loopback):
    """The server: `models`, handle -> version -> file -> bytes; `refused` handles; and a `log`."""

    def __init__(self):
        super().__init__(_Handler)
        self.models, self.refused = {}, set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        kaggle, call = self.server.owner, urlsplit(self.path).path.removeprefix(SERVICE)
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        parts = [asked.get(key) for key in ("ownerSlug", "modelSlug", "framework", "instanceSlug")]
        parts[2] = str(parts[2]).removeprefix("MODEL_FRAMEWORK_").lower()
        handle, version = "/".join(map(str, parts)), asked.get("versionNumber")
        kaggle.log.append((call, handle, version, asked.get("path")))
        versions = kaggle.models.get(handle)
        if handle in kaggle.refused:
            return self.send(403, json.dumps({"code": 403, "message": "no"}).encode())
        if versions is None or (version and version not in versions):
            return self.send(404, json.dumps({"code": 404, "message": "none"}).encode())
        if call == "GetModelInstance":
            return self.send(200, json.dumps({"versionNumber": max(versions)}).encode())
        if call == "ListModelInstanceVersionFiles":
            files = [{"name": name} for name in versions[version]]
            return self.send(200, json.dumps({"files": files, "nextPageToken": ""}).encode())
        return self.send(200, versions[version][asked["path"]], "application/octet-stream")

    def send(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# Runs in the client's process: calls as JSON in its argument, answers as the last line of its
# output. Only where Kaggle is to be found is changed.
DRIVER = """
import json, os, sys
from kagglesdk import kaggle_env
kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.PROD] = os.environ["KBZ_KAGGLE"]
import keras_bert_zoo as kbz
from keras_bert_zoo.sources import fetch
answers = []
for source in json.loads(sys.argv[1]):
    try:
        answers.append({"path": str(fetch(source))})
    except Exception as error:
        answers.append({"error": str(error), "kind": type(error).__name__})
encoder = kbz.Encoder.from_preset(json.loads(sys.argv[1])[0])
answers.append(float(sum(abs(w.numpy()).sum() for w in encoder.weights)))
print(json.dumps(answers))
"""


def kaggle_environment(url, home):
    """For a process whose kagglehub knows only our Kaggle, and nobody's account."""
    drop = re.compile(r"KAGGLE.*|.*_PROXY|TBE_.*|COLAB_.*", re.IGNORECASE)
    env = {key: value for key, value in os.environ.items() if not drop.fullmatch(key)}
    env |= {"KBZ_KAGGLE": url, "KAGGLEHUB_CACHE": str(home / "cache"), "HOME": str(home)}
    env |= {"USERPROFILE": str(home), "KAGGLE_CONFIG_DIR": str(home), "NO_PROXY": "127.0.0.1"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    return env
