"""What each table of CLIF says, row by row, as entries: one function a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from tocsin.sources import clif_devices
from tocsin.sources.clif_files import number
from tocsin.sources.codes import Codes, known_codes
from tocsin.sources.infusions import NAMES as INFUSIONS
from tocsin.vocabulary import CONCEPTS, Kind

_DRUGS = frozenset({Kind.DOSE, Kind.INFUSION})
_NO_DRUGS = frozenset(Kind) - _DRUGS

# The unit that the category itself names (data dictionary, vitals.vital_value; pressures and rates: reference_ranges/vital_category.csv).
VITAL_UNITS: Mapping[str, str] = {
    "temp_c": "degC", "weight_kg": "kg", "height_cm": "cm", "map": "mmHg", "sbp": "mmHg", "dbp": "mmHg", "spo2": "%",
    "heart_rate": "/min", "respiratory_rate": "/min",
}
# labs.lab_specimen_category: "plasma_blood" (3.0), "blood/plasma/serum" (2.1); any other is not the blood that our concepts mean.
BLOOD = ("plasma_blood", "blood/plasma/serum", "blood", "plasma", "serum", "whole_blood")
# medication_admin_continuous.mar_action_category (mCIDE): "going" and "verify" say the rate that is running.
ACTIONS: Mapping[str, str] = {"start": "start", "dose_change": "change", "going": "change", "verify": "change", "stop": "stop"}
# medication_admin_intermittent.mar_action_category (mCIDE): "bolus" is given from the bag of an infusion.
GIVEN: Mapping[str, str] = {"given": "given", "bolus": "given", "not_given": "not_given"}
# Words of mar_action_name, for sites that left the category empty or "other" (examples of the mCIDE lists).
_BEGINS = r"(?i)restart|unh[eo]ld|start"
_STOPS = r"(?i)stop|paus|held|hold|finish|discontinu|removed"
_REFUSED = r"(?i)missed|refused|cancel|not given|held"
# labs.lab_value where there is no result.
_NO_RESULT = r"(?i)not done|unable to report|not performed|not reported|cancel|not sufficient|^qns$"
# medication_admin_*.med_route_category (mCIDE) by which a drug reaches the whole body; not so inhaled, intrapleural or anything else.
SYSTEMIC = ("iv", "im", "enteral", "buccal_sublingual")
# One concept, the agent as text: med_group of antimicrobials (mCIDE, medication_admin_intermittent).
_ANTIBIOTICS = "cms_sepsis_qualifying_antibiotics"
# Those of the group that act on no bacteria (descriptions of the same list): no antibiotic was given with them.
_NO_ANTIBIOTICS = frozenset({
    "acyclovir", "amphotericin_b", "anidulafungin", "caspofungin", "cidofovir", "fluconazole", "foscarnet", "ganciclovir", "isavuconazole",
    "isavuconazonium", "itraconazole", "maribavir", "micafungin", "micafungin_posaconazole_voriconazole", "nystatin", "oseltamivir", "peramivir",
    "posaconazole", "rezafungin", "ribavirin", "valacyclovir", "valganciclovir", "voriconazole",
})


@dataclass(slots=True)
class Said:
    """What one piece of a table says: frames of entries, and rows that say nothing with the reason."""

    entries: Sequence[pl.DataFrame] = ()
    explained: list[tuple[str, pl.Series]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class How:
    """How a table is read: the columns it must have and may have, its times, and what makes entries of a piece."""

    must: tuple[str, ...]
    may: tuple[str, ...]
    times: tuple[str, ...]
    read: Callable[[Meaning, pl.DataFrame], Said]
    carries: tuple[str, ...] = ()
    nothing: str = "nothing in it means anything here"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the codes of a folder mean; ``by_us``: Tocsin wrote it."""

    codes: Codes
    by_us: bool

    def coded(self, frame: pl.DataFrame, field: str, name: str, kinds: frozenset[Kind], others: Mapping[str, str] | None = None) -> pl.DataFrame:
        """The rows with ``code`` and ``name``: the category where it means something of these kinds in this table, else another code.

        ``others``: column -> code system, tried when the category says nothing.  A category that means nothing is "clif:field=it",
        so that albumin infused is never albumin measured.
        """
        columns = [field, name, *(others or {})]
        distinct = frame.select(columns).unique()
        rows = []
        for values in distinct.iter_rows(named=True):
            category, called = values[field], values[name]
            candidates = [f"clif:{category}", _spelled(category)] if category is not None else []
            candidates += [f"{system}:{values[column]}" for column, system in (others or {}).items() if values[column] is not None]
            code = next((c for c in candidates if c is not None and self._means(c, called, kinds)), None)
            rows.append((*values.values(), code or (f"clif:{field}={category}" if category is not None else None)))
        table = pl.DataFrame(rows, orient="row", schema={**{c: frame.schema[c] for c in columns}, "code": pl.String})
        frame = frame.join(table, on=columns, how="left", nulls_equal=True, maintain_order="left")
        return frame.with_columns(pl.col(name).alias("name"))

    def _means(self, code: str, name: str | None, kinds: frozenset[Kind]) -> bool:
        item = self.codes.item(code, name)
        return item is not None and (self.codes.mapped(code, name) is not None or CONCEPTS[item.concept].kind in kinds)


