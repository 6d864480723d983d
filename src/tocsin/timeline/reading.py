"""What a source did with each input row: used, explained or quarantined, with counts that reconcile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl

from tocsin.errors import SourceError

IRRELEVANT = "irrelevant"
"""The group of the notes that list the codes of ``FileCount.ignored``."""


class Level(StrEnum):
    """How much a note about a row matters."""

    ERROR = "error"       # the row could not be used: it is in quarantine
    WARNING = "warning"   # the row was used, but a person should look
    INFO = "info"         # what was understood or converted


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to tell about one or more rows of a file.

    ``many``: how many rows it is about, of which ``rows`` lists some.  ``group``: what it has in common with others like it, in
    words without a value or a row ("temperature outside the possible 25-45 degC"), so that a thousand of them can be told as one.
    """

    level: Level
    file: str
    rows: tuple[int, ...]
    what: str
    fix: str = ""
    column: str = ""
    many: int = 0
    group: str = ""

    def sentence(self) -> str:
        """File, row, what, and the usual fix, in one or two lines."""
        rows = ", ".join(str(r) for r in self.rows[:5]) + (f" and {len(self.rows) - 5} more" if len(self.rows) > 5 else "")
        where = f"{self.file}, row{'s' if len(self.rows) > 1 else ''} {rows}" if self.rows else self.file
        return f"{where}: {self.what}" + (f"\n  {self.fix}" if self.fix else "")


@dataclass(frozen=True, slots=True)
class FileCount:
    """The reconciliation of one file: rows = used + explained + quarantined.

    ``ignored``: those of the explained rows that are about what nothing here asks for, by code.
    """

    file: str
    sha256: str
    rows: int
    used: int
    explained: int
    quarantined: int
    events: int
    ignored: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows != self.used + self.explained + self.quarantined:
            raise SourceError(
                f"{self.file}: {self.rows} rows do not reconcile with {self.used} used + {self.explained} explained + "
                f"{self.quarantined} quarantined. This is a defect of Tocsin; please report it."
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a source tells about what it read."""

    files: tuple[FileCount, ...]
    notes: tuple[Note, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> list[Note]:
        """The notes about rows in quarantine."""
        return [n for n in self.notes if n.level is Level.ERROR]


def parquet(path: str | Path) -> pl.DataFrame:
    """A Parquet file, or a folder of them with the same columns; SourceError when that is not what is there."""
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from None


def unreadable(path: str | Path, error: Exception) -> SourceError:
    """What to say of Parquet that cannot be read."""
    why = str(error).splitlines()[0]
    return SourceError(f"{path} cannot be read as Parquet: {why}\n  Name a Parquet file in Tocsin's own columns, or a folder of nothing else; another "
                       "format is named with --format.")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
