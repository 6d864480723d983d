"""Named choices of a scale or protocol: what a source leaves open, with a default, a citation and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tocsin.cite import Mark
from tocsin.errors import SettingError


@dataclass(frozen=True, slots=True)
class Setting:
    """One named choice of a scale or protocol, with its default, its source and why; ``whole``: a count, without a part."""

    name: str
    default: float | bool
    unit: str
    what: str
    cites: str
    mark: Mark
    minimum: float = 0.0
    maximum: float = float("inf")
    whole: bool = False

    def check(self, value: object) -> float | bool:
        """The value in the setting's own type; SettingError when it cannot be used."""
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
            text = str(value).strip().lower()
            if text in ("true", "yes", "on", "1"):
                return True
            if text in ("false", "no", "off", "0"):
                return False
            raise SettingError(f"{self.name} is yes or no, not {value!r}")
        try:
            number = float(str(value))
        except ValueError:
            raise SettingError(f"{self.name} is a number ({self.unit}), not {value!r}") from None
        if not self.minimum <= number <= self.maximum:
            raise SettingError(f"{self.name} must lie between {self.minimum:g} and {self.maximum:g} {self.unit}, not {number:g}")
        if self.whole and number != int(number):
            raise SettingError(f"{self.name} is a whole number of {self.unit}, not {number:g}")
        return number


def settled(docs: tuple[Setting, ...], given: Mapping[str, object]) -> Mapping[str, float | bool]:
    """Defaults with the given settings put in; SettingError for one that does not exist or cannot be used."""
    by_name = {s.name: s for s in docs}
    for name in given:
        if name not in by_name:
            raise SettingError(f"there is no setting {name!r} here; there are: {', '.join(by_name) or 'none'}")
    return MappingProxyType({s.name: s.check(given.get(s.name, s.default)) for s in docs})
