"""Requests as fuzzers, mistaken programs and attackers make them."""

import json
import os

GOOD = {"texts": ["a good film", "bad ünï 🎉"], "top_k": 2}
VALUES = [
    None, True, 0, -1, 1.5, 10**30, "", "text", "\ud800", "\x00", [], [[]], {}, {"a": {}}, [None],
    ["a", 1], "a" * 500, "<script>alert(1)</script>", "../../etc/passwd", "' OR 1=1 --",
]  # fmt: skip
NAMES = ["text", "texts", "pairs", "pair", "top_k", "txt", "Text", "", "__proto__", "self", "\n"]
TYPES = ["application/json", "text/plain", "application/xml", "", "application/json; charset=x"]
RAW = [b"NaN", b"-Infinity", b"{", b"]", b'"', b"\x00", b"\xff\xfe{}", b"nul", b"1e999", b"0x1"]


def bodies(random, count):
    """`(body, headers)` of so many requests."""
    makers = (_values, _broken, _raw, _deep, _large, _types)
    for _ in range(count):
        yield random.choice(makers)(random)


def _json(value, kind="application/json"):
    return json.dumps(value).encode(), {"Content-Type": kind}


def _values(random):
    names = random.sample(NAMES, random.randrange(4))
    return _json({name: random.choice(VALUES) for name in names})


def _broken(random):
    """A good request with bytes changed, left out, put in."""
    body = bytearray(json.dumps(GOOD, ensure_ascii=False).encode())
    for _ in range(random.randrange(1, 5)):
        place = random.randrange(len(body))
        body[place : place + random.randrange(3)] = random.randbytes(random.randrange(3))
    return bytes(body), {"Content-Type": "application/json"}


def _raw(random):
    body = random.choice([*RAW, random.randbytes(random.randrange(100))])
    return body, {"Content-Type": "application/json"}


def _deep(random):
    depth, (left, right) = random.choice([5, 40, 900]), random.choice([("[", "]"), ('{"a":', "}")])
    body = left * depth + "1" + right * random.choice([depth, depth - 1])
    return body.encode(), {"Content-Type": "application/json"}


def _large(random):
    return _json({"texts": ["a" * random.choice([10, 100, 3000])] * random.choice([1, 5, 50])})


def _types(random):
    headers = {"Content-Type": random.choice(TYPES)}
    if random.random() < 0.3:
        headers["Content-Encoding"] = random.choice(["gzip", "br", "identity"])
    return json.dumps(GOOD).encode(), headers


def rss():
    """Bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
