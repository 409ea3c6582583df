"""Rows of one length, then of another, under one schedule."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import fit_phases
from keras_bert_zoo.pretraining.phases import PHASES
from tests.pretraining.sources import TEXTS, source
from tests.pretraining.test_pretrainer import tiny_pretrainer

SHORT_TEXTS = [text[:20] for text in TEXTS]


def test_the_paper():
    """900,000 updates of 1,000,000 with 128 tokens, the rest with 512."""
    assert PHASES == ((128, 0.9), (512, 0.1))


def test_two_lengths_and_a_kill_between_them(tmp_path):
    phases, options = ((8, 0.75), (16, 0.25)), {"verbose": 0, "folder": tmp_path / "saved"}
    options |= {"batch_size": [8, 4], "log_dir": tmp_path / "logs"}
    whole, again = tiny_pretrainer(), tiny_pretrainer()
    sources, steps = [SHORT_TEXTS, source()], 8
    histories = fit_phases(whole, sources, steps=steps, phases=phases, steps_per_epoch=2, **options)
    assert [len(history.epoch) for history in histories] == [3, 1]
    assert int(whole.optimizer.iterations) == steps
    assert float(whole.optimizer.learning_rate) == 0.0  # the schedule is of both
    assert whole.length == 16
    for name, rows in (("0_8", 3), ("1_16", 1)):
        assert len((tmp_path / "logs" / name / "log.csv").read_text().splitlines()) == rows + 1
    resumed = fit_phases(again, sources, steps=steps, phases=phases, steps_per_epoch=2, **options)
    assert resumed[1].history["loss"] == histories[1].history["loss"]
    for mine, theirs in zip(again.get_weights(), whole.get_weights()):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("phases", [((8, 1.0),), ((8, 0.5), (16, 0.4)), ((8, 1.5), (16, -0.5))])
def test_wrong_phases(phases):
    with pytest.raises(ValueError, match="a source for each phase, and shares above 0"):
        fit_phases(tiny_pretrainer(), [SHORT_TEXTS, source()], steps=8, phases=phases)


def test_a_size_for_each_phase():
    with pytest.raises(ValueError, match="other than one number for each"):
        fit_phases(tiny_pretrainer(), [TEXTS], steps=8, phases=((8, 1.0),), batch_size=[8, 8])


def test_rows_that_are_too_long():
    pretrainer = tiny_pretrainer(recipe=kbz.Recipe(1e-3))
    with pytest.raises(ValueError, match="length=64 is more than the 32 positions"):
        fit_phases(pretrainer, [TEXTS], steps=8, phases=((64, 1.0),))
