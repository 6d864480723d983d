"""Every equation says why it has its form."""

from __future__ import annotations

import pytest

from tocsin.errors import ModelError
from tocsin.model.load import loaded
from tocsin.model.reasons import read, reasons


def test_every_state_has_a_reason():
    assert [s.name for s in loaded().system.states if s.name not in reasons()] == []


def test_every_reason_is_of_an_equation_and_cites_what_is_known():
    known = {*loaded().text.rates, *loaded().text.assigned}
    assert set(reasons()) <= known


@pytest.mark.parametrize(("line", "why"), [
    ('il66 = { why = "x", source = "assumed" }', "il66 has no equation"), ('crp = { why = "", source = "assumed" }', "needs why"),
    ('crp = { why = "x" }', "needs why"), ('crp = { why = "x", source = "nobody1999" }', "'nobody1999'"), ("crp =", "reasons.toml")])
def test_a_reason_that_cannot_be_used_is_refused(line, why):
    with pytest.raises(ModelError, match=why):
        read(line, loaded())
