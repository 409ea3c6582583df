"""TensorFlow checkpoints are read as TensorFlow wrote them, and damaged ones are refused."""

import numpy as np
import pytest

from keras_bert_zoo.checkpoints import leveldb_table, snappy
from keras_bert_zoo.checkpoints.crc32c import crc32c
from keras_bert_zoo.checkpoints.report import ConversionError
from keras_bert_zoo.checkpoints.tensor_bundle import TensorBundle
from keras_bert_zoo.checkpoints.tensors import open_tensors
from tests.checkpoints import bundles
from tests.checkpoints.bundles import (
    ARRAYS,
    BFLOAT16,
    KINDS,
    RNG,
    assert_equal,
    compressor,
    read_all,
    varint,
)
from tests.paths import data_path

pytestmark = pytest.mark.any_backend


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