@cache
def _spellings() -> Mapping[str, str]:
    """The categories that the vocabulary knows, in small letters with underscores -> the code."""
    return {_plain(code.removeprefix("clif:")): code for code in known_codes() if code.startswith("clif:")}


def _plain(category: str) -> str:
    return category.strip().lower().replace(" ", "_").replace("-", "_")


def _spelled(category: str) -> str | None:
    """The vocabulary's code for a category spelled as in another version: "rass" for "RASS"."""
    return _spellings().get(_plain(category))


# ---------------------------------------------------------------- tables

def _vitals(means: Meaning, frame: pl.DataFrame) -> Said:
    said = means.coded(frame, "vital_category", "vital_name", _NO_DRUGS).with_columns(
        pl.coalesce("measured_dttm", "recorded_dttm").alias("start"), number(frame, "vital_value").alias("value"),
        pl.col("vital_category").str.to_lowercase().replace_strict(dict(VITAL_UNITS), default=None, return_dtype=pl.String).alias("unit"),
        pl.col("meas_site_name").alias("note"),
    )
    return _valued(said, "vital_value")


def _valued(said: pl.DataFrame, column: str) -> Said:
    """Entries of the rows with a value; a text that is no number is kept as it is, for a person to see."""
    text = pl.when(pl.col("value").is_null()).then(pl.col(column).cast(pl.String)).alias("text")
    empty = said.filter(pl.col(column).is_null())["row"]
    return Said((said.with_columns(text).filter(pl.col(column).is_not_null()),), [(f"no {column}", empty)])


