"""Options that several commands share, and how they become a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.errors import SettingError, SourceError

if TYPE_CHECKING:
    from tocsin.scales import Scale
    from tocsin.timeline import Timeline

Files = Annotated[list[Path], typer.Argument(help="CSV files, Excel workbooks, or one Parquet file of events.", show_default=False)]
Patients = Annotated[Path | None, typer.Option("--patients", help="A table of patients: age_years, weight_kg, product, infusion_time ...")]
InfusionTime = Annotated[str | None, typer.Option("--infusion-time", help="Wall clock of the CAR-T infusion, e.g. 2019-09-25T10:00.")]
Complete = Annotated[str, typer.Option("--complete", help="Domains in which no row means absent: drugs,devices,findings,neurology.")]
Assume = Annotated[list[str] | None, typer.Option("--assume", help="A named assumption: unstated-support-absent, unstated-organ-toxicity-absent.")]
Units = Annotated[list[str] | None, typer.Option("--unit", help="Unit of a concept where the file is silent, e.g. temperature=degF.")]
Weight = Annotated[float | None, typer.Option("--weight", help="Weight of the patient in kg, where the file has none.")]
Age = Annotated[float | None, typer.Option("--age", help="Age of the patient in years, where the file has none.")]
PROTOCOL_HELP = ("The guideline: an id (tocsin protocols), or a hospital's own file, .toml or .py. A Python file is code, and is run: name only "
                 "one that you trust.")
ProtocolName = Annotated[str, typer.Option("--protocol", "-p", help=PROTOCOL_HELP)]
Settings = Annotated[list[str] | None, typer.Option("--set", help="A setting of the scale or protocol, e.g. vasopressor_overlap_minutes=60.")]
Carry = Annotated[list[str] | None, typer.Option("--carry", help="Hours that a concept stays valid, e.g. temperature=8.")]
Count = Annotated[str | None, typer.Option("--count", help="Attributions whose findings count, e.g. crs,unknown,local_crs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine output: one JSON object a line.")]
Patient = Annotated[str | None, typer.Option("--patient", help="Only this patient.")]
From = Annotated[float, typer.Option("--from", help="Grading starts at this hour after the infusion; before it, say -240 for the ten days "
                                     "before.", show_default=True)]
At = Annotated[str | None, typer.Option("--at", help="An hour since infusion (150), a day (day6), a date-time, or now.")]

FEW_PATIENTS = 5
"""Up to this many patients are printed in full; of more, a summary."""


@dataclass(frozen=True, slots=True)
class Source:
    """The reading options of one command, gathered."""

    files: list[Path]
    patients: Path | None = None
    infusion_time: str | None = None
    complete: str = ""
    assume: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    weight: float | None = None
    age: float | None = None
    patient: str | None = None

    def read(self) -> Timeline:
        """The whole record in memory; raises SourceError, SettingError or TimelineError."""
        from tocsin.timeline import Timeline

        if self.weight is not None and not 0 < self.weight < 1000:
            raise SettingError(f"--weight {self.weight:g} is not a weight in kg")
        if self.age is not None and not 0 <= self.age < 150:
            raise SettingError(f"--age {self.age:g} is not an age in years")
        if self._is_parquet():
            timeline = Timeline.read_parquet(self.files[0], self.patients, self._names())
        else:
            timeline = Timeline.read_csv(
                *self.files, patients=self.patients, infusion_time=self.infusion_time, complete=self._names(), units=pairs(self.units, "--unit"),
                weight_kg=self.weight)
        return self._chosen(timeline)

    def told(self) -> Timeline:
        """``read``, with a line on standard error when the reader met problems."""
        timeline = self.read()
        reading = timeline.reading
        if reading is not None and reading.errors:
            rows = sum(c.quarantined for c in reading.files)
            typer.echo(f"tocsin: {len(reading.errors)} problems in the input, {rows} rows in quarantine; `tocsin check {self.files[0]}` "
                       "lists them.", err=True)
        return timeline

    def timelines(self) -> Iterator[Timeline]:
        """The record block by block for a Parquet file, else all at once."""
        from tocsin.timeline import blocks

        if not self._is_parquet() or self.patient is not None:
            yield self.told()
            return
        for part in blocks(self.files[0], self.patients, self._names()):
            yield self._chosen(part)

    def _is_parquet(self) -> bool:
        if not self.files or self.files[0].suffix != ".parquet":
            return False
        if len(self.files) > 1:
            raise SettingError("one Parquet file of events is read at a time; give the patients with --patients")
        if not self.files[0].is_file():
            raise SourceError(f"{self.files[0]}: there is no such file.")
        return True

    def _names(self) -> list[str]:
        return [n for n in self.complete.split(",") if n.strip()]

    def _chosen(self, timeline: Timeline) -> Timeline:
        if self.assume:
            timeline = timeline.with_complete(timeline.complete.assuming(*self.assume))
        if self.patient is not None:
            timeline = timeline.of(self.patient)
        facts = {k: v for k, v in (("weight_kg", self.weight), ("age_years", self.age)) if v is not None}
        if facts and len(timeline.patients) > 1:
            raise SettingError("--weight and --age speak of one patient; name it with --patient, or use --patients FILE")
        for name in [n for n in facts if len(timeline.patients) and timeline.patients[n][0] is not None]:
            if timeline.patients[name][0] != facts[name]:
                typer.echo(f"tocsin: the file tells {name} = {timeline.patients[name][0]:g}, and that counts, not {facts[name]:g}.", err=True)
            del facts[name]
        return timeline.with_patient_facts(**facts) if facts else timeline


def pairs(given: tuple[str, ...] | list[str] | None, option: str) -> dict[str, str]:
    """``name=value`` texts as a dictionary; SettingError for one without "="."""
    out = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise SettingError(f"{option} takes name=value, not {one!r}")
        out[name.strip()] = value.strip()
    return out


def hours(given: list[str] | None, option: str) -> dict[str, float]:
    """``name=hours`` texts as a dictionary of numbers; SettingError otherwise."""
    out = {}
    for name, value in pairs(given, option).items():
        try:
            out[name] = float(value)
        except ValueError:
            raise SettingError(f"{option} {name}={value}: {value!r} is not a number of hours") from None
    return out


def with_settings(names: Iterable[str], given: list[str] | None) -> list[Scale]:
    """The scales of these ids; a setting goes to those that have it, SettingError where none of several does."""
    from tocsin.scales import SCALES
    from tocsin.scales import scale as find

    wanted = pairs(given, "--set")
    ids = list(dict.fromkeys(names))
    known = {name: {s.name for s in SCALES[name].setting_docs} if name in SCALES else set() for name in ids}
    lost = [key for key in wanted if not any(key in names for names in known.values())]
    if lost and len(ids) > 1 and all(name in SCALES for name in ids):
        raise SettingError(f"none of {', '.join(ids)} has a setting {lost[0]!r}; tocsin explain SCALE lists the settings of a scale")
    return [find(name, **{k: v for k, v in wanted.items() if k in known[name] or len(ids) == 1}) for name in ids]


def moment(text: str | None, timeline: Timeline) -> float | None:
    """The hour since infusion that ``--at`` means; SettingError when it cannot be told."""
    if text is None:
        return None
    plain = text.strip().lower()
    try:
        return float(plain)
    except ValueError:
        pass
    if plain.startswith("day"):
        try:
            return 24.0 * float(plain[3:].strip(" =:"))
        except ValueError:
            raise SettingError(f"--at {text!r} is not a day; write day6 or an hour such as 150") from None
    from datetime import datetime

    try:
        given = None if plain == "now" else datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingError(f"--at {text!r} is neither an hour, a day (day6), a date-time (2019-10-01T08:00) nor now") from None
    told = timeline.patients["infusion_time"].drop_nulls().unique().to_list()
    if len(told) != 1:
        raise SettingError(
            f"--at {text!r} is a wall-clock time, which needs one infusion time.\n  Give it with --infusion-time 2019-09-25T10:00, "
            "name one patient with --patient, or use hours since infusion.")
    infusion = datetime.fromisoformat(told[0])
    when = datetime.now(infusion.tzinfo) if given is None else given
    if (when.tzinfo is None) != (infusion.tzinfo is None):
        raise SettingError("--at and the infusion time must both have a time zone, or neither")
    return (when - infusion).total_seconds() / 3600.0
