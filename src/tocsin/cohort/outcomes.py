"""Response about day 28, and progression-free and overall survival, from the statements of a record or the columns of the table of patients.

CR is complete remission whatever the recovery of counts (zhou2025 pools both); measurable residual disease is its own statement.  Survival counts
from the infusion; a patient without an event is censored at the last contact: the last follow-up that is told, otherwise the last row of the record.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tocsin.cohort.study import Study
from tocsin.timeline import HOURS_A_DAY, Timeline
from tocsin.vocabulary import CONCEPTS, value_key

RESPONSES = ("MRD- CR", "MRD+ CR", "CR (MRD not known)", "PR", "no response")
"""In order, the best first."""
ROUNDED = 1.0
"""Days that a row may seem to come after a death, where one of them is known by its day only."""
_COMPLETE = ("complete_remission", "complete_remission_incomplete")
_PROGRESSION = ("progressive_disease", "relapse")
_NONE = ("no_response", "stable_disease", *_PROGRESSION)


@dataclass(frozen=True)
class Outcomes:
    """``patients``: patient, response, complete_response, mrd_negative, os_days, os_event, pfs_days, pfs_event, follow_up_days.

    ``left_out`` says what the data do not carry; ``notes`` where told columns and the record differ, or a choice was made.
    """

    patients: pl.DataFrame
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def outcomes(timeline: Timeline, told: pl.DataFrame, study: Study) -> Outcomes:
    """The outcomes of each patient; the record goes before the table of patients, which fills what it does not tell."""
    everybody = pl.DataFrame({"patient": timeline.patient_ids}, schema={"patient": pl.String})
    events = timeline.events.select("patient", pl.col("concept").cast(pl.String), pl.col("text").cast(pl.String), "hour", "end_hour").with_columns(
        day=pl.col("hour") / HOURS_A_DAY)
    left: list[str] = []
    notes: list[str] = []
    response = _response(events, study)
    survival = _survival(events, study, notes)
    mine = everybody.join(response, on="patient", how="left").join(survival, on="patient", how="left").join(
        _told(told), on="patient", how="left", suffix="_told")
    filled = []
    for event, days in (("os_event", "os_days"), ("pfs_event", "pfs_days")):
        half = told.filter(pl.col(days).is_not_null() & (pl.col(event).is_null() if event in told.columns else True)) if days in told.columns else told.clear()
        if len(half):
            notes.append(f"{days} of {len(half)} patients is told in the table of patients without {event}: it is not known whether it ended with the event, "
                         "and is not used.")
    for name in ("response", "os_days", "os_event", "pfs_days", "pfs_event"):
        notes += _differences(mine, name)
    for group in (("response",), ("os_days", "os_event"), ("pfs_days", "pfs_event")):
        first = pl.col(group[0]).is_not_null()
        filled += [pl.when(first).then(pl.col(n)).otherwise(pl.col(f"{n}_told")).alias(n) for n in group]
    mine = mine.with_columns(filled).with_columns(
        complete_response=pl.col("response").is_in(list(RESPONSES[:3])),
        mrd_negative=pl.when(pl.col("response") == RESPONSES[0]).then(True).when(pl.col("response") == RESPONSES[1]).then(False),
        follow_up_days=pl.coalesce("os_days", "last_day", "follow_up_days_told"))
    if mine["response"].null_count() == len(mine):
        left.append(f"Response: nobody has a response between days {study.response_window[0]:g} and {study.response_window[1]:g}, nor a column response.")
    for name, what in (("os_days", "Overall survival"), ("pfs_days", "Progression-free survival")):
        if mine[name].null_count() == len(mine):
            left.append(f"{what}: the record has neither deaths nor a last follow-up, and the table of patients no columns {name} and "
                        f"{name.replace('days', 'event')}.")
    return Outcomes(mine.select("patient", "response", "complete_response", "mrd_negative", "os_days", "os_event", "pfs_days", "pfs_event",
                                "follow_up_days"), tuple(left), tuple(notes))


def _response(events: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The assessment nearest to the day of response, within its window; residual disease likewise."""
    low, high = study.response_window
    near = events.filter(pl.col("day").is_between(low, high) & pl.col("text").is_not_null()).with_columns(
        far=(pl.col("day") - study.response_day).abs()).sort("patient", "far", "day")
    found = near.filter(pl.col("concept") == "response").group_by("patient", maintain_order=True).agg(pl.col("text").first().alias("said"))
    mrd = near.filter(pl.col("concept") == "mrd").group_by("patient", maintain_order=True).agg(pl.col("text").first().alias("mrd"))
    joined = found.join(mrd, on="patient", how="left")
    return joined.select("patient", response=named_response(pl.col("said"), pl.col("mrd")))


