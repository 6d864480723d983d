"""One published case and its report, shared by the tests of what is shown."""

from __future__ import annotations

import pytest

from show.records import STAMP
from tocsin.cases import read_case
from tocsin.show.html_report import gather, html
from tocsin.timeline import UNSTATED_SUPPORT_ABSENT, Timeline


@pytest.fixture(scope="session")
def case_000() -> Timeline:
    return read_case("000")


@pytest.fixture(scope="session")
def model_000(case_000: Timeline):
    return gather(case_000, assume=UNSTATED_SUPPORT_ABSENT, generated=STAMP, command="tocsin report")


@pytest.fixture(scope="session")
def page_000(model_000) -> str:
    return html(model_000)
