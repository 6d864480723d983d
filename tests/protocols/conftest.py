"""``advise_spec``: a chart drawn as a table, and beside it what each rule of the protocol says at each hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from spec.chart import timeline_of
from tocsin.protocols import Advice, advise

HERE = Path(__file__).parent
SEEN = pytest.StashKey[set[tuple[str, str]]]()
COMPLETE = ("drugs", "devices", "neurology", "hypotension", "refractory_crs")
NORMAL = {"systolic_bp": "120", "spo2": "98", "oxygen_device": "room_air", "ast": "20", "alt": "20", "bilirubin_total": "0.6",
          "creatinine": "0.8", "neutrophils": "3", "platelets": "200"}
"""What is stated unless the chart has a column for it."""

AdviseSpec = Callable[..., dict[float, dict[str, Advice]]]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEEN] = set()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at all specs together runs last."""
    items.sort(key=lambda item: item.path == HERE / "test_every_rule.py")


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> set[tuple[str, str]]:
    """The pairs (rule, status) that specs of this run have drawn and confirmed."""
    return request.config.stash[SEEN]


@pytest.fixture
def advise_spec(seen: set[tuple[str, str]]) -> AdviseSpec:
    """Ask a protocol (paper004 unless named) at each hour of a drawn chart; right of ``||`` one column a rule with the status expected.

    An empty cell expects nothing, ``-`` stands for not_due.
    """

    def spec(
        table: str, *, age: float | None = 40, weight: float | None = 70, complete: Iterable[str] = COMPLETE,
        stated: Mapping[str, str] | None = None, left_out: Iterable[str] = (), settings: Mapping[str, object] | None = None,
        protocol: str = "paper004", facts: Mapping[str, object] | None = None,
    ) -> dict[float, dict[str, Advice]]:
        lines = [line for line in table.strip().splitlines() if not set(line.strip()) <= set("-+|")]
        left, _, right = (list(column) for column in zip(*(line.partition("||") for line in lines), strict=True))
        rules = [r.strip() for r in right[0].split("|") if r.strip()]
        charted = {c.strip() for c in left[0].split("|")} | set(left_out)
        record = timeline_of("\n".join(left), age=age, complete=complete, facts={"weight_kg": weight, **(facts or {})},
                             stated={k: v for k, v in (NORMAL | dict(stated or {})).items() if k not in charted})
        out: dict[float, dict[str, Advice]] = {}
        wrong: list[str] = []
        for line, said in zip(left[1:], right[1:], strict=True):
            hour = float(line.split("|")[0])
            out[hour] = now = {a.rule.split("/")[1]: a for a in advise(record, protocol, at=hour, settings=settings)}
            for code, cell in zip(rules, (c.strip() for c in said.split("|")), strict=False):
                cell = "not_due" if cell == "-" else cell
                if cell and now[code].status != cell:
                    wrong.append(f"hour {hour:g}: {code} is {now[code].status}, {cell} expected; {now[code].reason} "
                                 f"blocked by {now[code].blocked_by}, depends on {now[code].depends_on}")
                elif cell:
                    seen.add((f"{protocol}/{code}", cell))
        if wrong:
            raise AssertionError(f"{protocol}\n  " + "\n  ".join(wrong))
        return out

    return spec
