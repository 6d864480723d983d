"""A table of the report as LaTeX, for a manuscript: booktabs rules, caption, notes; longer tables run over pages.

The file holds nothing but ASCII, so every TeX engine reads it whatever the encoding of the manuscript.  A sign that has no name here is written
as its code point, [U+4E2D], so that nothing is lost without a trace.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tocsin.cohort.parts import TablePart
from tocsin.show.cohort.tables import is_heading, is_indented, numeric, rows

NEEDS = r"\usepackage{booktabs,array,longtable}"
LONGEST = 36
"""A table of more rows than this, a row of much text counting as several, runs over pages."""
WIDEST = 92
"""A table of so many letters a line fits its page with columns as wide as they like; beyond it the columns share the width, with breaks."""
LINE, LETTERS = 80, 105
"""So many letters of small type fit one line of a narrow page, and of a page of usual margins."""

SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "^": r"\textasciicircum{}", "_": r"\_",
    "~": r"\textasciitilde{}", "%": r"\%", "<": r"$<$", ">": r"$>$", "|": r"\textbar{}", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}",
    "*": "{*}", "\u2013": "--", "\u2014": "---", "\u2010": "-", "\u2011": "-", "\u2012": "--", "\u2212": "$-$", "\u2018": "`", "\u2019": "'",
    "\u201c": "``", "\u201d": "''", "\u2026": r"\ldots{}", "\u00a0": "~", "\u202f": "~", "\u2009": r"\,", "\u2007": "~", "\u00d7": r"$\times$",
    "\u00b1": r"$\pm$", "\u2265": r"$\geq$", "\u2264": r"$\leq$", "\u2260": r"$\neq$", "\u2248": r"$\approx$", "\u221e": r"$\infty$",
    "\u00b0": r"$^\circ$", "\u2192": r"$\rightarrow$", "\u2190": r"$\leftarrow$", "\u221a": r"$\surd$", "\u2211": r"$\sum$", "\u00b7": r"$\cdot$",
    "\u00b5": r"$\mu$", "\u03bc": r"$\mu$", "\u2020": r"\dag{}", "\u2021": r"\ddag{}", "\u00a7": r"\S{}", "\u2022": r"$\bullet$", "\u3001": ", ",
    "\u00df": r"\ss{}", "\u00f8": r"\o{}", "\u00d8": r"\O{}", "\u00e6": r"\ae{}", "\u00c6": r"\AE{}", "\u0153": r"\oe{}", "\u0152": r"\OE{}",
    "\u0142": r"\l{}", "\u0141": r"\L{}", "\u0131": r"\i{}", "\u00ab": r"$\ll$", "\u00bb": r"$\gg$", "\u2153": "1/3", "\u00bd": "1/2", "\u00bc": "1/4",
    "\u200b": "", "\u2032": r"$'$", "\u00ae": r"\textsuperscript{R}", "\u2122": r"\textsuperscript{TM}", "\n": " ", "\t": " ", "\r": " ",
    **{chr(0x2080 + i): rf"\textsubscript{{{i}}}" for i in range(10)}, **{chr(0x2070 + i): rf"\textsuperscript{{{i}}}" for i in (0, *range(4, 10))},
    "\u00b9": r"\textsuperscript{1}", "\u00b2": r"\textsuperscript{2}", "\u00b3": r"\textsuperscript{3}", "\u207b": r"\textsuperscript{$-$}",
    "\u207a": r"\textsuperscript{+}",
    **{letter: rf"$\{name}$" for letter, name in (
        ("α", "alpha"), ("β", "beta"), ("γ", "gamma"), ("δ", "delta"), ("ε", "epsilon"), ("ζ", "zeta"), ("η", "eta"), ("θ", "theta"), ("κ", "kappa"),
        ("λ", "lambda"), ("π", "pi"), ("ρ", "rho"), ("σ", "sigma"), ("τ", "tau"), ("φ", "phi"), ("χ", "chi"), ("ψ", "psi"), ("ω", "omega"),
        ("Γ", "Gamma"), ("Δ", "Delta"), ("Σ", "Sigma"), ("Φ", "Phi"), ("Ω", "Omega"))},
}
ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u0308": '"', "\u030a": "r",
    "\u030b": "H", "\u030c": "v", "\u0327": "c",
}
OPENING = re.compile(r'(^|[\s(\[/–—])"')


KEPT = re.compile(r"(?<=\d) (?=%)|(?<=\(n) (?==)|(?<=\(n =) (?=\d)")
"""Blanks at which no line ends: 53.3 %, (n = 17)."""


def escaped(text: str) -> str:
    """A text as LaTeX prints it: its signs by name, straight quotation marks as a pair, no ligature of hyphens or apostrophes."""
    text = KEPT.sub("\u00a0", text)
    paired = OPENING.sub("\\1\u201c", text).replace('"', "\u201d")
    out: list[str] = []
    for c in unicodedata.normalize("NFC", paired):
        if c in "-'" and out and out[-1] == c:
            out.append("{}")
        out.append(SIGNS[c] if c in SIGNS else _letter(c))
    return "".join(out)


def _letter(c: str) -> str:
    """A letter without a sign of its own: ASCII as it is, with an accent by its command, anything else by its code point."""
    if " " <= c <= "\u007e":
        return c
    base, marks = unicodedata.normalize("NFD", c)[0], unicodedata.normalize("NFD", c)[1:]
    if len(marks) == 1 and marks in ACCENTS and base.isascii():
        return rf"\{ACCENTS[marks]}{{{base if base not in 'ij' else chr(92) + base}}}"
    return f"{{[}}U+{ord(c):04X}{{]}}"


def latex(part: TablePart) -> str:
    """The table as a fragment that a manuscript reads in; NEEDS names the packages."""
    lines = rows(part.frame)
    n = len(part.frame.columns)
    long = len(lines) + sum(len("".join(row)) for row in lines) / WIDEST > LONGEST
    columns, size, shared = _columns(part, lines)
    head = " & ".join(rf"\textbf{{{escaped(c)}}}" if c else "" for c in part.frame.columns) + r" \\"
    body = [_line(row, n, shared) for row in lines] or [rf"\multicolumn{{{n}}}{{l}}{{none}} \\"]
    caption = rf"\caption{{{escaped(part.title)}}}\label{{tab:{_label(part.id)}}}"
    notes = [rf"{{\footnotesize\raggedright {escaped(note)}\par}}" for note in part.notes]
    start = ["% " + f"Needs {NEEDS} in the preamble."]
    if long:
        return "\n".join([
            *start, r"\begingroup" + size, rf"\begin{{longtable}}{{{columns}}}", caption + r"\\", r"\toprule", head, r"\midrule", r"\endfirsthead",
            r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot", *body, r"\end{longtable}", *notes, r"\endgroup", ""])
    return "\n".join([
        *start, r"\begin{table}[htbp]", r"\centering" + size, caption, rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body,
        r"\bottomrule", r"\end{tabular}", *([r"\par\smallskip", *notes] if notes else []), r"\end{table}", ""])


def _line(row: tuple[str, ...], n: int, shared: bool) -> str:
    """One row; a heading reaches over all columns, in lines where it is long, and what belongs to it is indented."""
    if is_heading(row):
        words = rf"\textit{{{escaped(row[0])}}}"
        if shared and len(row[0]) > LINE:
            return rf"\multicolumn{{{n}}}{{@{{}}p{{\linewidth}}@{{}}}}{{{words}}} \\"
        return rf"\multicolumn{{{n}}}{{@{{}}l}}{{\makebox[0pt][l]{{{words}}}}} \\"  # no wider than the columns, whatever it says
    inside = r"\leftskip=1em\relax " if shared else r"\quad "  # in a column with breaks every line of the cell moves in
    first = (inside if is_indented(row) else "") + escaped(row[0].strip())
    return " & ".join([first, *(escaped(c) for c in row[1:])]) + r" \\"


def _columns(part: TablePart, lines: Sequence[tuple[str, ...]]) -> tuple[str, str, bool]:
    """How the columns are set, the size of the letters, and whether the columns share the width, with breaks; figures stand to the right."""
    right = numeric(part.frame)
    cells = [[name, *(row[i] for row in lines if not is_heading(row))] for i, name in enumerate(part.frame.columns)]
    wide = [max(map(len, column)) for column in cells]
    if sum(wide) + 2 * len(wide) <= WIDEST:
        return "@{}" + "".join("r" if r else "l" for r in right) + "@{}", "" if sum(wide) <= 70 else r"\footnotesize", False
    least = [(3 + max(len(word) for text in column for word in text.split() or [""])) / LETTERS for column in cells]
    more = [max(min(w, LINE) / LETTERS - low, 0.001) for w, low in zip(wide, least, strict=True)]
    spare = max(1.0 - sum(least), 0.0)
    shares = [(low + spare * m / sum(more)) / max(sum(least), 1.0) for low, m in zip(least, more, strict=True)]
    made = [rf">{{\ragged{'left' if r else 'right'}\arraybackslash}}p{{\dimexpr {share:.3f}\linewidth-2\tabcolsep\relax}}"
            for r, share in zip(right, shares, strict=True)]
    return "@{}" + "".join(made) + "@{}", r"\footnotesize" if len(wide) < 7 else r"\scriptsize", True


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9:.-]", "-", text)
