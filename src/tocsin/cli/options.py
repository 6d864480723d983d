"""Options that several commands share, and how they become a timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from tocsin.errors import SettingError

if TYPE_CHECKING:
    from tocsin.scales import Scale
    from tocsin.timeline import Timeline

_READING, _CODED = "How the record is read", "How CLIF, OMOP, FHIR, MEDS, SDTM and REDCap are read"


def _option(name: str, says: str, panel: str = _READING) -> Any:
    return typer.Option(name, help=says, rich_help_panel=panel)


PROTOCOL_HELP = ("The guideline: an id (tocsin protocols), or a hospital's own file, .toml or .py. A Python file is code, and is run: name only "
                 "one that you trust.")
ProtocolName = Annotated[str, typer.Option("--protocol", "-p", help=PROTOCOL_HELP)]
Settings = Annotated[list[str] | None, typer.Option("--set", help="A setting of the scale or protocol, e.g. vasopressor_overlap_minutes=60.")]
Carry = Annotated[list[str] | None, typer.Option("--carry", help="Hours that a concept stays valid, e.g. temperature=8.")]
Count = Annotated[str | None, typer.Option("--count", help="Attributions whose findings count, e.g. crs,unknown,local_crs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine output: one JSON object a line.")]
From = Annotated[float, typer.Option("--from", help="Grading starts at this hour after the infusion; before it, say -240 for the ten days "
                                     "before.", show_default=True)]
At = Annotated[str | None, typer.Option("--at", help="An hour since infusion (150), a day (day6), a date-time, or now.")]

FEW_PATIENTS = 5
"""Up to this many patients are printed in full; of more, a summary."""


@dataclass(frozen=True, slots=True)
class Source:
    """The reading options of one command, gathered.  The fields are the options; ``reads`` gives them to a command."""

    files: Annotated[list[Path], typer.Argument(
        help="The record: CSV files or Excel workbooks, a Parquet file of events, or a CLIF, OMOP, FHIR, MEDS, SDTM or REDCap export.",
        show_default=False)]
    patients: Annotated[Path | None, _option("--patients", "A table of patients: age_years, weight_kg, product, infusion_time ...")] = None
    infusion_time: Annotated[str | None, _option("--infusion-time", "Wall clock of the CAR-T infusion, e.g. 2019-09-25T10:00.")] = None
    complete: Annotated[str, _option("--complete", "Domains in which no row means absent: drugs,devices,findings,neurology.")] = ""
    opened: Annotated[str, _option("--open", "Domains that the export has only in part: there no row means not told.")] = ""
    assume: Annotated[list[str] | None, _option(
        "--assume", "A named assumption: unstated-support-absent, unstated-organ-toxicity-absent.")] = None
    unit: Annotated[list[str] | None, _option("--unit", "Unit of a concept where the file is silent, e.g. temperature=degF.")] = None
    weight: Annotated[float | None, _option("--weight", "Weight of the patient in kg, where the file has none.")] = None
    age: Annotated[float | None, _option("--age", "Age of the patient in years, where the file has none.")] = None
    patient: Annotated[str | None, _option("--patient", "Only this patient.")] = None
    timezone: Annotated[str | None, _option("--timezone", "Zone of times that name none, e.g. Europe/Paris.")] = None
    form: Annotated[str | None, _option("--format", "csv, tocsin, clif, omop, fhir, meds, sdtm or redcap; recognised when not given.")] = None
    mapping: Annotated[str | None, _option("--map", "A mapping file of the hospital's own names and codes (tocsin map), or mimic-iv.")] = None
    anchor: Annotated[str, _option(
        "--anchor", "What hour 0 is: car_t_infusion, icu_admission, hospital_admission, study_start, first_entry.", panel=_CODED)] = "car_t_infusion"
    index: Annotated[str, _option("--index", "Which of several infusions or stays: first, last, or a number.", panel=_CODED)] = "first"
    by: Annotated[str, _option("--by", "One record for each patient, or one for each stay: patient, stay.", panel=_CODED)] = "patient"
    clock: Annotated[str, _option(
        "--clock", "offsets: times with an offset are moments; wall: the wall clock as written (shifted dates).", panel=_CODED)] = "offsets"
    reader: Annotated[list[str] | None, _option(
        "--reader", "An option of the format's own reader, e.g. schema=cdm or identifiers=true.", panel=_CODED)] = None
    basis: list[str] = field(default_factory=list, init=False)
    """What the answer rests on, in words: filled as the record is read."""

    def read(self) -> Timeline:
        """The whole record in memory; raises SourceError, SettingError or TimelineError."""
        from tocsin.sources.doors import CODED
        from tocsin.timeline import Timeline

        self._checked()
        name = self.format
        if name not in CODED:
            self._plain(name)
        if name == "tocsin":
            timeline = Timeline.read_parquet(self._only(), self.patients, self._names())
        elif name == "csv":
            timeline = Timeline.read_csv(
                *self.files, patients=self.patients, infusion_time=self.infusion_time, complete=self._names(), units=pairs(self.unit, "--unit"),
                weight_kg=self.weight, timezone=self.timezone, mapping=self.mapping)
        else:
            from tocsin.sources import doors

            timeline = doors.read(self._only(), name, patients=self.patients, mapping=self.mapping, **self.coded())
        return self.chosen(timeline)

    @property
    def format(self) -> str:
        """The format of the record, as said or as recognised."""
        from tocsin.sources import doors

        if self.form is not None:
            if self.form not in doors.FORMATS:
                raise SettingError(f"--format is one of {', '.join(doors.FORMATS)}, not {self.form!r}")
            return self.form
        return doors.recognise(self.files[0])

    @property
    def name(self) -> str:
        """The record as it is called on the screen."""
        from tocsin.sources import doors

        return doors.named(self.files[0])

    def coded(self) -> dict[str, Any]:
        """The options of a coded export, for its reader."""
        own = _own(self.format, pairs(self.reader, "--reader"))
        return {"anchor": self.anchor, "index": self.index, "by": self.by, "clock": self.clock, "timezone": self.timezone,
                "infusion_time": self.infusion_time, "complete": tuple(self._names()), "units": pairs(self.unit, "--unit"), "weight_kg": self.weight, **own}

    def told(self, listed: int = 0) -> Timeline:
        """``read``, with a line on standard error when the reader met problems, or the first ``listed`` of them."""
        timeline = self.read()
        self._rests_on(timeline)
        tell_problems(timeline, listed)
        return timeline

    def timelines(self) -> Iterator[Timeline]:
        """The record block by block for Tocsin's own Parquet, else all at once."""
        from tocsin.timeline import blocks

        if self.format != "tocsin" or self.patient is not None:
            yield self.told()
            return
        for part in blocks(self._only(), self.patients, self._names()):
            timeline = self.chosen(part)
            self._rests_on(timeline)
            yield timeline

    def _rests_on(self, timeline: Timeline) -> None:
        """Keep how the record was read and what is complete in it, of the first block where there are several."""
        if self.basis:
            return
        settings = timeline.reading.settings if timeline.reading is not None else {}
        if "hour 0" in settings:
            self.basis.append(f"Read as {settings['format']}; hour 0: {settings['hour 0']}; one record is {settings['one record is']}.")
        self.basis.append(timeline.complete.brief())

    def _checked(self) -> None:
        if self.weight is not None and not 0 < self.weight < 1000:
            raise SettingError(f"--weight {self.weight:g} is not a weight in kg")
        if self.age is not None and not 0 <= self.age < 150:
            raise SettingError(f"--age {self.age:g} is not an age in years")

    def _plain(self, name: str) -> None:
        """SettingError for an option that this format has no use for."""
        given = {"--anchor": self.anchor != "car_t_infusion", "--index": self.index != "first", "--by": self.by != "patient",
                 "--clock": self.clock != "offsets", "--reader": bool(self.reader)}
        lost = [option for option, said in given.items() if said]
        if lost:
            what = "CSV files" if name == "csv" else "Tocsin's own Parquet"
            raise SettingError(f"{lost[0]} is for CLIF, OMOP, FHIR, MEDS, SDTM and REDCap, and this is read as {what}.\n  Hour 0 of CSV files is "
                               "--infusion-time or a column infusion_time; another format is named with --format.")

    def _only(self) -> Path:
        """The one file or folder of a format that is read whole from one place."""
        if len(self.files) > 1:
            raise SettingError(f"one {'Parquet file' if self.format == 'tocsin' else 'file or folder'} is read at a time; give the patients with "
                               "--patients")
        return self.files[0]

    def _names(self) -> list[str]:
        return split(self.complete)

    @property
    def choices(self) -> dict[str, str]:
        """What ``chosen`` goes by."""
        return {"open": self.opened, "assume": ",".join(self.assume or ()), "patient": self.patient or "",
                "weight": str(self.weight or ""), "age": str(self.age or "")}

    def chosen(self, timeline: Timeline) -> Timeline:
        """The record with the domains that are open, the assumptions, the one patient and the facts that the options name."""
        if self.opened:
            timeline = timeline.with_complete(timeline.complete.opening(*split(self.opened)))
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