def _labs(means: Meaning, frame: pl.DataFrame) -> Said:
    """Results at the time of collection, or between order and result where it is not told; only those of blood are ours."""
    blood = pl.col("lab_specimen_category").is_null() | pl.col("lab_specimen_category").str.to_lowercase().is_in(BLOOD)
    analyte = pl.when(blood).then("lab_category").otherwise(pl.format("{}@{}", "lab_category", "lab_specimen_category"))
    loinc = pl.when(blood).then(pl.col("lab_loinc_code").cast(pl.String)).alias("lab_loinc_code")
    said = means.coded(frame.with_columns(analyte.alias("lab_category"), loinc), "lab_category", "lab_name", _NO_DRUGS, {"lab_loinc_code": "loinc"})
    words = pl.col("lab_value").cast(pl.String)
    said = said.with_columns(
        pl.coalesce(number(frame, "lab_value_numeric"), words.cast(pl.Float64, strict=False)).alias("value"), words.alias("words"),
        pl.col("reference_unit").alias("unit"), pl.coalesce("lab_collect_dttm", "lab_order_dttm", "lab_result_dttm").alias("start"),
        pl.when(pl.col("lab_collect_dttm").is_null() & (pl.col("lab_order_dttm") < pl.col("lab_result_dttm"))).then("lab_result_dttm").alias("latest"),
    )
    hidden = words.str.contains(r"^_+$").fill_null(False)  # what de-identification leaves
    plain = hidden | words.str.replace(r"^[<>≤≥]=?\s*", "").cast(pl.Float64, strict=False).is_not_null()
    blank = pl.col("value").is_null() & (words.is_null() | hidden)
    undone = pl.col("value").is_null() & ~blank & pl.col("words").str.contains(_NO_RESULT)
    kept = said.filter(~blank & ~undone).with_columns(
        pl.when(pl.col("value").is_null()).then("words").alias("text"),
        pl.when(pl.col("value").is_not_null() & ~plain).then("words").alias("note"),
        pl.when(pl.col("value").is_null()).then(0).when(words.str.contains(r"^[<≤]")).then(-1).when(words.str.contains(r"^[>≥]")).then(1).otherwise(0)
        .cast(pl.Int8).alias("censored"),
    )
    return Said((kept,), [("no result", said.filter(blank)["row"]), ("a result that could not be had, as the laboratory says", said.filter(undone)["row"])])


def _respiratory(means: Meaning, frame: pl.DataFrame) -> Said:
    """Device, flow, FiO2, PEEP and mode: each of them an entry."""
    frame = frame.with_columns(pl.col("recorded_dttm").alias("start"))
    base = ["row", "patient", "stay", "start", "unreadable"]
    device = clif_devices.devices(frame, means.codes)
    mode = frame.select(*base, clif_devices.mode().alias("text"), pl.lit("clif:mode_category").alias("code"), pl.col("mode_name").alias("name"))
    settings = []
    for column, unit in (("lpm_set", pl.lit("L/min")), ("peep_set", pl.lit("cmH2O")), ("fio2_set", clif_devices.fio2_unit(number(frame, "fio2_set")))):
        settings.append(frame.filter(pl.col(column).is_not_null()).select(
            *base, number(frame, column).alias("value"), unit.alias("unit"), pl.lit(f"clif:{column}").alias("code"), pl.lit(column).alias("name"),
            pl.when(number(frame, column).is_null()).then(pl.col(column).cast(pl.String)).alias("text"),
        ))
    return Said([device.select(*base, "text", "note", "code", "name"), mode.drop_nulls("text"), *settings])


def dose_unit(unit: pl.Expr) -> pl.Expr:
    """The unit of a dose; "mcg/kg/m" is per minute, as CLIF's own tools (clifpy) read it: no dose is per metre."""
    return unit.str.replace(r"(?i)/\s*m$", "/min")


