"""``grade_spec``: a scale, a chart drawn as a table, and what it must say; and the register of what the specs have confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from spec.chart import EVERYTHING, check, read, timeline_of
from tocsin.grading import Grades, grade

HERE = Path(__file__).parent
CONFIRMED = pytest.StashKey[set[str]]()

GradeSpec = Callable[..., Grades]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CONFIRMED] = set()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at all specs together runs last."""
    items.sort(key=lambda item: item.path == HERE / "test_every_criterion.py")


@pytest.fixture
def confirmed(request: pytest.FixtureRequest) -> set[str]:
    """The codes that specs of this run have named and seen true."""
    return request.config.stash[CONFIRMED]


@pytest.fixture
def all_specs_ran(request: pytest.FixtureRequest) -> None:
    """Skips the test unless every spec of this folder ran before it."""
    ran = {item.path for item in request.session.items}
    part = set(HERE.glob("test_*.py")) - ran or request.config.option.keyword or request.config.option.markexpr
    if part or any("::" in a for a in request.config.args) or hasattr(request.config, "workerinput"):
        pytest.skip("only a part of the specs was run")


@pytest.fixture
def grade_spec(confirmed: set[str]) -> GradeSpec:
    """Grade a drawn chart (see ``spec.chart``) and compare it with what is drawn beside it."""

    def spec(
        scale: str, table: str, *, age: float | None = 40, complete: Iterable[str] = EVERYTHING,
        settings: Mapping[str, object] | None = None,
        stated: Mapping[str, str] | None = None, facts: Mapping[str, object] | None = None, count: Sequence[str] | None = None,
        carry: Mapping[str, float] | None = None,
    ) -> Grades:
        record = timeline_of(table, age=age, complete=complete, stated=stated, facts=facts)
        grades = grade(record, scale, settings=settings, count=count, carry=carry)
        confirmed.update(check(grades, read(table)[1]))
        return grades

    return spec
