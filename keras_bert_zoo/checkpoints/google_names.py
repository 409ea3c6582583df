"""How Google's scripts of TensorFlow 1 name the weights of BERT, ALBERT and ELECTRA.

Each name has one that Hugging Face has for the same weight, so that one table in a family serves
both. The sources: https://github.com/google-research/bert, /albert and /electra there.
"""

import dataclasses
import re
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class GoogleNames:
    """How Google writes one family down.

    Args:
        family: ours.
        config_file: the name of its config.
        marker: start of the name of a tensor that tells the family; see `FAMILY_NAMES`.
        tensors: whole names -> Hugging Face's. These are kept there as they are.
        layers: their layer -> Hugging Face's, `{i}` for the number of a block. One that is not
            listed has the same name, with dots.
        gelu: Hugging Face's name of what `gelu` means in their code, and why it is taken.
        required: as of `HuggingFaceNames`.
        unread: start of the names of tensors of heads that no task here has.
        vocabularies: patterns of the tokenizer's file, the likeliest first.
        checkpoint: what the files of a checkpoint are called.
        fields: what a config says, by Hugging Face's names, which are the same.
        heads: ends of the names of Hugging Face's classes whose heads are kept under their names.
    """

    family: str
    config_file: str
    marker: str
    tensors: Mapping[str, str]
    layers: Mapping[str, str]
    gelu: tuple[str, str]
    checkpoint: str
    fields: tuple[str, ...]
    heads: tuple[str, ...]
    required: Mapping[str, tuple] = dataclasses.field(default_factory=dict)
    unread: tuple[str, ...] = ("\0",)  # no name starts so
    vocabularies: tuple[str, ...] = ("vocab.txt",)


FIELDS = (
    "attention_probs_dropout_prob",
    "hidden_act",
    "hidden_dropout_prob",
    "hidden_size",
    "initializer_range",
    "intermediate_size",
    "max_position_embeddings",
    "num_attention_heads",
    "num_hidden_layers",
    "type_vocab_size",
    "vocab_size",
)
# Ends of names; a kernel is written (inputs, outputs).
ENDS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
# What an optimizer keeps: Google's AdamWeightDecayOptimizer, those of TensorFlow 1, LAMB.
OPTIMIZER = re.compile(
    r".*/(adam_[mv]|Adam(_\d)?|lamb_[mv]|Momentum|ExponentialMovingAverage)"
    r"|(.*/)?(global_step|temperature|beta[12]_power(_\d)?)|.*loss_scale.*|.*good_steps.*"
)
_SCOPE = "module/"  # before the names of a model that was used as a module of TensorFlow Hub


def _tables(theirs, prefix):
    kinds = ("word", "position", "token_type")
    return {
        f"{theirs}/embeddings/{kind}_embeddings": f"{prefix}.embeddings.{kind}_embeddings.weight"
        for kind in kinds
    }


# Of run_classifier.py; their matrices are (outputs, inputs).
_CLASSIFIER = {"output_weights": "classifier.weight", "output_bias": "classifier.bias"}

BERT = GoogleNames(
    family="bert",
    config_file="bert_config.json",
    marker="bert/embeddings/word_embeddings",
    tensors={
        **_tables("bert", "bert"),
        "cls/predictions/output_bias": "cls.predictions.bias",
        "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
        "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
        "cls/squad/output_weights": "qa_outputs.weight",  # run_squad.py
        "cls/squad/output_bias": "qa_outputs.bias",
        **_CLASSIFIER,
    },
    layers={},
    # Their code had the error function at first and the tanh form later, under one name.
    gelu=("gelu", "gelu (the exact one, as transformers takes it)"),
    checkpoint="bert_model.ckpt",
    fields=FIELDS,
    heads=(
        "ForMaskedLM",
        "ForPreTraining",
        "ForNextSentencePrediction",
        "ForSequenceClassification",
        "ForQuestionAnswering",
    ),
)

