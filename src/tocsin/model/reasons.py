"""Why each equation of a model has its form: reasons.toml beside its text, checked against text and references."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tocsin.cite import REFERENCES
from tocsin.errors import ModelError
from tocsin.model.load import OWN_SOURCES, LoadedModel, loaded


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an equation has its form, and where that is from: keys of references with commas, or "assumed"."""

    why: str
    source: str


@cache
def reasons() -> Mapping[str, Reason]:
    """The reasons of the model of CRS, by state or assigned quantity."""
    return read(files("tocsin.model").joinpath("text", "reasons.toml").read_text(encoding="utf-8"), loaded())


def read(text: str, model: LoadedModel) -> Mapping[str, Reason]:
    """The reasons in a text; ModelError for one of an equation that the model does not have, or from a source that nobody knows."""
    try:
        rows = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"reasons.toml: {error}") from None
    known = {*model.text.rates, *model.text.assigned}
    found = {}
    for name, row in rows.items():
        if name not in known:
            raise ModelError(f"reasons.toml: {name} has no equation in {model.text.file}: mend the name, or take the reason out")
        if not (isinstance(row, dict) and row.get("why") and row.get("source")):
            raise ModelError(f"reasons.toml: {name} needs why and source (a reference, or \"assumed\")")
        for key in (k.strip() for k in row["source"].split(",")):
            if key not in {*OWN_SOURCES, *model.references, *REFERENCES}:
                raise ModelError(f"reasons.toml: {name} cites {key!r}, which is no reference of the model or of Tocsin")
        found[name] = Reason(row["why"], row["source"])
    return found
