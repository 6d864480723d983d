"""Where a protocol that is not Tocsin's own is found: a hospital's file named by its path, or an installed package.

A package names its protocols as entry points of the group ``tocsin.protocols``: the id, and the function of settings that builds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from tocsin.errors import RuleError, SettingError, UnknownIdError
from tocsin.protocols import local_python, override_file
from tocsin.protocols.protocol import Protocol

GROUP = "tocsin.protocols"
FILE = re.compile(r"(?P<path>.+\.(?:py|toml))(?::(?P<id>[\w.-]+))?", re.IGNORECASE)

Builder = Callable[..., Protocol]


def file_of(name: str) -> Path | None:
    """The file that a name means: ``ward.toml``, ``ward.py``, or one of several protocols in it, ``ward.py:ID``; None for an id."""
    named = FILE.fullmatch(name)
    return Path(named["path"]) if named else None


def installed() -> dict[str, EntryPoint]:
    """The protocols that installed packages name, by id; nothing of them is run yet."""
    return {found.name: found for found in entry_points(group=GROUP)}


def available(known: Mapping[str, Builder]) -> Mapping[str, Builder]:
    """Tocsin's own protocols (``known``) and those of installed packages, each of which is loaded when it is built."""
    return {**{name: _of_package(entry) for name, entry in installed().items()}, **known}


def builder(name: str, known: Mapping[str, Builder]) -> Builder:
    """How the protocol of a file or an installed package is built; ``known``: Tocsin's own.

    A Python file is run.  Raises UnknownIdError, SettingError or RuleError.
    """
    named, others = FILE.fullmatch(name), available(known)
    if named is None:
        if name not in others:
            raise UnknownIdError("protocol", name, others)
        return others[name]
    path, chosen = Path(named["path"]), named["id"]
    if path.suffix.lower() == ".toml":
        own_id, build = override_file.builder(path, others)
        found: Mapping[str, Builder] = {own_id: build}
    else:
        found = local_python.builders(path, others)
    if chosen is None and len(found) > 1:
        raise SettingError(f"{path} names several protocols: {', '.join(found)}.\n  Choose one: {path}:{next(iter(found))}")
    if chosen is not None and chosen not in found:
        raise UnknownIdError(f"protocol in {path}", chosen, found)
    return found[chosen or next(iter(found))]


def _of_package(entry: EntryPoint) -> Builder:
    """The function that an entry point names; what a package does wrong is told with its name."""
    package = f"the installed package {entry.dist.name if entry.dist is not None else entry.value}"

    def made(**given: object) -> Protocol:
        try:
            one = entry.load()(**given)
        except SettingError:
            raise
        except local_python.USUAL_MISTAKES as error:
            raise RuleError(f"the protocol {entry.name} of {package} cannot be built: {error}") from None
        if not isinstance(one, Protocol) or one.id != entry.name:
            raise RuleError(f"{entry.value} of {package} does not build a protocol called {entry.name}")
        return one

    return made