def tell_problems(timeline: Timeline, listed: int = 0) -> None:
    """A line on standard error when the reader met problems, and the first ``listed`` of them."""
    reading = timeline.reading
    if reading is None or not reading.errors:
        return
    from tocsin.show.wording import plural

    rows = sum(c.quarantined for c in reading.files)
    met = f"tocsin: {plural(len(reading.errors), 'problem')} in the input, {plural(rows, 'row')} in quarantine"
    if not listed:
        typer.echo(f"{met}; `tocsin check` with the same options lists them.", err=True)
        return
    more = len(reading.errors) - listed
    typer.echo(f"{met}: what they tell is not used.", err=True)
    for note in reading.errors[:listed]:
        typer.echo(f"  {note.sentence()}".replace("\n", "\n  "), err=True)
    if more > 0:
        typer.echo(f"  and {more} more; `tocsin check` lists all problems of a record.", err=True)


def reads_and_tells(command: Callable[..., None]) -> Callable[..., None]:
    """As ``reads``; what its answer rests on is printed below it."""
    return reads(command, tells=True)


def reads(command: Callable[..., None], tells: bool = False, may_have_none: bool = False) -> Callable[..., None]:
    """A command whose parameter ``source`` is filled from the reading options, which are the same in every command.

    ``may_have_none``: the command also does something without a record, and gets a source without files.
    """
    hints = get_type_hints(command, include_extras=True)
    options = get_type_hints(Source, include_extras=True)
    mine = [one for one in fields(Source) if one.init]
    reading = [
        Parameter(one.name, Parameter.KEYWORD_ONLY, annotation=options[one.name],
                  default=(None if may_have_none else Parameter.empty) if one.default is MISSING else one.default) for one in mine]
    whole = [
        reading[0] if one.name == "source" else one.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[one.name])
        for one in signature(command).parameters.values()] + reading[1:]

    @wraps(command)
    def run(**given: Any) -> None:
        source = Source(**{one.name: given.pop(one.name) for one in reading})
        if not source.files:
            source = replace(source, files=[])
        command(source=source, **given)
        if tells and not given.get("as_json"):
            from tocsin.show.checking import print_basis
            from tocsin.show.lookup import console

            print_basis(console(), source.basis)

    run.__signature__ = Signature(whole)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in whole}
    del run.__wrapped__
    return run


