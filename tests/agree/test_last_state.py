"""The sweep that keeps only the last state says what the whole sweep says of that moment, node by node, and gives reasons for the same claims."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agree.charts import Chart, charts
from agree.test_agreement import search
from agree.toys import TOYS
from tocsin.grading.encode import encode
from tocsin.grading.engine import run
from tocsin.grading.grade import program_of
from tocsin.scales import scale as find_scale


@pytest.mark.parametrize("scale", ["astct-crs-2019", "cartox-crs-2018", "astct-icans-2019", *TOYS])
def test_the_last_state_is_that_of_the_whole_sweep(scale: str) -> None:
    @search(60)
    @given(charts(scale), st.sampled_from((0.0, 5.9, 24.0, 29.9, 47.0, 100.0)))
    def check(chart: Chart, hour: float) -> None:
        chosen = TOYS.get(scale) or find_scale(scale)
        timeline = chart.timeline().until(hour)
        program, events = program_of(chosen), encode(timeline)
        whole = run(program, timeline, events, chosen.counts, until=hour, keep_state=True)
        last = run(program, timeline, events, chosen.counts, until=hour, keep_state=True, last_only=True)
        assert (whole.state == last.state).all()
        if len(whole.start):
            assert (last.true[-1], last.open[-1], last.asked[-1], last.start[-1]) == (whole.true[-1], whole.open[-1], whole.asked[-1], hour)
            # the reasons are those of now: a value charted since the step began stands for the earlier one
            told = [set(s.evidence_root[s.evidence_ptr[-2]:].tolist()) for s in (whole, last)]
            assert told[0] == told[1]

    check()


def test_the_last_state_needs_an_hour() -> None:
    chosen = find_scale("astct-crs-2019")
    from tocsin.timeline import Timeline

    timeline = Timeline.from_rows([{"concept": "temperature", "hour": 0, "value": 39.0}])
    with pytest.raises(ValueError, match="hour"):
        run(program_of(chosen), timeline, encode(timeline), chosen.counts, until=np.inf, last_only=True)
