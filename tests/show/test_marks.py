"""A number from memory says so wherever its criterion is explained."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tocsin.cite import Mark
from tocsin.scales import SCALES, criterion
from tocsin.show.terminal import print_explain, print_scales


def said(show, *arguments) -> str:
    out = io.StringIO()
    show(Console(file=out, width=100, color_system=None), *arguments)
    return out.getvalue()


def test_a_criterion_read_at_its_source_says_which_of_its_numbers_are_from_memory():
    text = said(print_explain, *criterion("penn-crs-2018/HYPO4"))
    assert "read at a published source" in text
    assert "from memory, not re-read: high-dose vasopressor" in text
    assert "part memory" in said(print_scales, [SCALES["penn-crs-2018"]])


def test_a_criterion_from_memory_says_so_once():
    text = said(print_explain, *criterion("hay-crs-2017/" + SCALES["hay-crs-2017"].criteria[0].code))
    assert text.count("not re-read") == 1


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_can_be_explained(scale):
    text = said(print_scales, [SCALES[scale]])
    assert SCALES[scale].title.split()[0] in text
    for one in SCALES[scale].criteria:
        assert one.mark in Mark
        assert one.code in text
