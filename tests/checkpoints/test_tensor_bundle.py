"""TensorFlow checkpoints are read as TensorFlow wrote them, and damaged ones are refused."""

import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_bert_zoo.checkpoints import leveldb_table, snappy
from keras_bert_zoo.checkpoints.crc32c import crc32c, masked
from keras_bert_zoo.checkpoints.report import ConversionError
from keras_bert_zoo.checkpoints.tensor_bundle import TensorBundle, find_bundle
from keras_bert_zoo.checkpoints.tensors import open_tensors
from tests.checkpoints import bundles
from tests.checkpoints.bundles import BFLOAT16, KINDS, block, entry, field, index, varint
from tests.paths import data_path

pytestmark = pytest.mark.any_backend

RNG = np.random.default_rng(0)
ARRAYS = {
    "a/kernel": RNG.normal(size=(3, 5)).astype("float32"),
    "a/bias": RNG.normal(size=5).astype("float16"),
    "b/table": RNG.normal(size=(4, 2, 3)).astype(BFLOAT16),
    "global_step": np.array(7, "int64"),
    "none": np.zeros((0, 4), "float32"),
}


def arrays_of(tensors):
    return {name: tensors[name] for name in tensors}


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name


def read_all(path):
    with open_tensors(path) as tensors:
        return arrays_of(tensors)


# What TensorFlow writes.


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


def save(tf, prefix, arrays, slices=None):
    values = [tf.constant(a, dtype=tf.dtypes.as_dtype(a.dtype)) for a in arrays.values()]
    slices = slices or [""] * len(values)
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=list(arrays), shape_and_slices=slices, tensors=values
    )


@pytest.mark.parametrize("size", [(), (0,), (3,), (2, 0, 3), (5, 1, 7), (300, 301)])
def test_every_dtype_and_shape(tf, tmp_path, size):
    values = RNG.integers(0, 2, size)
    arrays = {name: values.astype(BFLOAT16 if "bf" in name else name) for name in KINDS}
    save(tf, tmp_path / "model.ckpt", arrays)
    assert_equal(read_all(tmp_path), arrays)


def test_many_tensors_in_several_blocks(tf, tmp_path):
    names = [RNG.bytes(40).hex() + f"/{number}" for number in range(4000)]
    arrays = {name: np.array(number, "int32") for number, name in enumerate(names)}
    save(tf, tmp_path / "model.ckpt", arrays)
    data = (tmp_path / "model.ckpt.index").read_bytes()
    blocks = list(leveldb_table._entries(leveldb_table._index_block(data), "index"))
    assert len(blocks) > 1
    assert_equal(read_all(tmp_path), arrays)


def test_several_shards(tf, tmp_path):
    prefixes = []
    for shard, name in enumerate(["a/kernel", "b/table", "global_step"]):
        part = str(tmp_path / "part")
        prefix = tf.raw_ops.ShardedFilename(basename=part, shard=shard, num_shards=3)
        prefixes.append(prefix)
        save(tf, prefix.numpy().decode(), {name: ARRAYS[name]})
    target = str(tmp_path / "model.ckpt")
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=prefixes, destination_prefix=target)
    found = read_all(tmp_path / "model.ckpt.index")
    assert_equal(found, {name: ARRAYS[name] for name in ("a/kernel", "b/table", "global_step")})
    (tmp_path / "model.ckpt.data-00001-of-00003").unlink()
    with open_tensors(tmp_path / "model.ckpt.index") as tensors:
        assert tensors["a/kernel"].shape == (3, 5)
        with pytest.raises(ConversionError, match=r"'b/table': it is in model.ckpt.data-00001-of"):
            tensors["b/table"]
    with pytest.raises(ConversionError, match="is not in"):
        TensorBundle(tmp_path / "model.ckpt.index").check_shards()


def test_object_graphs_are_strings_beside_the_tensors(tf, tmp_path):
    words = tf.Variable(["a", "", "ß" * 200])
    prefix = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0]), s=words).write(str(tmp_path / "tf2"))
    bundle = TensorBundle(f"{prefix}.index")
    weight = "w/.ATTRIBUTES/VARIABLE_VALUE"
    assert bundle.specs[weight] == ((2,), np.dtype("float32"))
    assert bundle.read(weight).tolist() == [1, 2]
    reader = tf.train.load_checkpoint(prefix)
    for name in ("_CHECKPOINTABLE_OBJECT_GRAPH", "s/.ATTRIBUTES/VARIABLE_VALUE"):
        assert name in bundle.strings
        assert bundle.read_string(name) == np.ravel(reader.get_tensor(name)).tolist()
    with pytest.raises(KeyError):
        bundle.read("_CHECKPOINTABLE_OBJECT_GRAPH")
    with pytest.raises(KeyError):
        bundle.read_string(weight)
    bundle.close()
    path = tmp_path / "tf2.data-00000-of-00001"
    data = path.read_bytes()
    for place in range(0, len(data), 5):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        bundle, refused = TensorBundle(f"{prefix}.index"), 0
        for name in bundle.strings + tuple(bundle.specs):
            try:
                (bundle.read_string if name in bundle.strings else bundle.read)(name)
            except ConversionError:
                refused += 1
        bundle.close()
        assert refused == 1, place