_GROUP = "bert/encoder/transformer/group_{i}/inner_group_0"
_LAYER = "albert.encoder.albert_layer_groups.{i}.albert_layers.0"
ALBERT = GoogleNames(
    family="albert",
    config_file="albert_config.json",
    marker="bert/encoder/transformer/group_0/",
    tensors={
        **_tables("bert", "albert"),
        "cls/predictions/output_bias": "predictions.bias",
        "cls/seq_relationship/output_weights": "sop_classifier.classifier.weight",
        "cls/seq_relationship/output_bias": "sop_classifier.classifier.bias",
        **_CLASSIFIER,
    },
    layers={
        "bert/embeddings/LayerNorm": "albert.embeddings.LayerNorm",
        "bert/encoder/embedding_hidden_mapping_in": "albert.encoder.embedding_hidden_mapping_in",
        f"{_GROUP}/attention_1/self/query": f"{_LAYER}.attention.query",
        f"{_GROUP}/attention_1/self/key": f"{_LAYER}.attention.key",
        f"{_GROUP}/attention_1/self/value": f"{_LAYER}.attention.value",
        f"{_GROUP}/attention_1/output/dense": f"{_LAYER}.attention.dense",
        f"{_GROUP}/LayerNorm": f"{_LAYER}.attention.LayerNorm",
        f"{_GROUP}/ffn_1/intermediate/dense": f"{_LAYER}.ffn",
        f"{_GROUP}/ffn_1/intermediate/output/dense": f"{_LAYER}.ffn_output",
        f"{_GROUP}/LayerNorm_1": f"{_LAYER}.full_layer_layer_norm",
        "bert/pooler/dense": "albert.pooler",
        "cls/predictions/transform/dense": "predictions.dense",
        "cls/predictions/transform/LayerNorm": "predictions.LayerNorm",
    },
    gelu=("gelu_new", "gelu_tanh (the only gelu of ALBERT's code)"),
    checkpoint="model.ckpt-best",
    fields=(*FIELDS, "embedding_size", "num_hidden_groups", "inner_group_num"),
    heads=("ForMaskedLM", "ForPreTraining", "ForSequenceClassification"),
    # Written in every config, and read by no code that was published.
    required={
        "net_structure_type": (0,),
        "gap_size": (0,),
        "num_memory_blocks": (0,),
        "down_scale_factor": (1,),
    },
    unread=("start_logits/", "end_logits/", "answer_class/"),  # run_squad_v1.py, run_squad_v2.py
    vocabularies=("*.model", "vocab*.txt"),  # 30k-clean.model; the Chinese ones have a vocab.txt
)

ELECTRA = GoogleNames(
    family="electra",
    config_file="config.json",  # of the user's, if any; see google_electra.py
    marker="electra/embeddings/word_embeddings",
    tensors={
        **_tables("electra", "electra"),
        "generator_predictions/output_bias": "generator_lm_head.bias",
    },
    layers={"discriminator_predictions/dense_1": "discriminator_predictions.dense_prediction"},
    gelu=("gelu", "gelu (the exact one, the only one of ELECTRA's code)"),
    checkpoint="electra_model.ckpt",
    fields=(*FIELDS, "embedding_size"),
    heads=("ForMaskedLM", "ForPreTraining"),
    unread=("task_specific/",),  # run_finetuning.py
)

# Told by their markers, first come first served: ALBERT has BERT's tables.
FAMILY_NAMES = (ALBERT, BERT, ELECTRA)


def names_of(tensors):
    """The `GoogleNames` of a checkpoint with these names of tensors, or None."""
    for names in FAMILY_NAMES:
        if any(name.removeprefix(_SCOPE).startswith(names.marker) for name in tensors):
            return names
    return None


def translate(name, names):
    """`(Hugging Face's name, whether the matrix is transposed)` of one of Google's names.

    Args:
        name: of a tensor.
        names: `GoogleNames` of the family.

    >>> translate("bert/encoder/layer_0/attention/self/query/kernel", BERT)
    ('bert.encoder.layer.0.attention.self.query.weight', True)
    """
    name = name.removeprefix(_SCOPE)
    if name in names.tensors:
        return names.tensors[name], False
    layer, _, end = name.rpartition("/")
    block = re.search(r"(?<=/group_)\d+(?=/)", layer)
    number = block[0] if block else ""
    listed = names.layers.get(re.sub(r"(?<=/group_)\d+(?=/)", "{i}", layer, count=1))
    if listed is None:
        listed = re.sub(r"/layer_(\d+)(?=/)", r"/layer/\1", layer).replace("/", ".")
    path = f"{listed.replace('{i}', number)}." if layer else ""
    return path + ENDS.get(end, end), end == "kernel"


def google_name(name, names):
    """`(Google's name, whether the matrix is transposed)` of one of Hugging Face's.

    >>> google_name("bert.encoder.layer.0.attention.self.query.weight", BERT)
    ('bert/encoder/layer_0/attention/self/query/kernel', True)
    """
    whole = {ours: theirs for theirs, ours in names.tensors.items()}
    if name in whole:
        return whole[name], False
    layer, _, end = name.rpartition(".")
    for theirs, ours in names.layers.items():
        pattern = re.escape(ours).replace(r"\{i\}", r"(\d+)")
        if match := re.fullmatch(pattern, layer):
            found = theirs.replace("{i}", match[1] if match.groups() else "")
            break
    else:
        found = re.sub(r"\.layer\.(\d+)(?=\.)", r".layer_\1", layer).replace(".", "/")
    norm = found.rpartition("/")[2].startswith("LayerNorm")
    ends = ("gamma", "beta") if norm else ("kernel", "bias")
    end = dict(zip(("weight", "bias"), ends))[end]
    return f"{found}/{end}", end == "kernel"


def is_unread(name, names):
    """Whether a tensor is an optimizer's, or of a head that no task here has."""
    return bool(OPTIMIZER.fullmatch(name)) or name.removeprefix(_SCOPE).startswith(names.unread)
