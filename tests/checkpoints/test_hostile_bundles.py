"""TensorFlow checkpoints that are damaged, or made to do harm, are refused in one clear line."""

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_bert_zoo.checkpoints import leveldb_table
from keras_bert_zoo.checkpoints.crc32c import crc32c, masked
from keras_bert_zoo.checkpoints.report import ConversionError
from keras_bert_zoo.checkpoints.tensor_bundle import TensorBundle, find_bundle
from keras_bert_zoo.checkpoints.tensors import open_tensors
from tests.checkpoints import bundles
from tests.checkpoints.bundles import (
    ARRAYS,
    assert_equal,
    block,
    compressor,
    entry,
    field,
    index,
    read_all,
    varint,
)

pytestmark = pytest.mark.any_backend

# Each file is sound but for what its case says: checksums included.

TWO = {"x": entry(), "y": entry(offset=8)}
PAIR = (b"x", entry())
HOSTILE = {
    "no header": (index(TWO, None), "no header"),
    "no shards": (index(TWO, b""), "0 shards"),
    "many shards": (index(TWO, field(1, 1 << 40)), "1099511627776 shards"),
    "fewer than no shards": (index(TWO, field(1, -1)), "-1 shards"),
    "big-endian": (index(TWO, field(1, 1) + field(2, 1)), "byte order"),
    "from the future": (index(TWO, field(1, 1) + field(3, field(2, 9))), "version 9"),
    "header of no message": (index(TWO, b"\x0f"), "is of kind 7"),
    "shard beyond": (index({"x": entry(shard=1)}), "'x': it is in shard 1 of 1"),
    "shard below": (index({"x": entry(shard=-1)}), "shard -1"),
    "offset below": (index({"x": entry(offset=-8)}), "from -8"),
    "size below": (index({"x": entry(size=-8)}), "-8 bytes"),
    "size of another shape": (index({"x": entry(size=12)}), "12 bytes; expected 8 for float32"),
    "shape below": (index({"x": entry(sizes=(-1, 2))}), r"shape is \(-1, 2\)"),
    "shape below, twice": (index({"x": entry(sizes=(-1, -2))}), "shape is"),
    "a huge shape": (index({"x": entry(sizes=(1 << 62, 1 << 62))}), "shape is"),
    "a huge shape of nothing": (index({"x": entry(sizes=(0, 1 << 62), size=0)}), "shape is"),
    "no shape": (index({"x": entry(extra=field(2, field(3, 1)))}), "shape is unknown"),
    "many dimensions": (index({"x": entry(sizes=[1] * 40, size=4)}), "40 dimensions"),
    "dtype": (index({"x": entry(kind=21)}), "dtype has the number 21. Accepted: float32"),
    "shape of a number": (index({"x": field(1, 1) + field(2, 3)}), "field 2 is a number"),
    "dtype of bytes": (index({"x": field(1, b"abc")}), "field 1 is 3 bytes"),
    "overlap": (index({"x": entry(), "y": entry(offset=4)}), "'x' and 'y' share bytes"),
    "name": (bundles.table([[(b"", bundles.HEADER), (b"\xff", entry())]]), "not UTF-8"),
    "a key twice": (bundles.table([[(b"", bundles.HEADER), PAIR, PAIR]]), "twice"),
    "keys out of order": (bundles.table([[(b"", bundles.HEADER), (b"y", b""), PAIR]]), "order"),
    "a key in two blocks": (bundles.table([[(b"", bundles.HEADER), PAIR], [PAIR]]), "twice"),
    "a block twice": (
        bundles.table([[(b"", b"")]], handles=[(b"a", b"\x00\x0b"), (b"b", b"\x00\x0b")]),
        "before it reaches to",
    ),
    "a block beyond": (
        bundles.table([[]], handles=[(b"a", varint(1 << 50) + b"\x08")]),
        "a block at 1125899906842624",
    ),
    "a handle cut short": (bundles.table([[]], handles=[(b"a", b"\x80")]), "cut short"),
    "restarts": (bundles.table([b"\xff\xff\xff\xff"]), "4294967295 restarts"),
    "a block of nothing": (bundles.table([b""]), "has 0 bytes"),
    "shares too much": (bundles.table([b"\x05\x01\x00a" + bytes(4)]), "of 5 \\+ 1 bytes after"),
    "a long key": (bundles.table([[(b"k" * 5000, b"")]]), "a key of 0 \\+ 5005 bytes"),
    "a long value": (bundles.table([b"\x00\x01\xff\x7fa" + bytes(4)]), "cut short"),
    "endless number": (bundles.table([b"\xff" * 30 + bytes(4)]), "more than 10 bytes"),
    "unknown compression": (bundles.table([[]], kind=b"\2"), "compressed in way 2. Accepted: 0"),
    "nothing": (b"", "0 bytes; a table has"),
    "another format": (b"not a table" * 20, "a table ends with 0xdb4775248b80fb57"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_indices_are_refused(case, tmp_path):
    path = tmp_path / "model.ckpt.index"
    data, expected = HOSTILE[case]
    path.write_bytes(data)
    with pytest.raises(ConversionError, match=expected) as error:
        TensorBundle(path)
    assert "model.ckpt.index" in str(error.value)


def test_keys_that_grow_out_of_little(tmp_path):
    # Each takes all of the one before it: 2 MB that would become a gigabyte.
    start = varint(0) + varint(4000) + varint(0) + b"k" * 4000
    entries = [varint(4000) + b"\x04\x00" + n.to_bytes(4, "big") for n in range(250_000)]
    content = start + b"".join(entries) + bytes(4)
    data = bundles.table([content], checksum=lambda data: masked(crc32c(data)))
    tracemalloc.start()
    with pytest.raises(ValueError, match="more blocks or entries than"):
        leveldb_table.read_table(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_many_blocks_of_nothing():
    def stored(content):
        return content + b"\0" + masked(crc32c(content + b"\0")).to_bytes(4, "little")

    count, nothing = 40_000, bytes(4)
    handles = block((b"%06d" % n, varint(9 * n) + b"\x04") for n in range(count))
    data = stored(nothing) * count + stored(handles)
    footer = b"\0\x04" + varint(9 * count) + varint(len(handles))
    magic = leveldb_table.MAGIC.to_bytes(8, "little")
    with pytest.raises(ValueError, match="more blocks or entries than"):
        leveldb_table.read_table(data + footer.ljust(40, b"\0") + magic)


def test_an_index_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(leveldb_table, "MAX_BYTES", 100)
    path = bundles.write_bundle(tmp_path, ARRAYS)
    with pytest.raises(ConversionError, match="expected at most 100"):
        TensorBundle(path)


def test_numbers_that_are_not_there_are_not_allocated(tmp_path):
    path = tmp_path / "m.index"
    path.write_bytes(index({"x": entry(sizes=(1 << 40,), size=1 << 42)}))
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(100))
    bundle = TensorBundle(path)
    for read in (bundle.check_shards, lambda: bundle.read("x")):
        with pytest.raises(ConversionError, match=r"'x': it has 4398046511104 bytes .* at 100"):
            read()
    bundle.close()


def test_a_bool_is_0_or_1(tmp_path):
    raw = b"\x00\x02"
    path = tmp_path / "m.index"
    path.write_bytes(index({"x": entry(10, (2,), size=2, checksum=bundles.masked(raw))}))
    (tmp_path / "m.data-00000-of-00001").write_bytes(raw)
    with pytest.raises(ConversionError, match="'x': a bool of value 2"):
        TensorBundle(path).read("x")


def test_a_string_that_claims_much(tmp_path):
    path = tmp_path / "m.index"
    path.write_bytes(index({"x": entry(7, (1 << 50,), size=2)}))
    (tmp_path / "m.data-00000-of-00001").write_bytes(b"\x01\x01")
    with pytest.raises(ConversionError, match="'x': cut short"):
        TensorBundle(path).read_string("x")


def test_a_folder_of_several_checkpoints(tmp_path):
    assert find_bundle(tmp_path) is None
    first, second = (
        bundles.write_bundle(tmp_path, ARRAYS, stem) for stem in ("model.ckpt-1", "model.ckpt-2")
    )
    several = r"2 checkpoints: model.ckpt-1, model.ckpt-2. Name one .*model.ckpt-2'"
    with pytest.raises(ConversionError, match=several):
        open_tensors(tmp_path)
    assert find_bundle(first) == find_bundle(tmp_path / "model.ckpt-1") == first
    latest = tmp_path / "checkpoint"
    for path in ("model.ckpt-2", "/home/me/model.ckpt-2", r"C:\\me\\model.ckpt-2"):
        latest.write_text(f'model_checkpoint_path: "{path}"\nall_model_checkpoint_paths: "x"\n')
        assert find_bundle(tmp_path) == second
        assert open_tensors(tmp_path).source == ("model.ckpt-2.index",)
    for text in (b'model_checkpoint_path: "../x"', b"", b"\xff", b'model_checkpoint_path: ""'):
        latest.write_bytes(text)
        with pytest.raises(ConversionError, match=several):
            find_bundle(tmp_path)
    latest.write_text('model_checkpoint_path: "model.ckpt-9"\n')  # not here any more
    second.unlink()
    assert find_bundle(tmp_path) == first


# Damage.

SMALL = {name: ARRAYS[name] for name in ("a/kernel", "a/bias", "global_step")}


@pytest.fixture
def small(tmp_path):
    return bundles.write_bundle(tmp_path, SMALL)


def test_every_byte_counts(small):
    """Any byte that changes is noticed, in the index and in the data."""
    for path in (small, small.with_name("bert_model.ckpt.data-00000-of-00001")):
        data = path.read_bytes()
        for place in range(len(data)):
            path.write_bytes(
                data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
            )
            with pytest.raises(ConversionError):
                read_all(small)
        path.write_bytes(data)
    assert_equal(read_all(small), SMALL)


def test_files_cut_short(small):
    for path in (small, small.with_name("bert_model.ckpt.data-00000-of-00001")):
        data = path.read_bytes()
        for size in range(len(data)):
            path.write_bytes(data[:size])
            with pytest.raises(ConversionError):
                read_all(small)
        path.write_bytes(data)


FUZZ = settings(
    max_examples=50,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EDITS = st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=12), st.integers(0, 12)))


