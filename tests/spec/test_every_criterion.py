"""Every criterion and flag has a spec that names it and saw it true, an English sentence, a citation and a mark."""

from __future__ import annotations

import pytest

from tocsin.cite import Mark, reference
from tocsin.scales import SCALES

ITEMS = {scale.code(item): item for scale in SCALES.values() for item in (*scale.criteria, *scale.flags)}


@pytest.mark.usefixtures("all_specs_ran")
@pytest.mark.parametrize("scale_id", SCALES)
def test_no_criterion_or_flag_is_without_a_spec(scale_id, confirmed):
    scale = SCALES[scale_id]
    codes = {scale.code(item) for item in (*scale.criteria, *scale.flags)}
    assert codes - confirmed == set(), "give each of these a chart in tests/spec that names it under because or flags"


@pytest.mark.parametrize("code", ITEMS)
def test_a_criterion_says_itself_in_english_and_cites_its_source(code):
    item = ITEMS[code]
    assert len(item.english()) > 10
    assert reference(item.cites).text
    assert item.cites.partition(":")[2], "a citation names the place in the source"


@pytest.mark.parametrize("code", [c for c, item in ITEMS.items() if hasattr(item, "mark")])
def test_a_criterion_says_how_sure_it_is_and_what_we_chose(code):
    item = ITEMS[code]
    assert isinstance(item.mark, Mark)
    assert item.reading


@pytest.mark.parametrize("scale_id", SCALES)
def test_each_grade_from_1_to_5_and_none_has_a_criterion(scale_id):
    assert {c.grade for c in SCALES[scale_id].criteria} == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("scale_id", SCALES)
def test_every_setting_has_a_unit_where_it_is_a_number_a_citation_and_a_sentence(scale_id):
    for setting in SCALES[scale_id].setting_docs:
        assert reference(setting.cites).text
        assert len(setting.what) > 10
        assert setting.unit or isinstance(setting.default, bool), setting.name