def test_the_saver_of_tensorflow_1(tf, tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = [
            tf.compat.v1.get_variable(name, initializer=tf.constant(ARRAYS[name]))
            for name in ("a/kernel", "global_step")
        ]
        session.run([variable.initializer for variable in variables])
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "bert_model.ckpt"))
    assert_equal(read_all(tmp_path), {n: ARRAYS[n] for n in ("a/kernel", "global_step")})


def test_a_partitioned_variable_is_refused_by_name(tf, tmp_path):
    part = np.ones((5, 2), "float32")
    save(tf, tmp_path / "m", {"table": part}, ["10 2 0,5:-"])
    save(tf, tmp_path / "n", {"table": part, "b": part}, ["10 2 0,5:-", ""])
    with open_tensors(tmp_path / "n.index") as tensors:
        assert tensors.names() == ["b", "table"]
        assert tensors.shape("table") == (10, 2)
        assert tensors["b"].sum() == 10
        with pytest.raises(ConversionError, match="'table': it is a partitioned variable"):
            tensors["table"]


def test_tensorflow_reads_what_the_tests_write(tf, tmp_path):
    path = bundles.write_bundle(tmp_path, ARRAYS)
    reader = tf.train.load_checkpoint(str(path).removesuffix(".index"))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(reader.get_tensor(name), array)


@pytest.mark.real
def test_the_index_of_a_published_checkpoint():
    folder = data_path("tf1-index", "google-chinese")
    with open_tensors(folder) as tensors:
        assert len(tensors) == 206
        assert tensors.shape("bert/embeddings/word_embeddings") == (21128, 768)
        assert tensors.dtype("cls/predictions/output_bias") == np.float32
        assert sum(np.prod(tensors.shape(name)) for name in tensors) == 102_882_442
        with pytest.raises(ConversionError, match="bert_model.ckpt.data-00000-of-00001, which is"):
            tensors["bert/pooler/dense/bias"]


# The parts.


def test_checksums():
    # RFC 3720, appendix B.4, and the usual check value.
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    data = RNG.bytes(140_000)
    for size in [*range(40), 1023, 4096, 131_071, 131_072, 131_073, 140_000]:
        assert crc32c(data[:size]) == bundles.slow_crc(data[:size]), size
    odd = np.frombuffer(data, np.uint8)[1:]
    assert crc32c(odd) == bundles.slow_crc(data[1:])


def compressor():
    codec = pytest.importorskip("pyarrow").Codec("snappy")
    return lambda data: codec.compress(data, asbytes=True)


@pytest.mark.parametrize(
    "data",
    [b"", b"a", b"ab" * 5000, bytes(70_000), RNG.bytes(70_000), RNG.bytes(300) * 300],
)
def test_snappy_unpacks_what_was_packed(data):
    assert snappy.unpack(compressor()(data), len(data)) == data


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (b"", "cut short"),
        (b"\x05\x10hell", "cut short"),
        (b"\x05\x0chell", "holds 4 bytes; it claims 5"),
        (b"\x03\x0chell", "more than the 3"),
        (b"\x08\x00a\x05\x00", "0 bytes back"),
        (b"\x08\x00a\x05\x02", "2 bytes back"),
        (b"\x08\x00a\x1e\x02\x00", "2 bytes back"),
        (b"\x08\x00a\x1f\xff\xff\xff\xff", "bytes back"),
        (b"\x08\xfc\xff\xff\xff\xff", "cut short"),
        (varint(1 << 40) + b"\x00a", "claim to be"),
        (varint(1 << 60) + b"\x00a" + b"\xfe\x01\x00" * 1000, "claim to be"),
        (b"\xff" * 11, "more than 10 bytes"),
        (b"\xff" * 9 + b"\x7f", "more than 64 bits"),
    ],
)
def test_snappy_refuses(packed, expected):
    with pytest.raises(ValueError, match=expected):
        snappy.unpack(packed, 1 << 20)


def test_a_snappy_bomb_stays_small():
    bomb = varint(3_000_000) + b"\x00a" + b"\xfe\x01\x00" * 46_875
    with pytest.raises(ValueError, match="claim to be 3000000 bytes; expected at most 1000"):
        snappy.unpack(bomb, 1000)


def test_a_compressed_table(tmp_path):
    bundles.write_bundle(tmp_path, ARRAYS)
    path = tmp_path / "bert_model.ckpt.index"
    found = leveldb_table.read_table(path.read_bytes())
    path.write_bytes(bundles.table([list(found.items())], compress=compressor()))
    assert_equal(read_all(tmp_path), ARRAYS)


# What is refused. Each file is sound but for what its case says: checksums included.

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
    for stem in ("model.ckpt-1", "model.ckpt-2"):
        bundles.write_bundle(tmp_path, ARRAYS, stem)
    with pytest.raises(ConversionError, match="2 checkpoints: model.ckpt-1.index, model.ckpt-2"):
        open_tensors(tmp_path)


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
