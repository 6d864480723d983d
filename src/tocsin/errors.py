"""Every error Tocsin raises on purpose, as one tree.

    TocsinError
      VocabularyError    an unknown concept, unit or coded value
      TimelineError      a record that contradicts itself or lacks what is needed
      SourceError        a file that cannot be read as a record: says file, row, why and the usual fix
      RuleError          a rule, scale or protocol that is built wrongly
      UnknownIdError     an id (scale, protocol, criterion, concept) that does not exist
      SettingError       a setting or option with a value that cannot be used
      CohortError        numbers, counts or groups that a statistic cannot be computed on
      ModelError         equations, parameters, doses or times that cannot be simulated

The command line prints the message of a TocsinError and exits with 2; anything else is a bug and shows a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_NAMES = 20
LISTED = {"scale": "tocsin scales", "concept": "tocsin concepts", "protocol": "tocsin protocols", "criterion": "tocsin explain SCALE",
          "criterion, rule, scale, protocol or concept": "tocsin scales, tocsin protocols, tocsin concepts"}
"""The command that lists what an id may be, where there are many."""


class TocsinError(Exception):
    """Base of all errors Tocsin raises on purpose; the message is written for the person who will fix it."""


class VocabularyError(TocsinError):
    """A concept, unit or coded value that the vocabulary does not have."""


class TimelineError(TocsinError):
    """A record that contradicts itself or lacks what is needed to place it in time."""


class SourceError(TocsinError):
    """A file that cannot be read as a record."""


class RuleError(TocsinError):
    """A predicate, criterion, scale or protocol that is built wrongly; raised when it is built."""


class UnknownIdError(TocsinError):
    """An id that does not exist; the message offers the nearest ones."""

    def __init__(self, kind: str, given: str, known: Iterable[str], listed_by: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(given.lower(), [n.lower() for n in names], n=3, cutoff=0.5)
        nearest = [n for n in names if n.lower() in near]
        see = listed_by or LISTED.get(kind, "tocsin --help")
        whole = f"  Known: {', '.join(names)}." if len(names) <= MOST_NAMES else f"  {len(names)} are known: see {see}."
        hint = f"  Nearest: {', '.join(nearest)}." if nearest else whole
        super().__init__(f"There is no {kind} called {given!r}.\n{hint}")


class SettingError(TocsinError):
    """A setting or command-line option with a value that cannot be used."""


class CohortError(TocsinError):
    """Numbers, counts or groups that a statistic of a cohort cannot be computed on."""


class ModelError(TocsinError):
    """Equations, parameters, doses or times that cannot be simulated: says which patient, equation or name, why, and the usual fix."""
