"""Spellings that mean the same: keys for units, coded values and names, with what people vary taken out."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Whole words of a unit, and the one spelling that stands for them.
_WORDS = {
    word: short
    for short, words in {
        "degc": "c cel celsius degcelsius degreesc degreecelsius degreescelsius degc",
        "degf": "f fahrenheit degfahrenheit degreesf degreefahrenheit degreesfahrenheit",
        "h": "hr hrs hour hours",
        "min": "mins minute minutes",
        "s": "sec secs second seconds",
        "d": "day days 24h 24hr 24hrs 24hours",
        "u": "iu unit units",
        "mu": "miu milliunit milliunits munit munits",
        "ku": "kiu",
        "g": "gram grams gm gms",
        "mg": "milligram milligrams mgs mgm",
        "ug": "mcg mcgs microgram micrograms",
        "ng": "nanogram nanograms",
        "pg": "picogram picograms",
        "kg": "kgs kilogram kilograms kgbw",
        "l": "litre litres liter liters",
        "dl": "decilitre deciliter",
        "ml": "cc cm3 ccm millilitre millilitres milliliter milliliters",
        "ul": "mcl microlitre microliter mm3 cmm cumm",
        "umol": "mcmol micromol micromole micromoles",
        "%": "percent pct",
        "mmhg": "torr",
        "in": "inch inches in_i",
        "lb": "lbs pound pounds lb_av",
        "10^3": "k thou thousand",
    }.items()
    for word in words.split()
}
# What is counted adds nothing when it stands over a denominator: cells/uL is /uL, beats/min is /min.
_COUNTED = {"1", "#", "cell", "cells", "beat", "beats", "breath", "breaths", "insp", "resp", "count"}
# Left out of a name, or written in Latin letters.
_NAME_CHARACTERS = str.maketrans(dict.fromkeys("_-/‐‑–—", " ") | {"α": "alpha", "β": "beta", "γ": "gamma"})
_NEGATIVE = re.compile(r"(^|[.*])([a-z]+)-1(?![\d])")  # mmol.L-1, ug.kg-1.min-1
_POWER = re.compile(r"[x*]?10(?:(?:\*\*|[\^*ex(])\+?)?(12|[3-9])\)?(?=/|cell|$)")


@lru_cache(maxsize=4096)
def unit_key(unit: str) -> str:
    """A spelling of a unit with what people vary taken out: case, blanks, degree and micro signs, powers of ten, words.

    Case is dropped, so the key is only for comparing units of one concept ("G/L" and "g/L" have the same key).
    """
    text = unicodedata.normalize("NFKC", unit.replace("º", "°")).lower().replace("μ", "u").replace("°", "deg")
    text = re.sub(r"\bper\b", "/", text.replace("×", "x").replace("·", "*").replace("⋅", "*"))
    text = re.sub(r"\s+(?=[a-z]+-1(?!\d))", ".", text.replace("−", "-").replace("{body_wt}", ""))
    text = re.sub(r"(?<=\d)(?:[.*](?=\{)|_(?=m))", "", text)  # 10*6.{cells}, {1.73_m2}: what stands in the braces of UCUM is no factor
    text = re.sub(r"[\s\[\]{}]", "", text)
    text = re.sub(r"/\(24[.*]?h\)", "/d", text)
    text = re.sub(r"/\(([^)]*)\)", lambda group: "/" + re.sub(r"(?<!\d)[.*]|[.*](?!\d)", "/", group[1]), text)
    text = _NEGATIVE.sub(r"/\2", text)
    text = re.sub(r"^([mu]?g)%$", r"\1/dl", text)
    standard = next((kind for kind in ("feu", "ddu") if kind in text), "")  # D-dimer: two standards, never mixed up
    if standard:
        text = text.replace(standard, "")
    text = _POWER.sub(r"10^\1", text)
    text = re.sub(r"([a-z])\^(\d)", r"\1\2", text)  # m^2 is m2
    text = re.sub(r"\.(?![a-z\d])|(?<=\d)\.(?=[a-z])|(?<![a-z\d])\.", "", text.replace("i.u.", "iu"))  # mEq., 10*3.cells; not g.m
    text = re.sub(r"[()]", "", text).strip("-_,;")
    text = {"lpm": "l/min", "bpm": "/min"}.get(text, text)
    top, *below = text.split("/")
    top = re.sub(r"^(10\^\d+)cells?$", r"\1", _WORDS.get(top, top))
    if below and top in _COUNTED:
        top = ""
    key = "/".join([top, *sorted(_WORDS.get(part, part) for part in below)])
    return f"{key} {standard}" if standard else key


@lru_cache(maxsize=4096)
def value_key(text: str) -> str:
    """A coded value in any case, with blanks, underscores and hyphens equal."""
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", text)).strip().lower()


@lru_cache(maxsize=4096)
def name_key(text: str) -> str:
    """A concept's name, case, blanks, underscores, hyphens and slashes left out: IL-6, il_6 and IL6 are one."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(plain.lower().translate(_NAME_CHARACTERS).split())
