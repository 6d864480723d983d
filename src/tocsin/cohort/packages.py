"""The statistical packages of the extra ``stats``: loaded when first used, with one clear error where they are absent."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

from tocsin.errors import SettingError


def needs(name: str) -> Any:
    """The module of this name ("scipy.stats"); SettingError with the command that installs it when it is absent."""
    try:
        return import_module(name)
    except ImportError:
        package = name.split(".", 1)[0]
        raise SettingError(f"Statistics of a cohort need the package {package}, which is not installed.\n  pip install 'tocsin[stats]'") from None


@cache
def with_version(package: str) -> str:
    """A package with its version, as a methods paragraph names it: "scipy 1.17.1"."""
    return f"{package} {version(package)}"
