"""The report of a cohort on disk: a page that stands alone, files that are replaced and never lost, and what the terminal says."""

from __future__ import annotations

import io
import json
import re
import sys
import types
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from tocsin.cohort.parts import CohortReport, FigurePart, Flow, Section, TablePart
from tocsin.cohort.published import Check, Verdict
from tocsin.errors import CohortError
from tocsin.show.cohort import write
from tocsin.show.cohort.page import MOST_ROWS, methods_of, methods_text
from tocsin.show.cohort.printed import print_cohort, print_published
from tocsin.show.cohort.write import write_cohort

STAMP = "2026-01-01T00:00:00+00:00"
EVIL = '<script>alert("x")</script>'
SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg><svg xmlns:xlink="http://www.w3.org/1999/xlink" width="510pt" viewBox="0 0 510 200" version="1.1">'
    '<metadata>m</metadata><defs><style type="text/css">*{stroke-linejoin: round}</style><clipPath id="p1"><rect/></clipPath></defs>'
    '<g id="axes_1" clip-path="url(#p1)"><use xlink:href="#p1"/><text>5 &lt; 6</text></g></svg>'
)


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Figures drawn by name only: how they look is tested where they are drawn."""
    names: list[str] = []

    def save_figure(part, arms, folder, synthetic=False):
        names.append(part.id)
        for kind in ("svg", "png", "pdf"):
            (folder / f"{part.id}.{kind}").write_text(SVG, encoding="utf-8")

    stub = types.ModuleType("tocsin.show.cohort.draw")
    stub.save_figure = save_figure
    monkeypatch.setitem(sys.modules, stub.__name__, stub)
    return names


def table(name: str = "table-1", **more) -> TablePart:
    frame = pl.DataFrame({"Characteristic": ["Grade", "  none", "  <b>3</b>"], "A (n = 2)": ["", "1 (50.0)", "1 (50.0)"], "Test": ["", "Fisher", "–"]})
    return TablePart(name, "Patients by arm", frame, **more)


def figure(name: str = "flow") -> FigurePart:
    return FigurePart(name, f"Flow {name}", "Who was left out & why", Flow((("All", 2),), ((),), (("A", 2),)))


def report(*, parts=None, synthetic: str = "", **more) -> CohortReport:
    usual = (table(numbers=pl.DataFrame({"x": [0.5, float("nan"), float("inf")]}), notes=("A note",)), figure("flow"), figure("crs"))
    first = Section("patients", "Patients", ("First paragraph.", "Second."), usual if parts is None else parts,
                    ("Age: nobody has one.",), ("Early deaths are missing.",),
                    ("Counts were compared by Fisher's test.",), ("fisher1935:exact test", "freeman1951:r x c tables; mehta1983:network algorithm"))
    second = Section("survival", "Survival", (), (), ("Survival: there are no times.",), (), ("Counts were compared by Fisher's test.", "Times were not."),
                     ("fisher1935:exact test", "wilson1927:interval"))
    return CohortReport(**{"title": "A cohort", "subtitle": "2 patients", "sections": (first, second), "basis": (("Folder", "data"),), "arms": ("A", "B"),
                           "synthetic": synthetic, **more})


class Page(HTMLParser):
    """Ids, links, references within the page, what would be loaded, and tags left open."""

    VOID = frozenset({"meta", "br", "img", "rect", "use"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.named: list[str] = []
        self.loaded: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.scopes: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if names.get("id"):
            self.ids.append(names["id"])
        if tag == "a":
            self.links.append(names.get("href") or "")
        if tag == "th":
            self.scopes.append(names.get("scope"))
        self.named += (names.get("aria-labelledby") or "").split()
        if tag in ("link", "iframe", "object", "embed", "script") or (names.get("src") and not names["src"].startswith("data:")):
            self.loaded.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.wrong.append(tag)
        else:
            self.open.pop()


def written(out: Path, made: CohortReport | None = None) -> str:
    write_cohort(made or report(), out, "tocsin cohort data", STAMP)
    return (out / "report.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------- the page
def test_the_page_stands_alone_and_every_link_leads_somewhere(tmp_path):
    text = written(tmp_path)
    page = Page(text)
    assert (page.open, page.wrong, page.loaded) == ([], [], [])
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert set(page.named) <= set(page.ids)
    files = [link for link in page.links if not link.startswith(("#", "https://doi.org/", "http"))]
    assert files
    assert [f for f in files if not (tmp_path / f).is_file()] == []


def test_two_figures_keep_their_ids_and_styles_apart(tmp_path):
    text = written(tmp_path)
    assert 'id="flow-p1"' in text
    assert 'id="crs-p1"' in text
    assert "url(#flow-p1)" in text
    assert 'href="#crs-p1"' in text
    assert "stroke-linejoin: round}" not in text
    assert "<metadata>" not in text


def test_a_figure_is_read_aloud_by_its_caption_and_a_table_by_its_heads(tmp_path):
    text = written(tmp_path)
    assert re.search(r'<svg[^>]*role="img"[^>]*><title[^>]*>Flow flow</title><desc[^>]*>Who was left out &amp; why</desc>', text)
    page = Page(text)
    assert set(page.scopes) == {"col", "row", "rowgroup"}


def test_headings_indents_numbers_to_the_right_and_notes(tmp_path):
    text = written(tmp_path)
    assert '<tr class="heading"><th scope="rowgroup" colspan="3">Grade</th></tr>' in text
    assert '<tr class="sub"><th scope="row">none</th><td class="right">1 (50.0)</td><td class="text">Fisher</td></tr>' in text
    assert "Table 1. Patients by arm" in text
    assert "<strong>Figure 2. Flow crs.</strong>" in text
    assert "A note" in text


@pytest.mark.parametrize(("columns", "how"), [(6, ""), (7, ' class="wide"'), (3, ' class="narrow"')])
def test_a_table_of_many_columns_is_set_closer_in_print(tmp_path, columns, how):
    part = TablePart("t-1", "T", pl.DataFrame({f"c{k}": ["name" if k == 0 else "1"] for k in range(columns)}))
    write_cohort(CohortReport("T", "s", (Section("x", "X", parts=(part,)),)), tmp_path / "o", generated=STAMP)
    assert f'<table aria-labelledby="t-t-1"{how}>' in (tmp_path / "o" / "report.html").read_text(encoding="utf-8")


def test_a_title_with_its_own_number_gets_no_second_one(tmp_path):
    own = TablePart("t", "Table 4 Toxicity", pl.DataFrame({"a": ["x"]}))
    text = written(tmp_path, report(parts=(own,)))
    assert "Table 4 Toxicity" in text
    assert "Table 1." not in text


def test_every_text_is_only_text(tmp_path):
    evil = TablePart("t", EVIL, pl.DataFrame({EVIL: [EVIL], "b": [EVIL]}), notes=(EVIL,))
    drawn = FigurePart("f", EVIL, EVIL, figure().drawing)
    section = Section("s", EVIL, (EVIL,), (evil, drawn), (EVIL,), (EVIL,), (EVIL,))
    text = written(tmp_path, CohortReport(EVIL, EVIL, (section,), ((EVIL, EVIL),), ("A",), EVIL))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 14


def test_the_standing_warnings_and_what_is_left_out_cannot_be_overlooked(tmp_path):
    text = written(tmp_path)
    assert text.count("Research software, not a medical device.") >= 2
    assert '<div class="warning"' in text
    assert "Early deaths are missing." in text
    left = text[text.index('id="not-in-this-report"'):]
    assert left.index("Age: nobody has one.") < left.index("Survival: there are no times.") < left.index('id="methods"')


def test_synthetic_patients_are_called_so_on_the_page_in_print_and_in_every_file_of_text(tmp_path):
    text = written(tmp_path, report(synthetic="45 patients drawn at random, none of them real."))
    assert '<p class="synthetic" role="note">SYNTHETIC: 45 patients drawn' in text
    assert "Synthetic patients, not real" in text
    assert "SYNTHETIC" in (tmp_path / "methods.txt").read_text(encoding="utf-8")
    assert "Synthetic: 45 patients" in (tmp_path / "tables" / "table-1.tex").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["synthetic"]
    real = written(tmp_path)
    assert "synthetic\" role" not in real
    assert "Synthetic patients" not in real


def test_a_long_table_is_cut_on_the_page_and_says_so(tmp_path):
    def of(n: int) -> str:
        return written(tmp_path, report(parts=(TablePart("t", "Long", pl.DataFrame({"a": [f"row {i}." for i in range(n)]})),)))

    assert "more rows" not in of(MOST_ROWS)
    cut = of(MOST_ROWS + 3)
    assert "3 more rows stand in the files." in cut
    assert f"row {MOST_ROWS}." not in cut
    assert f"row {MOST_ROWS + 2}." in (tmp_path / "tables" / "t.csv").read_text(encoding="utf-8-sig")


def test_an_empty_table_and_a_report_without_anything_are_written(tmp_path):
    assert "Nobody to show." in written(tmp_path / "a", report(parts=(TablePart("t", "None", pl.DataFrame({"a": [], "b": []})),)))
    text = written(tmp_path / "b", CohortReport("Nothing", "", ()))
    assert Page(text).wrong == []
    assert not (tmp_path / "b" / "figures").exists()


def test_a_very_large_drawing_stands_on_the_page_as_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "LARGEST_SVG", 10)
    text = written(tmp_path)
    assert '<img class="figure" src="data:image/png;base64,' in text
    assert 'alt="Who was left out &amp; why"' in text
    assert "url(#flow-p1)" not in text


# ---------------------------------------------------------------------------------------------------- methods and machines
def test_methods_say_each_sentence_once_and_number_the_references_in_the_order_met():
    found = methods_of(report())
    assert found == [("Counts were compared by Fisher's test.", [1, 2, 3]), ("Times were not.", [1, 4])]
    text = methods_text(report())
    assert "Counts were compared by Fisher's test. [1-3] Times were not. [1, 4]" in text
    assert re.search(r"^4\. Wilson", text, re.MULTILINE)
    assert "No analysis was done." in methods_text(CohortReport("t", "", ()))


def test_the_machine_output_holds_every_number_and_names_every_file(tmp_path):
    files = write_cohort(report(), tmp_path, "tocsin cohort data", STAMP)
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (told["contract"], told["complete"], told["arms"]) == ("tocsin-cohort/1", True, ["A", "B"])
    one = told["sections"][0]["parts"][0]
    assert one["numbers"] == {"columns": ["x"], "rows": [[0.5], [None], ["inf"]]}
    assert one["printed"]["rows"][1] == ["  none", "1 (50.0)", "Fisher"]
    assert told["left_out"] == [{"section": "patients", "text": "Age: nobody has one."}, {"section": "survival", "text": "Survival: there are no times."}]
    assert told["warnings"] == [{"section": "patients", "text": "Early deaths are missing."}]
    assert ["Command", "tocsin cohort data"] in told["basis"]
    assert sorted(told["files"]) == sorted(str(f.relative_to(tmp_path)) for f in files)
    assert sorted(told["files"]) == sorted(str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file())
    assert files[0].name == "report.html"


def test_the_same_report_gives_the_same_files(tmp_path):
    for name in ("a", "b"):
        write_cohort(report(), tmp_path / name, "c", STAMP)
    for one in (tmp_path / "a").rglob("*.*"):
        assert one.read_bytes() == (tmp_path / "b" / one.relative_to(tmp_path / "a")).read_bytes()


# ---------------------------------------------------------------------------------------------------- the folder
def test_a_second_report_replaces_the_first_and_leaves_what_is_not_its_own(tmp_path):
    written(tmp_path)
    (tmp_path / "tables" / "mine.csv").write_text("x", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    written(tmp_path, report(parts=(table("table-2"),)))
    left = {str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()}
    assert left == {"report.html", "report.json", "methods.txt", "tables/table-2.csv", "tables/table-2.tex", "tables/mine.csv", "notes.txt"}
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("inside", ["{}", "not json", '{"contract": "other/1", "files": []}', '{"contract": "tocsin-cohort/1"}', "[]", None])
def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path, inside):
    (tmp_path / "thesis.txt").write_text("x", encoding="utf-8")
    if inside is not None:
        (tmp_path / "report.json").write_text(inside, encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CohortError, match="is not empty and holds no report"):
        write_cohort(report(), tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "x").write_text("x", encoding="utf-8")
    with pytest.raises(CohortError, match="is a file"):
        write_cohort(report(), tmp_path / "x")


def test_a_file_of_someone_else_in_the_way_is_refused(tmp_path):
    written(tmp_path, report(parts=()))
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "table-1.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(CohortError, match=r"table-1\.csv exists and is not part of the report"):
        written(tmp_path)
    assert (tmp_path / "tables" / "table-1.csv").read_text(encoding="utf-8") == "mine"


def test_a_manifest_that_names_other_files_removes_none_of_them(tmp_path):
    out = tmp_path / "out"
    written(out)
    kept = [tmp_path / "outside.csv", out / "data.csv", out / "tables" / "data.xlsx"]
    for one in kept:
        one.write_text("x", encoding="utf-8")
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    told["files"] += ["../outside.csv", str(tmp_path / "outside.csv"), "data.csv", "tables/../data.csv", "tables/data.xlsx", 5]
    (out / "report.json").write_text(json.dumps(told), encoding="utf-8")
    written(out, report(parts=()))
    assert all(one.exists() for one in kept)


def test_a_file_that_a_link_leads_away_to_is_not_removed(tmp_path):
    out, away = tmp_path / "out", tmp_path / "away"
    written(out)
    away.mkdir()
    for one in (out / "tables").iterdir():
        one.rename(away / one.name)
    (out / "tables").rmdir()
    (out / "tables").symlink_to(away)
    before = sorted(p.name for p in away.iterdir())
    written(out, report(parts=()))
    assert sorted(p.name for p in away.iterdir()) == before


def test_a_report_that_broke_off_is_taken_up_by_the_next(tmp_path, monkeypatch, drawn):
    stub = sys.modules["tocsin.show.cohort.draw"]
    good = stub.save_figure

    def breaks(part, arms, folder, synthetic=False):
        if part.id == "crs":
            raise RuntimeError
        good(part, arms, folder)

    monkeypatch.setattr(stub, "save_figure", breaks)
    with pytest.raises(RuntimeError):
        written(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["complete"] is False
    monkeypatch.setattr(stub, "save_figure", good)
    written(tmp_path, report(parts=(figure("other"),)))
    assert {f.name for f in (tmp_path / "figures").iterdir()} == {"other.svg", "other.png", "other.pdf"}
    assert drawn == ["flow", "other"]


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "a b", "x."])
def test_an_id_that_is_no_name_of_a_file_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(CohortError, match="cannot name a file"):
        write_cohort(report(parts=(table(name),)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("parts", [
    (table("t"), table("T")), (figure("f"), figure("f")), (table("t-numbers"), table("t", numbers=pl.DataFrame({"x": [1]}))),
])
def test_two_parts_whose_files_would_have_one_name_are_refused(tmp_path, parts):
    with pytest.raises(CohortError, match="Give each its own id"):
        write_cohort(report(parts=parts), tmp_path / "out")


# ---------------------------------------------------------------------------------------------------- the terminal
def said(show, width: int = 80) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_says_what_was_found_what_to_beware_of_and_where_it_lies(tmp_path, width):
    text = said(lambda c: print_cohort(c, report(synthetic="not real"), [tmp_path / "report.html", tmp_path / "methods.txt"]), width)
    assert max(len(line) for line in text.splitlines()) <= width
    flat = re.sub(r"\s+", " ", text)
    for words in ("A cohort", "SYNTHETIC: not real", "2 patients", "First paragraph.", "! Early deaths are missing.", "Survival: there are no times.",
                  "1 table (CSV, LaTeX) and 2 figures", "Research software, not a medical device."):
        assert words in flat
    assert "Second." not in flat


def check(verdict: Verdict, printed: str = "5 %", found: str = "1/20 = 5 %", **more) -> Check:
    fields = {"id": f"c{verdict}", "what": "male [x]", "arm": "all", "says": "the count gives it", "words": "5% (1/20) were male", "cites": "zhou2025"}
    return Check(**{**fields, "printed": printed, "found": found, "verdict": verdict, **more})


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_check_of_any_verdict_is_printed_and_counted(verdict):
    text = re.sub(r"\s+", " ", said(lambda c: print_published(c, [check(verdict)])))
    assert "1 published number or statement: 1 " in text
    assert "ale [x]" in text
    assert text.count("(1)") == 1


def test_each_p_value_stands_with_its_test_and_each_choice_with_the_words_behind_it():
    checks = [
        check(Verdict.REPRODUCES, "p = 0.353", "Fisher's exact test", what="infection", says="Fisher's exact test gives 0.3532"),
        check(Verdict.REPRODUCES, "different", "Mann-Whitney: p 0.003", what="grade", says="from the counts", arm="none"),
        check(Verdict.CONTRADICTION, "8 hours", "open", says="24-48 hours elsewhere", words="8 hours after infusion"),
        check(Verdict.NOT_REPRODUCIBLE, "p = 0.350", "", what="PFS", says="needs each patient"),
    ]
    text = re.sub(r"\s+", " ", said(lambda c: print_published(c, checks, {"none": "no tocilizumab"}), 80))
    assert "Infection: p = 0.353 Fisher's exact test gives 0.3532" in text
    assert "Grade (no tocilizumab): the arms differ; Mann-Whitney: p 0.003" in text
    assert "“8 hours after infusion” 24-48 hours elsewhere. Choice: open" in text
    assert "PFS: p = 0.350 Needs each patient" in text
