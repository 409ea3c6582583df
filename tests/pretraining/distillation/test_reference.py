"""DistilBERT's and MiniLM's losses against torch, on transformers' models with the same weights."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import Pretrainer
from keras_bert_zoo.pretraining.distillation import CosineHidden, SoftTargets, minilm, minilm_v2
from tests.parity.references import INPUTS, SIZES, reference, theirs
from tests.tiny import VOCABULARY, to_numpy

torch = pytest.importorskip("torch", reason="the reference: pip install .[test]")
MASK = torch.tensor(INPUTS["padding_mask"]).bool()
TOKENIZER = kbz.Tokenizer.from_vocabulary(VOCABULARY[: SIZES["vocab_size"]])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """`(our MaskedLM, transformers' model)` for a student of one layer and a teacher of two."""
    pairs = []
    for name, layers in (("student", 1), ("teacher", 2)):
        folder = tmp_path_factory.mktemp(name)
        sizes = {"num_hidden_layers": layers, "attn_implementation": "eager"}
        model = reference("BertForMaskedLM", folder, **sizes)
        TOKENIZER.save(folder)
        pairs.append((kbz.MaskedLM.from_preset(folder), model))
    return pairs


def losses(student, objectives):
    """Each objective's loss on the inputs, of a student with its own head for tokens."""
    pretrainer = Pretrainer(student.encoder, TOKENIZER, objectives, length=9)
    heads = [layer for layer in pretrainer.layers if layer.name == "head"]
    for head in heads:
        for mine, own in zip(head.weights, student.get_layer("head").weights):
            mine.assign(keras.ops.convert_to_numpy(own))
    found = pretrainer(INPUTS)
    return [float(to_numpy(one.loss(found[one.name], {}))) for one in pretrainer.objectives]


def outputs(model):
    with torch.no_grad():
        return model(**theirs(INPUTS), output_hidden_states=True, output_attentions=True)


def test_distilbert(models):
    """https://github.com/huggingface/transformers-research-projects, distillation/distiller.py."""
    (student, their_student), (teacher, their_teacher) = models
    ours, right = outputs(their_student), outputs(their_teacher)
    temperature, size = 2.0, SIZES["vocab_size"]
    chosen = MASK.unsqueeze(-1).expand_as(ours.logits)
    logits = (out.logits[chosen].view(-1, size) / temperature for out in (ours, right))
    student_logits, teacher_logits = logits
    soft = torch.nn.KLDivLoss(reduction="batchmean")(
        student_logits.log_softmax(-1), teacher_logits.softmax(-1)
    )
    states = [out.hidden_states[-1][MASK] for out in (ours, right)]
    cosine = torch.nn.CosineEmbeddingLoss()(*states, torch.ones(len(states[0])))
    found = losses(student, [SoftTargets(teacher), CosineHidden(teacher)])
    expected = [float(soft) * temperature**2, float(cosine)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def parts_of(model):
    """Queries, keys and values of the last layer, `(batch, length, width)`."""
    attention, found = model.bert.encoder.layer[-1].attention.self, {}
    hooks = [
        getattr(attention, name).register_forward_hook(
            lambda layer, given, out, name=name: found.update({name: out})
        )
        for name in ("query", "key", "value")
    ]
    right = outputs(model)
    for hook in hooks:
        hook.remove()
    return found, right.attentions[-1]


def kl(teacher, student):
    """`1 / (heads tokens) sum KL(teacher || student)` of probabilities, over the real tokens."""
    each = torch.where(teacher > 0, teacher * (teacher.log() - student.clamp_min(1e-38).log()), 0.0)
    return float(each.sum(-1).mean(1)[MASK].mean())


def relation(x, heads):
    x = x.view(*x.shape[:2], heads, -1).transpose(1, 2)
    scores = x @ x.transpose(-1, -2) / x.shape[-1] ** 0.5
    return scores.masked_fill(~MASK[:, None, None, :], -torch.inf).softmax(-1)


def test_minilm(models):
    """Equations 5 to 7 of https://arxiv.org/abs/2002.10957."""
    (student, their_student), (teacher, their_teacher) = models
    (ours, our_maps), (right, right_maps) = parts_of(their_student), parts_of(their_teacher)
    values = kl(relation(right["value"], 2), relation(ours["value"], 2))
    found = losses(student, minilm(teacher))
    np.testing.assert_allclose(found, [kl(right_maps, our_maps), values], rtol=1e-5, atol=1e-5)


def test_minilm_v2(models):
    """https://arxiv.org/abs/2012.15828, section 3.1: four relation heads of two heads."""
    (student, their_student), (teacher, their_teacher) = models
    (ours, _), (right, _) = parts_of(their_student), parts_of(their_teacher)
    each = [kl(relation(right[kind], 4), relation(ours[kind], 4)) for kind in right]
    found = losses(student, minilm_v2(teacher, heads=4))
    np.testing.assert_allclose(found, [sum(each)], rtol=1e-5, atol=1e-5)
