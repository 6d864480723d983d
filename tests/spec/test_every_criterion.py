"""Every flag has a chart that raises it, and every criterion, flag and setting says itself, its source and what was chosen.

That every criterion is met, not met and unknown in some chart is asked of the conformance vectors (``tests/conformance``).
"""

from __future__ import annotations

import pytest

from conformance.suite import vectors
from tocsin.cite import Mark, reference
from tocsin.scales import SCALES, Kind

ITEMS = {scale.code(item): item for scale in SCALES.values() for item in (*scale.criteria, *scale.flags)}
OWNER = {scale.code(item): scale for scale in SCALES.values() for item in scale.criteria}
GRADED = [name for name, scale in SCALES.items() if scale.kind is Kind.CRITERIA]


@pytest.mark.usefixtures("all_specs_ran")
@pytest.mark.parametrize("scale_id", [name for name, scale in SCALES.items() if scale.flags])
def test_no_flag_is_without_a_chart_that_raises_it(scale_id, confirmed):
    scale = SCALES[scale_id]
    raised = {f"{scale_id}/{code}" for vector in vectors(scale_id) for code in vector["expected"].get("flags", ())}
    bare = {scale.code(flag) for flag in scale.flags} - confirmed - raised
    assert bare == set(), "name each of these under flags in a chart in tests/spec or in a conformance vector"


@pytest.mark.parametrize("code", ITEMS)
def test_a_criterion_says_itself_in_english_and_cites_its_source(code):
    item = ITEMS[code]
    assert len(item.english()) >= len("fever")
    assert reference(item.cites).text
    assert item.cites.partition(":")[2], "a citation names the place in the source"


@pytest.mark.parametrize("code", [c for c, item in ITEMS.items() if hasattr(item, "mark")])
def test_a_criterion_says_how_sure_it_is_and_what_we_chose(code):
    item = ITEMS[code]
    assert isinstance(item.mark, Mark)
    assert item.reading or (OWNER[code].kind is not Kind.CRITERIA and item.mark is not Mark.DECISION)


@pytest.mark.parametrize("scale_id", GRADED)
def test_each_grade_up_to_the_highest_and_none_has_a_criterion(scale_id):
    grades = {c.grade for c in SCALES[scale_id].criteria}
    assert 0 in grades
    assert max(grades) > 0
    if not scale_id.startswith("ctcae"):  # CTCAE leaves cells of some terms empty
        assert grades == set(range(max(grades) + 1))


@pytest.mark.parametrize("scale_id", SCALES)
def test_every_setting_has_a_unit_where_it_is_a_number_a_citation_and_a_sentence(scale_id):
    for setting in SCALES[scale_id].setting_docs:
        assert reference(setting.cites).text
        assert len(setting.what) > 10
        assert setting.unit or isinstance(setting.default, bool), setting.name