def _own(form: str, given: dict[str, str]) -> dict[str, Any]:
    """The texts of --reader as what the format's reader takes: ``tables.measurement=FILE`` is an entry of the option ``tables``."""
    from tocsin.sources import doors

    kinds = doors.own_options(form) if form in doors.CODED else {}
    out: dict[str, Any] = {}
    for name, text in given.items():
        option, dot, key = name.partition(".")
        if option not in kinds:
            mine = ", ".join(kinds) or "none"
            raise SettingError(f"{form} has no option {option!r}; its own options: {mine}.")
        kind = kinds[option]
        if dot != ("." if kind.startswith("Mapping") else ""):
            right = f"{option}.NAME=VALUE" if kind.startswith("Mapping") else f"{option}=VALUE"
            raise SettingError(f"--reader {name}={text}: write it as --reader {right}")
        if kind.startswith("Mapping"):
            out.setdefault(option, {})[key] = _typed(text, kind.partition(",")[2].strip(" ]"), name)
        else:
            out[option] = _typed(text, kind, name)
    return out


def _typed(text: str, kind: str, name: str) -> Any:
    """A text as a value of this annotation: bool, int, float, an Iterable (parts between commas), or text."""
    try:
        if kind.startswith("bool"):
            return {"true": True, "false": False}[text.lower()]
        if kind.startswith(("int", "float")):
            return float(text) if kind.startswith("float") else int(text)
    except (KeyError, ValueError):
        raise SettingError(f"--reader {name}={text}: it is {'true or false' if kind.startswith('bool') else 'a number'}, not {text!r}") from None
    return tuple(part.strip() for part in text.split(",")) if kind.startswith("Iterable") else text


def split(names: str) -> list[str]:
    """The names between commas."""
    return [n.strip() for n in names.split(",") if n.strip()]


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
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
    return numbers(given, option, "{value!r} is not a number of hours")


def numbers(given: list[str] | None, option: str, wrong: str = "a number is needed") -> dict[str, float]:
    """``name=number`` texts as a dictionary; SettingError, which says what is ``wrong`` with the {value}, otherwise."""
    out = {}
    for name, value in pairs(given, option).items():
        try:
            out[name] = float(value)
        except ValueError:
            raise SettingError(f"{option} {name}={value}: {wrong.format(value=value)}") from None
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


def command_line() -> str:
    """The command line as it was given, for the manifest of a report."""
    import shlex
    import sys

    from tocsin.sources import doors

    return shlex.join(["tocsin", *map(doors.named, sys.argv[1:])])
