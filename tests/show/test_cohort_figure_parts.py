"""What the figures of a cohort share: colours, words in their room, ticks."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from show.cohort_figures_made import ARMS
from tocsin.show import palette
from tocsin.show.cohort.arms import ALONE, look_of, looks, on, place_of
from tocsin.show.cohort.room import Room
from tocsin.show.cohort.sheet import clean, width_of, wrapped
from tocsin.show.cohort.ticks import days_between, log_ticks, time_ticks, value_ticks

MACHADO = {  # Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
    "none": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}


def _rgb(colour):
    parts = np.array([int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return (116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]))


def test_arms_stay_apart_for_colour_blind_readers_and_have_other_cues():
    for matrix in MACHADO.values():
        seen = [_lab(np.clip(matrix @ _rgb(c), 0, 1)) for c in palette.ARM_COLOURS[:4]]
        assert min(math.dist(a, b) for k, a in enumerate(seen) for b in seen[:k]) > 11
    assert len(set(map(str, palette.ARM_LINES))) == len(set(palette.ARM_MARKERS)) == len(set(palette.ARM_COLOURS)) == 8
    assert not set(palette.ARM_COLOURS) & set(palette.EVENT_COLOURS)


def test_a_label_takes_the_colour_of_the_arm_it_names():
    assert place_of("no tocilizumab", ARMS) == 1
    assert place_of("tocilizumab (n = 17)", ARMS) == 0
    assert place_of("tocilizumab and steroids", ARMS) == -1
    assert place_of("a, b", ("a", "a, b")) == 1
    assert looks(("no tocilizumab", "tocilizumab"), ARMS) == (look_of(1), look_of(0))
    assert looks(("grade 1", "grade 2"), ARMS) == (look_of(2), look_of(3))
    assert looks(("all",), ARMS) == (ALONE,)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.floats(5, 60))
def test_wrapping_keeps_every_letter_and_the_width(text, width):
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())
    assert all(width_of(line) <= width or len(line) == 1 for line in lines)


def test_a_number_is_not_torn_from_its_name():
    for width in np.arange(20.0, 60.0, 3.0):
        assert not [line for line in wrapped("Gray's test: progression p = 0.41, death p = 0.28", width) if line.endswith(("p", "="))]


@settings(max_examples=100, deadline=None)
@given(st.floats(0.5, 2e4), st.sampled_from(["Months", "Days", "Weeks", "Years", "Cycles"]), st.integers(3, 9))
def test_ticks_of_time_begin_at_0_and_are_no_more_than_fit(end, unit, most):
    ticks = time_ticks(end, f"{unit} since the infusion", most)
    assert ticks[0] == 0
    assert ticks[-1] <= end * (1 + 1e-9)
    assert len(ticks) <= most + 1


@settings(max_examples=100, deadline=None)
@given(st.floats(-6, 6), st.floats(0.4, 9))
def test_ticks_of_values_lie_within_their_axis(power, wide):
    low, high = 10**power, 10 ** (power + wide)
    assert all(low * 0.999 <= t <= high * 1.001 for t in log_ticks(low, high))
    assert 1 <= len(log_ticks(low, high)) <= 7
    assert all(low * 0.999 <= t <= high * 1.001 for t in value_ticks(low, high))


def test_weeks_mark_the_days_of_a_month():
    assert days_between(0, 28, 12) == [0, 7, 14, 21, 28]
    assert days_between(-7, 10) == [-5, 0, 5, 10]


def test_room_is_taken_only_once():
    room = Room(40, 20)
    assert room.find(20, 10) == (1.5, 8.5)  # below left
    assert room.find(30, 10) is None
    assert Room(40, 20).find(41, 5) is None


def test_words_on_a_colour_can_be_read():
    assert [on(palette.GRADE_COLOURS[g]) for g in range(6)] == [palette.INK] * 3 + ["#ffffff"] * 3
