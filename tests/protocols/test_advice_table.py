"""Advice for many patients at once is the advice for each: the chapters swept together say what each chapter says alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agree.charts import Chart, charts, timeline_of
from agree.test_agreement import search
from protocols.records import record
from tocsin.protocols import PROTOCOLS, advise
from tocsin.protocols.advise import STATUS, advise_table
from tocsin.protocols.sweep import NOT_DUE, stands


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("scale", ["cartox-crs-2018", "astct-icans-2019", "toy-past"])
def test_the_chapters_together_say_what_each_says_alone(name: str, scale: str) -> None:
    @search(12)
    @given(st.lists(charts(scale), min_size=1, max_size=3), st.sampled_from((-30.0, 0.0, 5.9, 24.0, 29.9, 100.0)))
    def check(several: list[Chart], hour: float) -> None:
        table = advise_table(timeline_of(several), PROTOCOLS[name], hour)
        alone = []
        for swept in table.chapters:
            wanted, barred = (swept.swept.state[:, [swept.program.place(p) for p in claims]] for claims in (
                [r.when for r in swept.chapter.rules], [b.predicate for b in swept.chapter.blocks]))
            began = hour >= swept.chapter.from_hour
            alone.append(stands(swept.chapter, wanted, barred) if began else np.full(wanted.shape, NOT_DUE, np.int8))
        assert (np.concatenate(alone, axis=1) == table.status).all()

    check()


def test_the_rows_of_the_table_are_those_of_the_words():
    chart = record([{"concept": "temperature", "hour": 0, "value": 39.0}, {"concept": "ast", "hour": 0, "value": 300.0}])
    table = advise_table(chart, PROTOCOLS["paper004"], 1.0)
    rows = {(r["rule"], r["status"], r["dose"]) for r in table.frame().iter_rows(named=True)}
    assert rows == {(a.rule, a.status, a.dose) for a in advise(chart, at=1.0) if a.status != "not_due"}
    assert ("paper004/C3.4t", "due", 560.0) in rows
    assert set(STATUS.values()) == {"due", "not_due", "depends", "blocked"}


def test_a_patient_of_whom_nothing_is_told_depends_on_everything():
    table = advise_table(record([{"concept": "temperature", "hour": 5, "value": 39.0}], complete=()), PROTOCOLS["asco2021"], 1.0)
    assert {a.status for a in table.advice("1")} == {"depends", "not_due"}
