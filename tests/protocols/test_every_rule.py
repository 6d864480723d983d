"""Every rule has a spec in which it is due and one in which it is not, an English sentence, a citation and the source's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cite import Mark, reference
from tocsin.protocols import PROTOCOLS

RULES = {f"{p.id}/{r.code}": r for p in PROTOCOLS.values() for r in p.rules}
SPECS = set(Path(__file__).parent.glob("test_*.py"))


def test_no_rule_is_without_a_spec(request, seen):
    part = SPECS - {item.path for item in request.session.items} or request.config.option.keyword or request.config.option.markexpr
    if part or any("::" in a for a in request.config.args) or hasattr(request.config, "workerinput"):
        pytest.skip("only a part of the specs was run")
    wanted = {(r.code, status) for r in RULES.values() for status in ("due", "not_due")}
    wanted |= {(r.code, "blocked") for r in RULES.values() if r.blocked_by and not r.code.endswith("s") and r.code not in ONE_BLOCK_FOR_ALL}
    assert wanted - seen == set(), "draw a chart in tests/protocols where each of these is due, and one where it is not"


ONE_BLOCK_FOR_ALL = {"C1.5", "C2.7t", "C3.1t", "C3.3t", "C3.4t", "C4.1t"}
"""Rules of tocsin that share the limits of tocilizumab; these are drawn for C2.3 and C2.8t."""


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