def named_response(said: pl.Expr, mrd: pl.Expr) -> pl.Expr:
    """A response by its name in RESPONSES, from the statement of the response and that of residual disease."""
    complete = pl.when(mrd == "negative").then(pl.lit(RESPONSES[0])).when(mrd == "positive").then(pl.lit(RESPONSES[1])).otherwise(pl.lit(RESPONSES[2]))
    return (pl.when(said.is_in(list(_COMPLETE))).then(complete).when(said == "partial_remission").then(pl.lit("PR"))
            .when(said.is_in(list(_NONE))).then(pl.lit("no response")))


def _survival(events: pl.DataFrame, study: Study, notes: list[str]) -> pl.DataFrame:
    early = events.filter((pl.col("day") < 0) & (pl.col("concept") == "death") & (pl.col("text") == "present"))["patient"].unique().sort().to_list()
    if early:
        notes.append(f"The record has the death of {_named(early)} before the infusion: their survival is not used.")
    after = events.filter((pl.col("day") >= 0) & ~pl.col("patient").cast(pl.String).is_in(early))
    died = after.filter((pl.col("concept") == "death") & (pl.col("text") == "present"))
    relapsed = after.filter((pl.col("concept") == "response") & pl.col("text").is_in(list(_PROGRESSION)))
    seen = after.filter(pl.col("concept") == "last_follow_up")
    further = after.filter(pl.col("concept") == "next_therapy")
    last = after.group_by("patient").agg(
        last_start=pl.col("day").max(), last_day=pl.max_horizontal(pl.col("hour").max(), pl.col("end_hour").max()) / HOURS_A_DAY)
    parts = {"death_day": died, "progression_day": relapsed, "seen_day": seen.with_columns(day=pl.col("day")), "therapy_day": further}
    found = last
    for name, rows in parts.items():
        found = found.join(rows.group_by("patient").agg((pl.col("day").max() if name == "seen_day" else pl.col("day").min()).alias(name)),
                           on="patient", how="left")
    follow = len(died) > 0 or len(seen) > 0
    if not follow:
        none = pl.lit(None)
        return found.select("patient", "last_day", os_days=none.cast(pl.Float64), os_event=none.cast(pl.Boolean), pfs_days=none.cast(pl.Float64),
                            pfs_event=none.cast(pl.String))
    late = found.filter(pl.col("last_start") > pl.col("death_day") + ROUNDED)["patient"].cast(pl.String).sort().to_list()
    if late:
        notes.append(f"The record has rows after the death of {_named(late)}: the dates contradict each other, and survival ends with the death.")
    unseen = found.filter(pl.col("death_day").is_null() & pl.col("seen_day").is_null())
    if len(unseen):
        notes.append(f"Follow-up of {len(unseen)} patients without a death or last follow-up in the record ends with their last row.")
    contact = pl.coalesce("death_day", pl.when(pl.col("seen_day").is_not_null()).then(pl.max_horizontal("seen_day", "progression_day")), "last_day")
    progressed = pl.col("progression_day") <= contact
    pfs: pl.Expr = pl.when(progressed).then("progression_day").otherwise(contact)
    event: pl.Expr = pl.when(progressed).then(pl.lit("progression")).when(pl.col("death_day").is_not_null()).then(pl.lit("death"))
    if study.censor_at_next_therapy:
        earlier = pl.col("therapy_day") < pfs
        pfs, event = pl.when(earlier).then("therapy_day").otherwise(pfs), pl.when(earlier.fill_null(False)).then(None).otherwise(event)
        many = found.filter(pl.col("therapy_day").is_not_null()).height
        notes.append(f"Progression-free survival is censored at the next therapy, which {many} patients had.")
    return found.select("patient", "last_day", os_days=contact, os_event=pl.col("death_day").is_not_null(), pfs_days=pfs, pfs_event=event)


