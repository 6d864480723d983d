"""Tables on disk: CSV that no spreadsheet runs, and LaTeX that every engine reads."""

from __future__ import annotations

import re
import shutil
import subprocess

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cohort.parts import TablePart
from tocsin.show.cohort.latex import LONGEST, NEEDS, escaped, latex
from tocsin.show.cohort.tables import csv_cell, is_heading, is_indented, numeric, rows, write_numbers, write_printed


def part(frame: pl.DataFrame, **more) -> TablePart:
    return TablePart("t", "A table", frame, **more)


TEXTS = pl.DataFrame({"": ["Grade", "  none", "  grade 3"], "All (n = 45)": ["", "4 (8.9)", "15 (33.3)"]})


# ---------------------------------------------------------------------------------------------------- CSV
@pytest.mark.parametrize("text", [
    "-1.2", "+3", "-1.2e-05", "-.5", "-11 %", "-1.2 (-3.4 to 0.5)", "-14.4 to 26.3", "12 (34.5)", "–", "−1.2", "<0.001", "", "a = b",
])
def test_numbers_estimates_and_plain_texts_stay_as_they_are(text: str):
    assert csv_cell(text) == text


@pytest.mark.parametrize("text", [
    "=1+1", "@SUM(A1)", "+A1", "-A1", "-1+cmd|' /C calc'!A0", "\t=1", "\r=1", "- none", "+", "-", "-1 (=A1)", "+0.3 (95% not one)", "-2 (HYPERLINK(1))",
])
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str):
    assert csv_cell(text) == f"'{text}"


@given(st.text(max_size=40))
def test_a_cell_that_begins_like_a_formula_is_a_number_or_is_marked(text: str):
    cell = csv_cell(text)
    assert cell in (text, f"'{text}")
    if cell == text and text[:1] in tuple("=+-@\t\r\n"):
        assert re.match(r"[+-][\d.]", text)
        assert not re.search(r"[A-Za-z]", re.sub(r"to|CI|not reached|[eE][+-]?\d", "", text))


