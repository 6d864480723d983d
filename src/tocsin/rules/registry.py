"""Things that are data, one file each in a package: found by themselves, built when first asked for."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Generic, TypeVar

from tocsin.errors import RuleError

T = TypeVar("T")


def found(package: str, path: Iterable[str], kind: str) -> Mapping[str, Callable[..., T]]:
    """The builders that the modules of a package name in ``BUILDERS`` (id -> function of its settings).

    Raises RuleError when an id is defined twice; ``kind`` says of what.
    """
    out: dict[str, Callable[..., T]] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(path)):
        for name, builder in getattr(import_module(f"{package}.{module}"), "BUILDERS", {}).items():
            if name in out:
                raise RuleError(f"the {kind} {name} is defined twice")
            out[name] = builder
    return MappingProxyType(out)


class Built(Mapping[str, T], Generic[T]):
    """What builders make with their default settings, each built when it is first asked for."""

    def __init__(self, builders: Mapping[str, Callable[..., T]]) -> None:
        self._builders = builders
        self._built: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._built:
            self._built[name] = self._builders[name]()
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._builders)

    def __len__(self) -> int:
        return len(self._builders)

    def __contains__(self, name: object) -> bool:
        return name in self._builders