_EXACT = {r.lower().replace(" ", ""): r for r in RESPONSES}  # the sign of "MRD-" counts here
_SAID = {value_key(k): v for k, v in CONCEPTS["response"].value_aliases.items()} | {value_key(v): v for v in CONCEPTS["response"].values}
_MRD = {value_key(k): v for k, v in CONCEPTS["mrd"].value_aliases.items()} | {"negative": "negative", "positive": "positive"}
_MRD_SIGNS = {"mrd-": "negative", "mrd+": "positive"}


def told_response(said: str) -> str | None:
    """What a response is called in RESPONSES or in the vocabulary; None where it is not understood."""
    return _exact(said) or _SAID.get(value_key(said))


def _exact(said: str) -> str | None:
    return _EXACT.get(said.lower().replace(" ", ""))


def told_mrd(said: str | None) -> str | None:
    """Negative or positive, as a table of patients tells residual disease; None where it is not told or not understood."""
    return None if said is None else _MRD_SIGNS.get(said.strip().lower(), _MRD.get(value_key(said)))


def _told(told: pl.DataFrame) -> pl.DataFrame:
    """The outcomes that the table of patients tells, by the names of the record; a response by any spelling that a record may use."""
    def column(name: str, kind: pl.DataType) -> pl.Expr:
        return (pl.col(name).cast(kind) if name in told.columns else pl.lit(None, kind)).alias(name)

    rows = []
    for patient, response, residual in told.select("patient", column("response", pl.String()), column("mrd", pl.String())).iter_rows():
        rows.append((patient, _exact(response or ""), _SAID.get(value_key(response or "")), told_mrd(residual)))
    spoken = pl.DataFrame(rows, schema={"patient": pl.String, "exact": pl.String, "said": pl.String, "mrd": pl.String}, orient="row")
    numbers = told.select("patient", column("os_days", pl.Float64()), column("pfs_days", pl.Float64()), column("follow_up_days", pl.Float64()),
                          column("os_event", pl.Boolean()), column("pfs_event", pl.String()))
    numbers = numbers.with_columns(                       # who is not known to have had the event or not is not one who was last seen without it
        pfs_days=pl.when(pl.col("pfs_event").is_not_null()).then("pfs_days"),
        pfs_event=pl.when(pl.col("pfs_event") != "no").then(pl.col("pfs_event").replace("yes", "event")))
    renamed = {n: f"{n}_told" for n in ("os_days", "os_event", "pfs_days", "pfs_event", "follow_up_days")}
    return spoken.select("patient", response_told=pl.coalesce("exact", named_response(pl.col("said"), pl.col("mrd")))).join(
        numbers.rename(renamed), on="patient")


def yes_no(column: pl.Expr) -> pl.Expr:
    """Yes, true, present, 1 as True; no, false, absent, none, 0 as False; anything else is not known."""
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.when(text.is_in(["yes", "y", "true", "present", "1", "1.0"])).then(True).when(
        text.is_in(["no", "n", "false", "absent", "none", "0", "0.0"])).then(False)


def _named(patients: list[str]) -> str:
    return ", ".join(patients[:5]) + (f" ... ({len(patients)} patients)" if len(patients) > 5 else "")


def _differences(mine: pl.DataFrame, name: str) -> list[str]:
    both = mine.filter(pl.col(name).is_not_null() & pl.col(f"{name}_told").is_not_null())
    differ = (pl.col(name) - pl.col(f"{name}_told")).abs() > 1 if mine.schema[name].is_float() else pl.col(name) != pl.col(f"{name}_told")
    some = both.filter(differ)
    if not len(some):
        return []
    who = ", ".join(some["patient"].head(5).to_list()) + (" ..." if len(some) > 5 else "")
    return [f"{name}: the record and the table of patients differ in {len(some)} of {len(both)} patients ({who}); the record counts."]
