"""Small records for the tests of protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tocsin.protocols import Advice, advise
from tocsin.timeline import Timeline

COMPLETE = ("drugs", "devices", "neurology", "hypotension", "refractory_crs")


def record(rows: Sequence[Mapping[str, object]], weight: float | None = 70, complete: Iterable[str] = COMPLETE) -> Timeline:
    return Timeline.from_rows(rows, [{"age_years": 40.0, "weight_kg": weight}], complete)


def ask(
    rows: Sequence[Mapping[str, object]], at: float, weight: float | None = 70, complete: Iterable[str] = COMPLETE
) -> dict[str, Advice]:
    return {a.rule.split("/")[1]: a for a in advise(record(rows, weight, complete), at=at)}
