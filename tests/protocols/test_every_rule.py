"""Every rule has a spec in which it is due and one in which it is not, an English sentence, a citation and the source's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cite import Mark, reference
from tocsin.protocols import PROTOCOLS, rule
from tocsin.protocols.sweep import program_of

RULES = {f"{p.id}/{r.code}": r for p in PROTOCOLS.values() for r in p.rules}
SPECS = set(Path(__file__).parent.glob("test_*.py"))


def test_no_rule_is_without_a_spec(request, seen):
    part = SPECS - {item.path for item in request.session.items} or request.config.option.keyword or request.config.option.markexpr
    if part or any("::" in a for a in request.config.args) or hasattr(request.config, "workerinput"):
        pytest.skip("only a part of the specs was run")
    wanted = {(code, status) for code in RULES for status in ("due", "not_due")}
    wanted |= {(code, "depends") for code in RULES if code not in DEPENDS_SHARED | NEVER_OPEN}
    wanted |= {(code, "blocked") for code, r in RULES.items() if r.blocked_by and not code.endswith("s") and code not in ONE_BLOCK_FOR_ALL}
    assert wanted - seen == set(), "draw a chart in tests/protocols where each of these is due, one where it is not, and so on"


DEPENDS_SHARED = {f"paper004/{r.code}" for r in PROTOCOLS["paper004"].chapters[0].rules}
"""Rules of CRS by grade rest on the same few inputs; what they depend on is drawn for some of them."""
NEVER_OPEN = {f"paper004/{code}" for code in ("V1a", "V1b", "V1c")}
"""An examination that is not on record is asked for: nothing can leave these open."""
ONE_BLOCK_FOR_ALL = {f"paper004/{code}" for code in ("C1.5", "C2.7t", "C3.1t", "C3.3t", "C4.1t")}
"""Rules of paper004 that share the limits of tocilizumab; these are drawn for C2.3 and C2.8t."""


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_chapter_has_at_most_64_conditions_and_only_rules_with_a_reading_where_it_decided(name):
    one = PROTOCOLS[name]
    assert one.id == name
    for chapter in one.chapters:
        assert len(program_of(chapter).roots) <= 64
    assert [r.code for r in one.rules if r.mark is Mark.DECISION and not r.reading] == []


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_itself_in_english_and_cites_its_source(code):
    rule = RULES[code]
    assert len(rule.english()) > 10
    assert rule.source_text
    assert isinstance(rule.mark, Mark)
    assert reference(rule.cites).text
    for block in rule.blocked_by:
        assert reference(block.cites).text
        assert block.says


@pytest.mark.parametrize("code", [p.code(r) for p in PROTOCOLS.values() for r in p.rules if r.action.startswith("Or ")])
def test_an_alternative_says_to_which_rule_it_is_one(code: str) -> None:
    """Otherwise the audit would count one recommendation twice."""
    assert rule(code)[1].instead_of