def edit(data, edits):
    """Replaces stretches of bytes."""
    for place, new, gone in edits:
        place %= len(data) + 1
        data = data[:place] + new + data[place + gone :]
    return data


def try_to_read(path, data):
    path.write_bytes(data)
    with suppress(ConversionError):
        read_all(path)


@FUZZ
@given(EDITS)
def test_mutated_files(small, edits):
    try_to_read(small, edit(SOUND, edits))


@FUZZ
@given(EDITS)
def test_mutated_blocks_under_sound_checksums(small, edits):
    try_to_read(small, bundles.table([edit(PLAIN, edits)]))


@FUZZ
@given(EDITS, st.sampled_from(["", *sorted(SMALL)]))
def test_mutated_messages_under_sound_checksums(small, edits, name):
    pairs = {**MESSAGES, name.encode(): edit(MESSAGES[name.encode()], edits)}
    try_to_read(small, bundles.table([list(pairs.items())]))


@FUZZ
@given(EDITS)
def test_mutated_snappy_under_sound_checksums(small, edits):
    packed = compressor()(PLAIN)
    try_to_read(small, bundles.table([PLAIN], compress=lambda data: edit(packed, edits)))


def _sound(folder):
    path = bundles.write_bundle(folder, SMALL)
    messages = leveldb_table.read_table(path.read_bytes())
    return path.read_bytes(), messages, block(messages.items())


@pytest.fixture(scope="module", autouse=True)
def _material(tmp_path_factory):
    global SOUND, MESSAGES, PLAIN
    SOUND, MESSAGES, PLAIN = _sound(tmp_path_factory.mktemp("sound"))
