"""The report: one file that stands alone, where every link leads somewhere and every text is only text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from show.records import STAMP, by_day
from tocsin.errors import SettingError
from tocsin.show.html_report import gather, html, report
from tocsin.timeline import Timeline

EVIL = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Ids, links, things that would be loaded, and tags left open."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if names.get("id"):
            self.ids.append(names["id"])
        if tag == "a":
            self.links.append(names.get("href") or "")
        if tag in ("link", "iframe", "object", "embed", "img", "image") or names.get("src"):
            self.loaded.append(f"{tag} {names}")
        if tag == "use" and not (names.get("xlink:href") or names.get("href") or "").startswith("#"):
            self.loaded.append(f"use {names}")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_every_link_leads_to_a_place_that_exists_and_ids_are_unique(page_000):
    page = Page(page_000)
    inner = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inner) <= set(page.ids)
    mine = [i for i in page.ids if i.startswith(("step-", "h-", "criterion-", "turn-", "course-", "band-"))]
    assert len(mine) == len(set(mine))
    assert not page.wrong
    assert not page.open


def test_every_step_of_the_figure_leads_to_its_reasons(page_000):
    figure = page_000[page_000.index("<svg"):page_000.index("</svg>")]
    linked = set(re.findall(r'href="#(step-[^"]+)"', figure))
    rows = set(re.findall(r'<tr id="(step-[^"]+)"', page_000))
    assert linked
    assert linked <= rows
    assert 'target="_blank"' not in figure


def test_nothing_is_loaded_from_elsewhere(page_000):
    page = Page(page_000)
    assert not page.loaded
    outer = [link for link in page.links if not link.startswith("#")]
    assert all(link.startswith("https://") for link in outer)
    body = re.sub(r'<a href="https://[^"]*"', "", page_000).replace("http://www.w3.org/2000/svg", "").replace(
        "http://www.w3.org/1999/xlink", "")
    assert "http://" not in re.sub(r"<td>.*?</td>", "", body)
    assert "@import" not in body
    assert not re.search(r"url\((?!#)", body)


def test_what_a_record_says_is_text_and_never_markup():
    record = Timeline.from_rows(
        [{"patient": EVIL, **by_day(4, "temperature", value=39.0, note=EVIL, origin=EVIL)},
         {"patient": EVIL, **by_day(5, "antibiotic", text=EVIL)},
         {"patient": EVIL, **by_day(4, "reported_crs_grade", value=2.0, text=EVIL)},
         {"patient": EVIL, **by_day(90, "imaging", text=EVIL)}],
        patients=[{"patient": EVIL, "diagnosis": EVIL, "product": EVIL}],
    )
    text = html(gather(record, generated=STAMP, title=EVIL))
    assert "alert(" in text
    assert "<script>alert" not in text
    assert text.count("<script>") == 1


def test_the_same_record_gives_the_same_page(case_000, tmp_path):
    one, two = (report(case_000, tmp_path / f"{n}.html", scales=("astct-crs-2019",), generated=STAMP).read_bytes() for n in "ab")
    assert one == two


def test_the_two_worlds_stand_side_by_side(page_000):
    assert "CRS (ASTCT 2019): both ways" in page_000
    assert "If unstated support was absent" in page_000
    assert "As told" in page_000


def test_a_contradiction_with_the_authors_is_shown(model_000):
    """Paper 000 says grade 2 on day 4; without unstated support the record gives ASTCT 1."""
    day_4 = next(r for r in model_000.reported if r["when"] == "Day 4" and r["syndrome"] == "CRS")
    verdicts = {d["note"]: d["verdict"] for d in day_4["derived"] if d["label"] == "CRS (ASTCT 2019)"}
    assert verdicts == {"as told": "possible", "if unstated support was absent": "contradicts"}


def test_the_manifest_names_the_input_and_its_hash(model_000, case_000):
    manifest = dict(model_000.manifest)
    assert manifest["Input paper000.csv"] == f"sha256 {case_000.reading.files[0].sha256}"
    assert manifest["Generated"] == STAMP
    assert manifest["Command"] == "tocsin report"


def test_the_standing_sentence_is_at_the_top_and_at_the_end(page_000):
    assert page_000.count("Research software, not a medical device.") >= 2


def test_tables_have_headers_and_the_figure_a_description(page_000):
    for table in re.findall(r"<table.*?</table>", page_000, flags=re.DOTALL):
        assert "<th" in table
        assert "scope=" in table
    assert '<title id="figure-name">' in page_000
    assert '<desc id="figure-text">' in page_000


def test_a_patient_with_no_data_gets_a_report_that_says_so():
    text = html(gather(Timeline.from_rows([], patients=[{"patient": "7"}]), generated=STAMP))
    assert "patient 7" in text
    assert "The course has no turn" in text


def test_units_change_what_is_shown_and_not_what_is_graded(case_000):
    si, us = (gather(case_000, scales=("astct-crs-2019",), units=u, protocol=None, generated=STAMP) for u in ("si", "us"))
    grades = [[(s["when"], s["at_least"], s["at_most"]) for c in m.courses for s in c["steps"]] for m in (si, us)]
    assert grades[0] == grades[1]
    assert "41.6 °C" in html(si)
    assert "106.88 °F" in html(us)


def test_an_assumption_that_changes_nothing_gets_no_second_band(model_000):
    icans = [c for c in model_000.courses if c["label"].startswith("ICANS")]
    assert len(icans) == 1
    assert "the same" in icans[0]["note"]


def test_named_assumptions_are_said_in_words(case_000):
    model = gather(case_000, protocol=None, generated=STAMP, assume=("unstated-support-absent", "unstated-organ-toxicity-absent"))
    notes = {c["note"] for c in model.courses}
    assert any("if unstated support and unstated organ toxicity were absent" in n for n in notes)


def test_the_figure_alone_by_the_suffix_of_the_path(case_000, tmp_path):
    out = report(case_000, tmp_path / "f.svg", scales=("astct-crs-2019",), protocol=None, title="Figure of a case")
    assert out.read_text(encoding="utf-8").startswith("<?xml")
    assert "Figure of a case" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("scale", ["hscore", "easix-2017", "isth-dic-2001"])
@pytest.mark.parametrize("name", ["r.html", "r.svg"])
def test_points_and_indices_are_not_drawn_as_grades(case_000, tmp_path, scale, name):
    with pytest.raises(SettingError, match=f"{scale} is a (score|formula), .* tocsin grade FILE --scale {scale}"):
        report(case_000, tmp_path / name, scales=("astct-crs-2019", scale), protocol=None)


def test_a_count_of_days_is_drawn_by_its_own_name(case_000):
    model = gather(case_000, scales=("astct-crs-2019", "icaht-early-2023", "lee2014-crs"), protocol=None, generated=STAMP)
    assert [c["label"] for c in model.courses] == [
        "CRS (ASTCT 2019)", "Early ICAHT (neutropenia, days 0 to 30), EHA/EBMT consensus 2023", "CRS (Lee 2014)",
    ]
    assert html(model)


def test_a_report_is_not_written_under_a_name_of_another_kind(case_000, tmp_path):
    with pytest.raises(SettingError, match=r"'course.docx'.*\n.*\.html"):
        report(case_000, tmp_path / "course.docx")
    assert not list(tmp_path.iterdir())


def test_the_report_names_every_scale_that_the_guideline_grades_by(model_000):
    assert {s.strip() for s in model_000.protocol["scale"].split(";")} >= {"CRS, CARTOX 2018", "ICANS, ASTCT consensus 2019", "CRES, CARTOX 2018"}
    assert any("astct-icans-2019" in says for name, says in model_000.manifest if name == "Protocol paper004")
