"""Packages that only some formats need, and what to do when one is not installed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from tocsin.errors import SourceError


def needs(name: str) -> ModuleType:
    """The package of this name; SourceError with the command that installs it when it is absent."""
    try:
        return import_module(name)
    except ImportError:
        raise SourceError(f"This format needs the package {name}, which is not installed.\n  pip install 'tocsin[sources]'") from None
