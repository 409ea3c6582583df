"""Folders in fairseq's layout of models that transformers made, written apart from the reader."""

import argparse
import re
import sys
import types

import pytest

# Hugging Face's layer -> fairseq's, in its releases from 0.10 on.
LAYERS = {
    "embeddings.word_embeddings": "encoder.sentence_encoder.embed_tokens",
    "embeddings.position_embeddings": "encoder.sentence_encoder.embed_positions",
    "embeddings.LayerNorm": "encoder.sentence_encoder.layernorm_embedding",
    "encoder.LayerNorm": "encoder.sentence_encoder.layer_norm",
    "attention.self.query": "self_attn.q_proj",
    "attention.self.key": "self_attn.k_proj",
    "attention.self.value": "self_attn.v_proj",
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "self_attn_layer_norm",
    "attention.self_attn_layer_norm": "self_attn_layer_norm",
    "intermediate.dense": "fc1",
    "output.dense": "fc2",
    "output.LayerNorm": "final_layer_norm",
    "LayerNorm": "final_layer_norm",
    "lm_head.decoder": "encoder.lm_head",
    "lm_head.dense": "encoder.lm_head.dense",
    "lm_head.layer_norm": "encoder.lm_head.layer_norm",
    "classifier.dense": "classification_heads.HEAD.dense",
    "classifier.out_proj": "classification_heads.HEAD.out_proj",
}


def state_of(model, head="mnli"):
    """fairseq's name -> tensor."""
    import torch

    state = {"encoder.sentence_encoder.embed_positions._float_tensor": torch.zeros(1)}
    for name, tensor in model.state_dict().items():
        layer, _, end = re.sub(r"^\w*roberta\w*\.", "", name).rpartition(".")
        block = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", layer)
        if block:
            theirs = f"encoder.sentence_encoder.layers.{block[1]}.{LAYERS[block[2]]}"
        elif layer in LAYERS:
            theirs = LAYERS[layer].replace("HEAD", head)
        else:
            assert re.search("token_type|position_ids|lm_head.bias", name), name
            continue
        state[f"{theirs}.{end}"] = tensor
    return state


def as_of_2019(state):
    """The same with the names of release 0.8."""
    import torch

    old = {}
    for name, tensor in state.items():
        name = name.replace("layernorm_embedding", "emb_layer_norm")
        name = re.sub(r"^encoder\.", "decoder.", name)
        found = re.fullmatch(r"(.*self_attn\.)([qkv])_proj\.(\w+)", name)
        if not found:
            old[name] = tensor
        elif found[2] == "q":
            parts = [state[name.replace("decoder", "encoder").replace("q_proj", f"{part}_proj")]
                     for part in "qkv"]  # fmt: skip
            old[f"{found[1]}in_proj_{found[3]}"] = torch.cat(parts)
    return old


def settings_of(config, **changes):
    """What fairseq's command line makes of a model's numbers, and more that it has."""
    settings = {
        "arch": "roberta_base",
        "task": "masked_lm",
        "encoder_layers": config.num_hidden_layers,
        "encoder_embed_dim": config.hidden_size,
        "encoder_ffn_embed_dim": config.intermediate_size,
        "encoder_attention_heads": config.num_attention_heads,
        "activation_fn": "gelu",
        "pooler_activation_fn": "tanh",
        "dropout": 0.1,
        "attention_dropout": 0.1,
        "activation_dropout": 0.0,
        "pooler_dropout": 0.2,
        "max_positions": config.max_position_embeddings - 2,
        "encoder_layers_to_keep": None,
        "lr": [0.0006],
        "adam_betas": "(0.9, 0.98)",
        "data": "/data/books",
    }
    return {name: value for name, value in {**settings, **changes}.items() if value is not ...}


def namespace(settings):
    return {"args": argparse.Namespace(**settings)}


def dictionary(settings):
    return {"args": None, "cfg": {"_name": None, "model": dict(settings), "task": {"seed": 1}}}


def mixed(settings):
    """A config of dicts in which the model's part stayed a namespace."""
    length = settings.pop("max_positions")
    model = argparse.Namespace(**settings)
    return {"args": None, "cfg": {"model": model, "task": {"tokens_per_sample": length}}}


def omegaconf(settings):
    """What omegaconf makes of such a config: its classes, and those of fairseq that it mentions.

    The attributes are those that omegaconf 2.3 pickles.
    """
    names = {
        "omegaconf.dictconfig": ["DictConfig"],
        "omegaconf.nodes": ["AnyNode", "IntegerNode"],
        "omegaconf.base": ["Metadata", "ContainerMetadata"],
        "fairseq.dataclass.configs": ["FairseqConfig"],
    }
    made = {name: types.ModuleType(name) for name in names}
    for module, classes in names.items():
        for name in classes:
            setattr(made[module], name, type(name, (), {"__module__": module}))
    part = {name: cls for module in made.values() for name, cls in vars(module).items()}

    def new(name, **attributes):
        value = part[name]()
        vars(value).update(attributes)
        return value

    def node(value, parent):
        meta = new("Metadata", ref_type=int, optional=True, key="x", flags={"readonly": None})
        kind = "IntegerNode" if type(value) is int else "AnyNode"
        return new(kind, _metadata=meta, _parent=parent, _val=value)

    def config(contents, kind, parent=None):
        meta = new("ContainerMetadata", ref_type=int, object_type=kind, element_type=float)
        made = new("DictConfig", _metadata=meta, _parent=parent)
        made._content = {
            key: config(value, dict, made) if type(value) is dict else node(value, made)
            for key, value in contents.items()
        }
        return made

    contents = {"common": {"seed": 1}, "model": dict(settings), "task": {"_name": "masked_lm"}}
    return {"args": None, "cfg": config(contents, part["FairseqConfig"])}, made


@pytest.fixture
def omegaconf_modules(monkeypatch):
    """`omegaconf`, whose classes can be pickled while the test runs."""

    def build(settings):
        state, modules = omegaconf(settings)
        for name, module in modules.items():
            for end in range(name.count(".") + 1):
                package = name.rsplit(".", end)[0] if end else name
                whole = module if not end else types.ModuleType(package)
                monkeypatch.setitem(sys.modules, package, whole)
        return state

    return build


def write_fairseq(
    folder, model, form=namespace, old=False, head="mnli", name="model.pt", **changes
):
    """A checkpoint, with an optimizer's state, and an empty dictionary."""
    import torch

    folder.mkdir(exist_ok=True)
    state = state_of(model, head)
    state = {
        **form(settings_of(model.config, **changes)),
        "model": as_of_2019(state) if old else state,
        "criterion": {"weight": torch.ones(2)},
        "optimizer_history": [{"optimizer_name": "FairseqAdam", "num_updates": 3}],
        "extra_state": {"epoch": 1, "train_iterator": {"offset": 0}},
        "last_optimizer_state": {"state": {0: {"step": torch.ones(1)}}, "param_groups": []},
    }
    torch.save(state, folder / name, _use_new_zipfile_serialization=not old)
    (folder / "dict.txt").write_text("a 1\n")
    return state