def _drugs(means: Meaning, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table of medication: drug, amount, unit; an antibacterial without a concept of its own is an antibiotic, its name as text."""
    group = pl.col("med_group").str.to_lowercase().str.replace_all(" ", "_")
    elsewhere = ~pl.col("med_route_category").str.to_lowercase().is_in(SYSTEMIC).fill_null(True)
    local = pl.format("{}@{}", "med_category", "med_route_category")
    frame = frame.with_columns(pl.when(elsewhere).then(local).otherwise("med_category").alias("med_category"))
    said = means.coded(frame, "med_category", "med_name", _DRUGS, {"rx_norm_code": "rxnorm"}).with_columns(
        pl.col("admin_dttm").alias("start"), number(frame, "med_dose").alias("value"), dose_unit(pl.col("med_dose_unit")).alias("unit"),
    )
    other = (group == _ANTIBIOTICS).fill_null(False) & ~elsewhere & pl.col("code").str.starts_with("clif:med_category=")
    other &= ~pl.col("med_category").str.to_lowercase().is_in(list(_NO_ANTIBIOTICS))
    amount = pl.concat_str(pl.col("value").cast(pl.String).str.strip_suffix(".0"), "unit", separator=" ")
    return said.with_columns(
        pl.when(other).then(pl.lit(f"clif:{_ANTIBIOTICS}")).otherwise("code").alias("code"), pl.when(other).then("med_category").alias("text"),
        pl.when(other).then(amount).alias("note"), pl.when(~other).then("value").alias("value"), pl.when(~other).then("unit").alias("unit"),
    )


def _continuous(means: Meaning, frame: pl.DataFrame) -> Said:
    """Steps of infusions: what was started, changed or stopped, in the order med_order_id."""
    said = _drugs(means, frame)
    called, dose = pl.col("mar_action_name"), number(frame, "med_dose")
    group = pl.col("mar_action_group").str.to_lowercase()
    guess = (
        pl.when(called.str.contains(_BEGINS) & (dose.is_null() | (dose > 0))).then(pl.lit("start"))
        .when((group == "not_administered") | called.str.contains(_STOPS) | (dose == 0)).then(pl.lit("stop"))
        .when(dose > 0).then(pl.lit("change"))
    )
    known = pl.col("mar_action_category").str.to_lowercase().replace_strict(dict(ACTIONS), default=None, return_dtype=pl.String)
    order = pl.coalesce(pl.col("med_order_id").cast(pl.String), pl.format("{} {}", "stay", "med_category"))
    said = said.with_columns(pl.coalesce(known, guess).alias("action"), order.alias("course"))
    goes_on = pl.col("value").is_null() & pl.col("mar_action_category").str.to_lowercase().is_in(["going", "verify"]).fill_null(False)
    silent = pl.col("action").is_null()
    kept = said.filter(~goes_on & ~silent)
    return Said((kept,), [
        ("an infusion goes on, and the row does not say at which rate: the rate before holds", said.filter(goes_on)["row"]),
        ("an action that does not tell whether the drug ran", said.filter(silent & ~goes_on)["row"]),
    ])


def _intermittent(means: Meaning, frame: pl.DataFrame) -> Said:
    """Doses given and not given; a bolus of a drug that is otherwise infused ends when it is given."""
    said = _drugs(means, frame)
    called, group = pl.col("mar_action_name"), pl.col("mar_action_group").str.to_lowercase()
    guess = (
        pl.when((group == "not_administered") | called.str.contains(_REFUSED)).then(pl.lit("not_given"))
        .when((group == "administered") | called.is_null() & pl.col("mar_action_category").is_null()).then(pl.lit("given"))
    )
    known = pl.col("mar_action_category").str.to_lowercase().replace_strict(dict(GIVEN), default=None, return_dtype=pl.String)
    said = said.with_columns(pl.coalesce(known, guess).alias("action"))
    distinct = said.select("code", "name").unique()
    runs = [(code, name) for code, name in distinct.iter_rows() if (item := means.codes.item(code, name)) and CONCEPTS[item.concept].kind is Kind.INFUSION]
    table = pl.DataFrame(runs, orient="row", schema={"code": pl.String, "name": pl.String}).with_columns(pl.lit(True).alias("runs"))
    said = said.join(table, on=["code", "name"], how="left", nulls_equal=True, maintain_order="left").with_columns(pl.when("runs").then("start").alias("end"))
    silent = pl.col("action").is_null()
    return Said((said.filter(~silent),), [("an action that does not tell whether the drug was given", said.filter(silent)["row"])])


def _assessments(means: Meaning, frame: pl.DataFrame) -> Said:
    """Scores as numbers, other results as words.

    A verbal response of 0 is none of the scale (1-5): it stands for a patient who cannot be asked, and the total charted beside it
    (15 in data derived from MIMIC) is no measurement; both are unknown.
    """
    said = means.coded(frame, "assessment_category", "assessment_name", _NO_DRUGS).with_columns(
        pl.col("recorded_dttm").alias("start"), number(frame, "numerical_value").alias("value"),
        pl.coalesce(pl.col("categorical_value").cast(pl.String), pl.col("text_value").cast(pl.String)).alias("words"),
    )
    part = pl.col("assessment_category").str.to_lowercase()
    silent = said.filter((part == "gcs_verbal") & (pl.col("value") == 0)).select("stay", "start").unique().with_columns(pl.lit(True).alias("silent"))
    said = said.join(silent, on=["stay", "start"], how="left", maintain_order="left")
    unknown = pl.col("silent").fill_null(False) & (part.is_in(["gcs_total"]) | (part == "gcs_verbal") & (pl.col("value") == 0))
    said = said.with_columns(
        pl.when(unknown).then(pl.lit("unknown")).when(pl.col("value").is_null()).then("words").alias("text"),
        pl.when(unknown).then(pl.format("verbal response not testable; charted as {}", pl.col("value").cast(pl.String).str.strip_suffix(".0")))
        .when(pl.col("value").is_not_null()).then("words").alias("note"),
        pl.when(~unknown).then("value").alias("value"),
    )
    empty = pl.col("value").is_null() & pl.col("text").is_null()
    return Said((said.filter(~empty),), [("no value", said.filter(empty)["row"])])


def _dialysis(_: Meaning, frame: pl.DataFrame) -> Said:
    """Each row was charted while renal replacement therapy ran, unless every flow in it is 0."""
    flows = [number(frame, column) for column in _FLOWS]
    stands = pl.any_horizontal(flow.is_not_null() for flow in flows) & ~pl.any_horizontal((flow > 0).fill_null(False) for flow in flows)
    said = frame.with_columns(
        pl.col("recorded_dttm").alias("start"), pl.lit("present").alias("text"), pl.lit("concept:dialysis").alias("code"),
        pl.coalesce("crrt_mode_name", "crrt_mode_category").alias("note"),
    )
    return Said((said.filter(~stands),), [("every flow is 0: the circuit stands", frame.filter(stands)["row"])])


def _transfusions(means: Meaning, frame: pl.DataFrame) -> Said:
    said = means.coded(frame, "component_category", "component_name", _DRUGS).with_columns(
        pl.col("transfusion_start_dttm").alias("start"), pl.col("transfusion_end_dttm").alias("end"), pl.lit("given").alias("action"),
        number(frame, "volume_transfused").alias("value"), pl.col("volume_unit").alias("unit"),
    )
    return Said((said,))


def _procedures(_: Meaning, frame: pl.DataFrame) -> Said:
    """Billed procedures under their own code ("icd10pcs:5A1955Z"): only a mapping gives them a meaning."""
    system = pl.col("procedure_code_format").fill_null("procedure").str.to_lowercase()
    return Said((frame.with_columns(pl.col("procedure_billed_dttm").alias("start"), pl.format("{}:{}", system, "procedure_code").alias("code")),))


def _patients(means: Meaning, frame: pl.DataFrame) -> Said:
    """Deaths.  One clock time that many deaths share is the midnight of a date: the hour of such a death is not known."""
    died = frame.drop_nulls("death_dttm")
    at = pl.col("death_dttm").dt.time()
    full_hour = (pl.col("_t").dt.minute() == 0) & (pl.col("_t").dt.second() == 0)
    many = died.group_by(at.alias("_t")).len().filter((pl.col("len") > max(2, len(died) // 4)) & full_hour)
    dated = at.is_in(many["_t"].implode()) & pl.lit(not means.by_us)
    said = died.with_columns(
        pl.col("death_dttm").alias("start"), pl.when(dated).then(pl.col("death_dttm") + pl.duration(hours=24)).alias("latest"),
        pl.lit("present").alias("text"), pl.lit("concept:death").alias("code"), pl.lit(None, pl.String).alias("stay"),
    )
    return Said((said,))


def _silent(_: Meaning, frame: pl.DataFrame) -> Said:
    return Said()


def _own(_: Meaning, frame: pl.DataFrame) -> Said:
    """What Tocsin wrote beside the tables of CLIF, in the shape of entries."""
    said = frame.rename({"recorded_dttm": "start", "latest_dttm": "latest", "end_dttm": "end"}).with_columns(
        pl.col("censored").cast(pl.Int8, strict=False), number(frame, "value").alias("value"))
    return Said((said,))


_STEPS = ("med_order_id", "med_name", "med_dose", "med_dose_unit", "med_group", "rx_norm_code", "mar_action_name", "mar_action_category", "mar_action_group",
          "med_route_category")
_FLOWS = ("blood_flow_rate", "dialysate_flow_rate", "pre_filter_replacement_fluid_rate", "post_filter_replacement_fluid_rate", "ultrafiltration_out",
          "ultrafilteration_out", "net_ultrafiltration_out")
_RECORDED = ("hospitalization_id", "recorded_dttm")
TABLES: Mapping[str, How] = {
    "patient": How(("patient_id",), ("death_dttm",), ("death_dttm",), _patients, nothing="a person: sex and date of birth"),
    "hospitalization": How(("patient_id", "hospitalization_id"), (), (), _silent, nothing="a stay in hospital"),
    "adt": How(("hospitalization_id", "in_dttm", "location_category"), (), (), _silent, nothing="a place in hospital, and stays in intensive care"),
    "vitals": How((*_RECORDED, "vital_category", "vital_value"), ("vital_name", "measured_dttm", "meas_site_name"), ("recorded_dttm", "measured_dttm"),
                   _vitals),
    "labs": How(("hospitalization_id", "lab_category"),
                 ("lab_value", "lab_value_numeric", "lab_name", "reference_unit", "lab_specimen_category", "lab_loinc_code", "lab_order_dttm",
                  "lab_collect_dttm", "lab_result_dttm"), ("lab_order_dttm", "lab_collect_dttm", "lab_result_dttm"), _labs),
    "respiratory_support": How((*_RECORDED, "device_category"), ("device_name", "mode_category", "mode_name", "lpm_set", "fio2_set", "peep_set"),
                                ("recorded_dttm",), _respiratory, ("devices",), "settings and readings of a ventilator that mean nothing here"),
    "medication_admin_continuous": How(("hospitalization_id", "admin_dttm", "med_category"), _STEPS, ("admin_dttm",), _continuous, INFUSIONS),
    "medication_admin_intermittent": How(("hospitalization_id", "admin_dttm", "med_category"), _STEPS, ("admin_dttm",), _intermittent),
    "patient_assessments": How((*_RECORDED, "assessment_category"), ("assessment_name", "numerical_value", "categorical_value", "text_value"),
                                ("recorded_dttm",), _assessments),
    "crrt_therapy": How(_RECORDED, ("crrt_mode_name", "crrt_mode_category", *_FLOWS), ("recorded_dttm",), _dialysis),
    "intermittent_dialysis": How(_RECORDED, ("crrt_mode_name", "crrt_mode_category", *_FLOWS), ("recorded_dttm",), _dialysis),
    "transfusion": How(("hospitalization_id", "transfusion_start_dttm", "component_category"),
                        ("transfusion_end_dttm", "component_name", "volume_transfused", "volume_unit"), ("transfusion_start_dttm", "transfusion_end_dttm"),
                        _transfusions),
    "patient_procedures": How(("hospitalization_id", "procedure_code"), ("procedure_code_format", "procedure_billed_dttm"), ("procedure_billed_dttm",),
                               _procedures),
    "hospital_diagnosis": How(("diagnosis_code",), (), (), _silent, nothing="a code of a diagnosis without a time"),
    "tocsin_events": How(("patient_id", "recorded_dttm", "code"),
                          ("latest_dttm", "end_dttm", "value", "unit", "text", "censored", "attribution", "site", "note", "action"),
                          ("recorded_dttm", "latest_dttm", "end_dttm"), _own),
}
