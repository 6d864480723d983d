"""Limits of normal: the patient's own where told, else common adult ones, which are settings.  One table for every rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.cite import Mark
from tocsin.rules import Fact, Measure, PatientLimit, Predicate, Setting
from tocsin.vocabulary import CONCEPTS

Settings = Mapping[str, float | bool]

ASSUME_NORMAL_LIMITS = Setting(
    "assume_normal_limits", True, "", "where a patient's own limits of normal are not told, take common adult ones; off: what depends on "
    "them is unknown", "tocsin:uln", Mark.DECISION)

# concept: lower limit, upper limit of normal; None where no rule asks or where they differ too much between assays.
_NORMAL: Mapping[str, tuple[float | None, float | None]] = {
    "haemoglobin": (12.0, 16.5), "platelets": (150.0, None), "leukocytes": (4.0, None), "neutrophils": (2.0, None),
    "lymphocytes": (1.0, None), "cd4_lymphocytes": (0.5, None),
    "aptt": (None, 35.0), "inr": (None, 1.2), "fibrinogen": (200.0, None), "haptoglobin": (30.0, None),
    "ast": (None, 40.0), "alt": (None, 40.0), "alkaline_phosphatase": (None, 120.0), "ggt": (None, 60.0), "bilirubin_total": (None, 1.2),
    "creatinine": (None, 1.2), "ldh": (None, 250.0), "creatine_kinase": (None, 200.0), "amylase": (None, 110.0), "lipase": (None, 60.0),
    "albumin": (3.5, None), "cholesterol": (None, 200.0), "uric_acid": (None, 7.0), "glucose": (70.0, None),
    "glucose_fasting": (None, 100.0), "sodium": (135.0, 145.0), "potassium": (3.5, 5.0), "calcium_corrected": (8.5, 10.5), "calcium_ionised": (1.15, 1.3),
    "magnesium": (1.7, 2.4), "phosphate": (2.5, None), "ph": (7.35, 7.45),
    "ferritin": (None, 300.0), "bilirubin_direct": (None, 0.3), "pt": (None, 13.5), "d_dimer": (None, 500.0), "d_dimer_ddu": (None, 250.0),
    "fdp": (None, 5.0),
    "eosinophils": (None, 0.5), "basophils": (None, 0.1), "bnp": (None, 100.0), "nt_probnp": (None, 125.0), "procalcitonin": (None, 0.5),
    "egfr": (60.0, None),
}
_STRICTER: Mapping[str, tuple[float, str]] = {"lln_haemoglobin": (13.0, "male"), "uln_haemoglobin": (16.0, "female")}
"""Limits that one sex crosses sooner; the general limit is that of the other."""
_SIDES = {"lln": "lower limit of normal", "uln": "upper limit of normal"}


def _setting(name: str, number: float, sex: str = "") -> Setting:
    side, _, concept = name.partition("_")
    one = CONCEPTS[concept]
    whose = {"": "", "male": " in men", "female": " in women"}[sex]
    return Setting(
        f"{name}_{sex}" if sex else name, number, str(one.unit),
        f"{_SIDES[side]} of {one.title}{whose}, for patients whose own is not told", "tocsin:uln", Mark.DECISION, minimum=number / 50,
        maximum=number * 50)


DEFAULTS: Mapping[str, Setting] = {
    one.name: one
    for concept, pair in _NORMAL.items() if concept in CONCEPTS
    for side, number in zip(_SIDES, pair, strict=True) if number is not None
    for one in (_setting(f"{side}_{concept}", number),
                *(_setting(f"{side}_{concept}", *_STRICTER[n]) for n in (f"{side}_{concept}",) if n in _STRICTER))
}
"""The limits that serve patients whose own are not told, by name (``uln_ast``)."""


def normal_settings(*names: str) -> tuple[Setting, ...]:
    """The settings behind the limits of these names (``uln_ast``), and whether such defaults are taken at all."""
    mine = [DEFAULTS[n] for name in names for n in (name, f"{name}_male", f"{name}_female") if n in DEFAULTS]
    return (*mine, ASSUME_NORMAL_LIMITS) if mine else ()


@dataclass(frozen=True, slots=True)
class Beyond:
    """Beyond a limit of normal: above ``factor`` x the upper one + ``plus`` (``high``), or below so much of the lower one."""

    concept: str
    high: bool
    factor: float = 1.0
    plus: float = 0.0
    reached: bool = False

    @property
    def name(self) -> str:
        """The name of the limit, such as ``uln_ast``."""
        return f"{'uln' if self.high else 'lln'}_{self.concept}"

    def predicate(self, settings: Settings) -> Predicate:
        """The claim, with the patient's own limit where told."""
        out = self._against(self.name, settings)
        if self.name not in _STRICTER or default_limit(self.name, settings) is None:
            return out
        sex = _STRICTER[self.name][1]
        return out | (Fact("sex", "==", sex, f"the patient is {sex}") & self._against(f"{self.name}_{sex}", settings))

    def limit(self, settings: Settings, default: str = "") -> PatientLimit:
        """The limit itself, whose ``default`` is the setting of that name."""
        whose = {"male": " in men", "female": " in women"}.get((default or self.name).rpartition("_")[2], "")
        side = f"the {_SIDES[self.name[:3]]}{whose}"
        says = side if self.factor == 1 else f"{self.factor:g} x {side}"
        if self.plus:
            says += f" {'+' if self.plus > 0 else '-'} {abs(self.plus):g} {CONCEPTS[self.concept].unit}"
        return PatientLimit(self.name, says, self.factor, self.plus, default_limit(default or self.name, settings))

    def _against(self, default: str, settings: Settings) -> Predicate:
        value = Measure(self.concept, str(CONCEPTS[self.concept].unit))
        limit = self.limit(settings, default)
        if self.high:
            return value.at_least(limit) if self.reached else value.above(limit)
        return value.at_most(limit) if self.reached else value.below(limit)


def default_limit(name: str, settings: Settings) -> float | None:
    """The limit taken where a patient's own is not told; None where there is none or none is to be taken."""
    setting = DEFAULTS.get(name)
    if setting is None or not settings.get(ASSUME_NORMAL_LIMITS.name, True):
        return None
    return float(settings.get(name, setting.default))