def test_the_printed_csv_reads_back_and_tells_excel_that_it_is_utf8(tmp_path):
    frame = pl.DataFrame({"=x": ["a, b", 'say "no"', "=1+1", "two\nlines"], "µg/L": ["1–2", "-1.2", None, "≥ 5"]})
    write_printed(part(frame), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    back = pl.read_csv(tmp_path / "t.csv", infer_schema=False)
    assert back.columns == ["'=x", "µg/L"]
    assert back["'=x"].to_list() == ["a, b", 'say "no"', "'=1+1", "two\nlines"]
    assert back["µg/L"].to_list() == ["1–2", "-1.2", None, "≥ 5"]


def test_numbers_keep_every_digit_and_what_is_missing_or_undefined_is_empty(tmp_path):
    frame = pl.DataFrame({"x": [1 / 3, float("nan"), None, -1e-17], "n": [1, 2, 3, None], "who": ["a", "-b", "c", "d"],
                          "sites": [["lung", "gut"], [], None, ["x"]]})
    write_numbers(part(TEXTS, numbers=frame), tmp_path / "t.csv")
    back = pl.read_csv(tmp_path / "t.csv")
    assert back["x"].to_list() == [1 / 3, None, None, -1e-17]
    assert back["n"].to_list() == [1, 2, 3, None]
    assert back["who"].to_list() == ["a", "'-b", "c", "d"]
    assert back["sites"][0] == "lung; gut"


def test_a_table_without_rows_still_has_its_heads(tmp_path):
    write_printed(part(TEXTS.clear()), tmp_path / "t.csv")
    assert pl.read_csv(tmp_path / "t.csv").columns == ["column_0", "All (n = 45)"]  # Polars names a head that is empty
    assert r"\multicolumn{2}{l}{none}" in latex(part(TEXTS.clear()))


# ---------------------------------------------------------------------------------------------------- what a row and a column are
def test_headings_and_what_belongs_to_them_are_told_apart():
    found = rows(TEXTS)
    assert [is_heading(r) for r in found] == [True, False, False]
    assert [is_indented(r) for r in found] == [False, True, True]
    assert not is_heading(("only",))
    assert not is_heading(("", ""))


def test_columns_of_figures_stand_to_the_right_and_columns_of_words_do_not():
    frame = pl.DataFrame({"": ["1"], "n": ["12 (34.5)"], "ci": ["−1.2 (−3.4 to ∞)"], "p": ["<0.001"], "none": ["–"], "median": ["not reached"],
                          "test": ["Fisher"], "empty": [""], "long": ["1 " * 30]})
    assert numeric(frame) == [False, True, True, True, True, True, False, False, False]


# ---------------------------------------------------------------------------------------------------- LaTeX
@pytest.mark.parametrize(("text", "tex"), [
    ("a & b_c #1 $5 {x} 5%", r"a \& b\_c \#1 \$5 \{x\} 5\%"), ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
    ("≥ 38 °C", r"$\geq$ 38 $^\circ$C"), ("1–3", "1--3"), ("a--b", "a-{}-b"), ("---", "-{}-{}-"),
    ("µg", r"$\mu$g"), ("μg", r"$\mu$g"), ("10⁹", r"10\textsuperscript{9}"),
    ("<5 | >3", r"$<$5 \textbar{} $>$3"), ('say "no"', "say ``no''"), ("''", "'{}'"), ("[1]*", "{[}1{]}{*}"), ("é ñ ö ř ç", r"\'{e} \~{n} \"{o} \v{r} \c{c}"),
    ("Łódź", r"\L{}\'{o}d\'{z}"), ("TNF-α", r"TNF-$\alpha$"), ("中", "{[}U+4E2D{]}"), ("−1", "$-$1"), ("5 %", r"5~\%"), ("(n = 17)", "(n~=~17)"),
])
def test_signs_are_written_by_name(text: str, tex: str):
    assert escaped(text) == tex


@given(st.text(max_size=60))
def test_whatever_is_written_is_ascii_with_balanced_braces_and_no_bare_special_sign(text: str):
    tex = escaped(text)
    assert tex.isascii()
    bare = re.sub(r"\\[\\&%$#_{}]", "", tex)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[&%#_]", bare)
    assert bare.count("$") % 2 == 0


def test_a_table_has_caption_label_rules_headings_indents_and_notes():
    tex = latex(part(TEXTS, notes=("95 % of all.", "Second.")))
    assert r"\caption{A table}\label{tab:t}" in tex
    assert [r for r in ("toprule", "midrule", "bottomrule") if f"\\{r}" not in tex] == []
    assert r"\multicolumn{2}{@{}l}{\makebox[0pt][l]{\textit{Grade}}} \\" in tex
    assert r"\quad grade 3 & 15 (33.3) \\" in tex
    assert tex.index("bottomrule") < tex.index(r"95~\% of all.") < tex.index("Second.")
    assert NEEDS in tex.splitlines()[0]


def test_a_table_runs_over_pages_when_it_is_long_in_rows_or_in_words():
    def of(n: int, words: str = "x") -> str:
        return latex(part(pl.DataFrame({"a": [words] * n, "b": ["1"] * n})))

    assert r"\begin{longtable}" not in of(LONGEST - 1)
    assert r"\begin{longtable}" in of(LONGEST + 1)
    assert r"\begin{longtable}" in of(12, "word " * 60)
    assert r"\endhead" in of(LONGEST + 1)


def test_wide_tables_share_the_width_of_the_page():
    tex = latex(part(pl.DataFrame({"a": ["  word " * 20], "b": ["other " * 20], "c": ["1.5"]})))
    shares = [float(x) for x in re.findall(r"dimexpr ([\d.]+)", tex)]
    assert len(shares) == 3
    assert 0.98 <= sum(shares) <= 1.01
    assert r"\leftskip=1em\relax word" in tex


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_reads_every_shape_of_table(tmp_path):
    odd = "".join(map(chr, (*range(32, 127), *range(0xA0, 0x180)))) + "≥≤−–—∞µ°×±αβγ⁹₂“”…"
    tables = [
        part(TEXTS, notes=(odd[:120],)), part(TEXTS.clear()), part(pl.DataFrame({"only": ["x", "[y]", "*z"]})),
        part(pl.DataFrame({"a": [odd[i : i + 12] for i in range(0, len(odd), 12)], "b": ["1"] * len(range(0, len(odd), 12))})),
        part(pl.DataFrame({"a": ["Heading " * 20, "  word " * 12] * 30, "b": ["", "text " * 20] * 30, "c": ["", "1.5 (1.2 to 3)"] * 30})),
    ]
    body = "".join(latex(t) for t in tables)
    (tmp_path / "x.tex").write_text(rf"\documentclass{{article}}{NEEDS}\begin{{document}}{body}\end{{document}}", encoding="ascii")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode("latin-1")[-1500:]
