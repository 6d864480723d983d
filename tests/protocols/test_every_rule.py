"""Every rule has a spec in which it is due and one in which it is not, an English sentence, a citation and the source's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cite import Mark, is_local, reference
from tocsin.protocols import PROTOCOLS
from tocsin.protocols.assure import problems

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
def test_a_protocol_passes_the_checks_that_any_hospitals_protocol_must(name):
    """Cited, said in words, a reading where it decided, alternatives that say to what, at most 64 conditions, doses within their caps."""
    assert PROTOCOLS[name].id == name
    assert problems(PROTOCOLS[name]) == []


@pytest.mark.parametrize("code", RULES)
def test_a_rule_and_its_blocks_cite_a_known_source(code):
    for one in (RULES[code], *RULES[code].blocked_by):
        assert isinstance(one.mark, Mark)
        assert reference(one.cites).text
        assert not is_local(one.cites)


@pytest.mark.parametrize("code", RULES)
def test_what_is_charted_or_not_is_said_in_words(code: str) -> None:
    """A limit without end is how a rule asks whether there is any value; nobody should read it."""
    assert "inf " not in RULES[code].english()
