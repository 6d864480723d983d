"""Supplemental qualifiers of our own writer: what SDTM has no variable for, in pieces of at most 200 bytes, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

import polars as pl

from tocsin.sources.sdtm_files import base_name

OWN: Mapping[str, str] = MappingProxyType({
    "TCCON": "Concept of Tocsin",
    "TCTEXT": "Coded value, or words beside the number",
    "TCVAL": "Value beyond the range of SAS transport",
    "TCCENS": "Limit of the value: -1 below, +1 above",
    "TCATTR": "To what it is put down",
    "TCSITE": "Where, for local findings",
    "TCNOTE": "Words of the source",
    "TCLATE": "Latest time at which it can have been",
    "TCCALC": "Computed by Tocsin, not reported",
    "TCFACT": "A fact about the patient",
    "TCHOUR": "Time of hour 0",
})
"""Our qualifiers (QNAM) and their labels.  A long one goes on in TCNOTE1, TCNOTE2, ..."""
LONGEST = 200
"""Bytes in a character variable of SAS transport version 5."""
_ESCAPED = re.compile(r"[%\x00-\x1f\x7f]|^ | $|^N(?=A$)|^\.$")  # NA and . are empty cells to R and SAS


def pieces(text: str) -> list[str]:
    """The text in pieces of at most 200 bytes none of which begins or ends with a blank, which SAS transport would cut off.

    What would be lost (control characters, such blanks, the words that stand for nothing) and the percent sign are written as %XX.
    """
    out, left = [], _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", text)
    while len(left.encode()) > LONGEST:
        cut = len(left.encode()[:LONGEST].decode(errors="ignore"))
        while cut > 1 and (left[cut - 1] == " " or left[cut] == " " or "%" in left[max(0, cut - 2) : cut]):
            cut -= 1
        out.append(left[:cut])
        left = left[cut:]
    return [*out, left]


def names(base: str, many: int) -> list[str]:
    """The names of the qualifiers that hold so many pieces."""
    return [base if at == 0 else f"{base}{at}" for at in range(many)]


def own(joined: pl.DataFrame) -> pl.DataFrame:
    """Our qualifiers of each row: ``row`` (of the data set) and one column for each of OWN, null when it has none."""
    mine = joined.filter(pl.col("QNAM").str.starts_with("TC") & pl.col("parent").is_not_null() & pl.col("QVAL").is_not_null())
    found: dict[int, dict[str, list[tuple[int, str]]]] = {}
    for parent, qualifier, value in mine.select("parent", "QNAM", "QVAL").iter_rows():
        base, at = base_name(qualifier)
        if base in OWN:
            found.setdefault(parent, {}).setdefault(base, []).append((at, value))
    rows = [[parent, *(_whole(some.get(base)) for base in OWN)] for parent, some in found.items()]
    return pl.DataFrame(rows, orient="row", schema={"row": pl.UInt32, **dict.fromkeys(OWN, pl.String)})


def _whole(parts: list[tuple[int, str]] | None) -> str | None:
    return None if parts is None else unquote("".join(text for _, text in sorted(parts)))


def is_own(qualifier: pl.Expr) -> pl.Expr:
    """Whether a QNAM is one of ours."""
    return qualifier.str.replace(r"\d+$", "").is_in(list(OWN))
