"""The printed table of a paper and the rules, held against each other."""

from __future__ import annotations

import pytest

from tocsin.errors import RuleError
from tocsin.protocols import PROTOCOLS
from tocsin.protocols.paper004.printed import TABLE2
from tocsin.protocols.protocol import Printed, Protocol

PAPER = PROTOCOLS["paper004"]


def test_every_rule_that_cites_table_2_stands_beside_a_printed_recommendation():
    named = {code for row in TABLE2 for code in row.rules}
    assert {r.code for r in PAPER.rules if r.cites.startswith("chinthapalli2023:table2")} - named == set()


def test_a_rule_beside_a_cell_cites_that_grade_or_a_lower_one_whose_care_goes_on():
    grade_of = {r.code: int(r.cites.split(":G")[1][0]) for r in PAPER.rules if r.cites.startswith("chinthapalli2023:table2:G")}
    assert [(row.grade, code) for row in TABLE2 for code in row.rules if grade_of.get(code, 0) > int(row.grade)] == []


def test_every_printed_recommendation_has_a_rule_or_says_why_not():
    assert [row.text for row in TABLE2 if not row.rules and not row.note] == []


def test_a_printed_table_that_names_no_rule_of_the_protocol_is_refused():
    with pytest.raises(RuleError, match=r"C9\.9"):
        Protocol("x", "x", PAPER.chapters, (), printed=(Printed("1", "fever", "text", ("C9.9",)),))
