"""SDTM: dates with parts left out, study days, which result counts, what is not done, people, and a published pilot trial."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from conftest import SharedData
from tocsin.errors import SourceError
from tocsin.sources import coded, dataset_json, sdtm, sdtm_codes
from tocsin.sources.codes import Codes, Item
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

DM = [{"USUBJID": "1", "RFSTDTC": "2019-09-20", "AGE": "61", "AGEU": "YEARS", "SEX": "F"}]
EX = [{"USUBJID": "1", "EXTRT": "KYMRIAH", "EXDOSE": "2.5", "EXDOSU": "10^6 cells/kg", "EXSTDTC": "2019-09-25T10:00"}]
Rows = Sequence[Mapping[str, str | None]]


def trial(folder: Path, dm: Rows = DM, ex: Rows = EX, **domains: Rows) -> Path:
    """A folder of CSV data sets; DOMAIN is filled in."""
    for name, rows in {"dm": dm, "ex": ex, **domains}.items():
        if rows:
            supp = name.startswith("supp")
            head = {"RDOMAIN" if supp else "DOMAIN": (name[4:6] if supp else name[:2]).upper()}
            pl.DataFrame([{**head, **row} for row in rows], infer_schema_length=None).write_csv(folder / f"{name}.csv")
    return folder


def record(folder: Path, codes: Codes | None = None, **options: object) -> Timeline:
    mine = sdtm_codes.meanings(codes or Codes())
    return coded.timeline(sdtm.export(folder, mine), mine, coded.settings(**options))


def count(timeline: Timeline, file: str) -> tuple[int, int, int, int]:
    one = next(f for f in timeline.reading.files if f.file == file)
    return one.rows, one.used, one.explained, one.quarantined


def said(timeline: Timeline, concept: str, *columns: str) -> list[tuple[object, ...]]:
    return timeline.events.filter(concept=concept).select(columns).rows()


def vs(value: str | None, unit: str | None, when: str | None = "2019-09-25T11:00", test: str = "TEMP", **more: str | None) -> dict[str, str | None]:
    return {"USUBJID": "1", "VSTESTCD": test, "VSTEST": test, "VSORRES": value, "VSORRESU": unit, "VSDTC": when, **more}


def lb(test: str, value: str | None, unit: str | None, **more: str | None) -> dict[str, str | None]:
    return {"USUBJID": "1", "LBTESTCD": test, "LBTEST": test, "LBORRES": value, "LBORRESU": unit, "LBDTC": "2019-09-25T11:00", **more}


@pytest.mark.parametrize(("written", "hours"), [
    ("2019-09-25T11:00", (1, None)), ("2019-09-25T11:00:30.5", (1 + 30.5 / 3600, None)), ("2019-09-25T11", (1, 2)), ("2019-09-26", (14, 38)),
    ("2019-10", (134, 878)), ("2020", (2342, 11126)),
])
def test_a_date_with_parts_left_out_lies_between_its_ends(tmp_path: Path, written: str, hours: tuple[float, float | None]):
    got = record(trial(tmp_path, vs=[vs("38.5", "C", written)]))
    assert said(got, "temperature", "hour", "hour_latest") == [hours]


@pytest.mark.parametrize(("day", "hour"), [("1", -130.0), ("-1", -154.0), ("7", 14.0)])
def test_a_study_day_alone_is_counted_from_the_reference_start_and_there_is_no_day_0(tmp_path: Path, day: str, hour: float):
    got = record(trial(tmp_path, vs=[vs("38.5", "C", None, VSDY=day)]))
    assert said(got, "temperature", "hour", "hour_latest") == [(hour, hour + 24)]


def test_study_day_0_and_unreadable_dates_are_in_quarantine(tmp_path: Path):
    got = record(trial(tmp_path, vs=[vs("38.5", "C", None, VSDY="0"), vs("38.6", "C", "25SEP2019", VSDY=None), vs("38.7", "C", VSDY=None)]))
    assert count(got, "vs.csv") == (3, 1, 0, 2)
    assert any("does not exist" in note.what for note in got.reading.errors)


def test_a_date_stands_before_the_study_day(tmp_path: Path):
    got = record(trial(tmp_path, vs=[vs("38.5", "C", "2019-09-25T11:00", VSDY="40")]))
    assert said(got, "temperature", "hour") == [(1.0,)]


def test_without_any_date_days_are_counted_from_the_infusion(tmp_path: Path):
    ex = [{"USUBJID": "1", "EXTRT": "CAR-T CELLS", "EXSTDY": "3"}]
    got = record(trial(tmp_path, [{"USUBJID": "1", "SEX": "F"}], ex, vs=[vs("38.5", "C", None, VSDY="5")]))
    assert said(got, "temperature", "hour", "hour_latest") == [(48, 72)]
    assert any("no row has a date" in note.what for note in got.reading.notes)


def test_hour_0_is_the_infusion_and_not_the_reference_start_unless_asked(tmp_path: Path):
    folder = trial(tmp_path, vs=[vs("38.5", "C")])
    assert said(record(folder), "temperature", "hour") == [(1,)]
    assert said(record(folder, anchor="study_start"), "temperature", "hour") == [(131,)]


def test_a_collected_number_stands_before_the_rounded_standard_one(tmp_path: Path):
    got = record(trial(tmp_path, lb=[lb("BILI", "2.0", "mg/dL", LBSTRESN="34.2", LBSTRESC="34.2", LBSTRESU="umol/L")]))
    assert said(got, "bilirubin_total", "value") == [(2.0,)]
    assert CONCEPTS["bilirubin_total"].conversion("umol/L").to_canonical(34.2) < 2.0


@pytest.mark.parametrize(("collected", "unit", "standard", "standard_unit", "value", "censored"), [
    ("14.3", "g/dL", "8.87458", "mmol/L", 14.3, 0),          # a standard unit that the concept does not have
    ("high", "g/dL", "143", "g/L", 14.3, 0),                 # words as collected
    ("143", "furlongs", "143", "g/L", 14.3, 0),              # a unit as collected that is none
    ("<7.0", "g/dL", None, None, 7.0, -1),
])
def test_the_result_is_the_number_in_a_unit_of_its_concept(
    tmp_path: Path, collected: str, unit: str, standard: str | None, standard_unit: str | None, value: float, censored: int
):
    row = lb("HGB", collected, unit, LBSTRESN=standard, LBSTRESC=standard or collected, LBSTRESU=standard_unit)
    got = record(trial(tmp_path, lb=[row]))
    assert said(got, "haemoglobin", "value", "censored") == [(value, censored)]


def test_a_result_in_no_unit_of_its_concept_is_in_quarantine(tmp_path: Path):
    got = record(trial(tmp_path, lb=[lb("HGB", "14", "furlongs")]))
    assert count(got, "lb.csv") == (1, 0, 0, 1)


def test_the_loinc_code_of_a_row_stands_before_its_test_code(tmp_path: Path):
    got = record(trial(tmp_path, lb=[lb("MYIL", "12", "pg/mL", LBLOINC="26881-3"), lb("CRP", "12", "mg/L", LBLOINC="0000-0")]))
    assert {*got.events["concept"]} == {"il6", "crp", "car_t_infusion"}


def test_a_ph_of_urine_is_no_blood_gas(tmp_path: Path):
    rows = [lb("PH", "5", None, LBCAT="URINALYSIS", LBSPEC=None), lb("PH", "7.2", None, LBCAT=None, LBSPEC="BLOOD ARTERIAL"),
            lb("GLUC", "50", "mg/dL", LBCAT=None, LBSPEC="URINE"), lb("PO2", "40", "mmHg", LBCAT=None, LBSPEC="BLOOD VENOUS"),
            lb("INTLK6", "90", "pg/mL", LBCAT=None, LBSPEC="CEREBROSPINAL FLUID"), lb("INTLK6", "80", "pg/mL", LBCAT=None, LBSPEC="SERUM")]
    got = record(trial(tmp_path, lb=rows))
    assert sorted(got.events.filter(pl.col("origin").str.starts_with("lb")).select("concept", "value").rows()) == [
        ("csf_il6", 90.0), ("il6", 80.0), ("ph", 7.2)]
    assert dict(got.reading.files[-1].ignored) == {"sdtm:LB/URINE/PH": 1, "sdtm:LB/URINE/GLUC": 1, "sdtm:LB/BLOOD VENOUS/PO2": 1}


def test_not_done_is_explained_and_never_normal(tmp_path: Path):
    got = record(trial(tmp_path, vs=[vs(None, None, VSSTAT="NOT DONE"), vs("38.5", "C", VSSTAT=None), vs(None, None, VSSTAT=None)]))
    assert count(got, "vs.csv") == (3, 1, 2, 0)
    assert len(said(got, "temperature", "value")) == 1


def test_limits_of_normal_are_facts_where_they_are_the_same_in_all_rows(tmp_path: Path):
    limits = {"LBORNRHI": "40", "LBORNRLO": "5"}
    rows = [lb("AST", "30", "U/L", **limits), lb("AST", "90", "U/L", **limits), lb("ALT", "30", "U/L", **limits),
            lb("ALT", "31", "U/L", LBORNRHI="45", LBORNRLO="5")]
    got = record(trial(tmp_path, lb=rows))
    assert got.patients.select("uln_ast", "lln_ast", "lln_alt").row(0) == (40, 5, 5)
    assert "uln_alt" not in got.patients.columns
    assert any("1 limits of normal differ" in note.what for note in got.reading.notes)


def test_cytokine_release_syndrome_has_its_grade_onset_and_end(tmp_path: Path):
    ae = {"USUBJID": "1", "AETERM": "CRS", "AEDECOD": "Cytokine release syndrome"}
    rows = [{**ae, "AETOXGR": "2", "AESTDTC": "2019-09-26", "AEENDTC": "2019-09-29"},
            {**ae, "AETOXGR": "GRADE 3", "AESTDTC": "2019-09-27T06:00", "AEENDTC": None},
            {**ae, "AETOXGR": None, "AESTDTC": "2019-10-01T10:00", "AEENDTC": None}]
    got = record(trial(tmp_path, ae=rows))
    assert said(got, "reported_crs_grade", "hour", "hour_latest", "end_hour", "value", "text") == [
        (14, 38, 110, 2, None), (44, None, None, 3, None), (144, None, None, None, "unknown")]


def test_events_become_findings_with_what_they_say_in_the_note(tmp_path: Path):
    ae = {"USUBJID": "1", "AESTDTC": "2019-09-26T10:00", "AEENDTC": "2019-09-26T12:00"}
    rows = [{**ae, "AETERM": "felt hot", "AEDECOD": "Pyrexia", "AETOXGR": "1", "AESEV": "MILD"},
            {**ae, "AETERM": "Seizure", "AEDECOD": "Seizure", "AETOXGR": "3", "AESEV": None},
            {**ae, "AETERM": "Nausea", "AEDECOD": "Nausea", "AETOXGR": "1", "AESEV": None}]
    got = record(trial(tmp_path, ae=rows))
    assert said(got, "fever", "hour", "end_hour", "text", "note") == [(24, 26, "present", "felt hot; CTCAE grade 1; MILD")]
    assert said(got, "seizure", "text") == [("unspecified",)]
    assert got.reading.files[1].ignored == {"sdtm:AE/NAUSEA": 1}


def test_what_did_not_occur_is_absent(tmp_path: Path):
    ce = {"USUBJID": "1", "CESTDTC": "2019-09-26T10:00", "CEOCCUR": "N"}
    rows = [{**ce, "CETERM": t, "CEDECOD": t} for t in ("Hypoxia", "Seizure", "Cytokine release syndrome", "Depressed level of consciousness")]
    got = record(trial(tmp_path, ce=rows))
    found = got.events.filter(pl.col("concept") != "car_t_infusion").select("concept", "value", "text").rows()
    assert sorted(found, key=str) == [("hypoxia", None, "absent"), ("reported_crs_grade", 0.0, None), ("seizure", None, "none")]
    assert count(got, "ce.csv") == (4, 3, 1, 0)


def test_findings_about_crs_are_symptoms_put_down_to_it(tmp_path: Path):
    fa = {"USUBJID": "1", "FADTC": "2019-09-26T10:00"}
    rows = [{**fa, "FATESTCD": "HYPOTEN", "FATEST": "Hypotension", "FAOBJ": "CYTOKINE RELEASE SYNDROME", "FAORRES": "Y"},
            {**fa, "FATESTCD": "OCCUR", "FATEST": "Occurrence Indicator", "FAOBJ": "Hypoxia", "FAORRES": "N"},
            {**fa, "FATESTCD": "TOXGR", "FATEST": "Toxicity Grade", "FAOBJ": "Cytokine release syndrome", "FAORRES": "Grade 2"}]
    got = record(trial(tmp_path, fa=rows))
    assert said(got, "hypotension", "text", "attribution") == [("present", "crs")]
    assert said(got, "hypoxia", "text", "attribution") == [("absent", "unknown")]
    assert said(got, "reported_crs_grade", "value") == [(2.0,)]


def cm(drug: str, **more: str | None) -> dict[str, str | None]:
    keys = ("CMDECOD", "CMDOSE", "CMDOSU", "CMDOSFRQ", "CMDOSTOT", "CMROUTE", "CMENDTC", "CMOCCUR")
    return {"USUBJID": "1", "CMTRT": drug, "CMSTDTC": "2019-09-26T10:00", **dict.fromkeys(keys), **more}


def test_a_frequency_is_no_amount_and_a_tablet_no_milligrams(tmp_path: Path):
    rows = [cm("ACTEMRA", CMDOSE="8", CMDOSU="mg/kg", CMDOSFRQ="ONCE"), cm("TYLENOL", CMDECOD="UNCODED", CMDOSE="650", CMDOSU="mg", CMDOSFRQ="QID"),
            cm("ADVIL", CMDOSE="2", CMDOSU="TABLET", CMDOSFRQ="PRN"), cm("Dexamethasone", CMDOSTOT="40", CMDOSU="mg"), cm("Levophed"),
            cm("Anakinra", CMOCCUR="N"), cm("VITAMIN C", CMDOSE="500", CMDOSU="mg")]
    got = record(trial(tmp_path, cm=rows), weight_kg=50)
    assert said(got, "tocilizumab", "value", "text") == [(400, None)]
    assert said(got, "acetaminophen", "value", "text") == [(650, "QID")]
    assert said(got, "ibuprofen", "value", "text") == [(None, "2 TABLET PRN")]
    assert said(got, "dexamethasone", "value") == [(None,)]
    assert said(got, "dexamethasone", "text") == [("total of 40 mg per day",)]
    assert said(got, "norepinephrine", "value", "text") == [(None, "present")]
    assert said(got, "anakinra", "text") == []
    assert count(got, "cm.csv") == (7, 5, 2, 0)


def test_a_cream_with_a_steroid_is_no_steroid_and_one_into_the_spine_is_told_apart(tmp_path: Path):
    rows = [cm("HYDROCORTISONE", CMDOSE="1", CMDOSU="%", CMROUTE="TOPICAL"), cm("PREDNISONE", CMDOSE="5", CMDOSU="mg", CMROUTE="OPHTHALMIC"),
            cm("HYDROCORTISONE", CMDOSE="50", CMDOSU="mg", CMROUTE="INTRAVENOUS"), cm("DEXAMETHASONE", CMDOSE="4", CMDOSU="mg", CMROUTE="INTRATHECAL")]
    got = record(trial(tmp_path, cm=rows))
    assert said(got, "hydrocortisone", "value") == [(50,)]
    assert said(got, "intrathecal_dexamethasone", "value") == [(4,)]
    assert "prednisone" not in got.events["concept"]


def test_procedures_are_devices_and_dialysis(tmp_path: Path):
    pr = {"USUBJID": "1", "PRSTDTC": "2019-09-26T10:00", "PRENDTC": "2019-09-27T10:00"}
    got = record(trial(tmp_path, pr=[{**pr, "PRTRT": t} for t in ("Mechanical ventilation", "Haemodialysis", "High flow nasal cannula", "Bronchoscopy")]))
    assert sorted(said(got, "oxygen_device", "text", "hour", "end_hour")) == [("high_flow_nasal_cannula", 24, 48), ("invasive_ventilation", 24, 48)]
    assert said(got, "dialysis", "text", "end_hour") == [("present", 48)]
    assert count(got, "pr.csv") == (4, 3, 1, 0)


@pytest.mark.parametrize(("treatment", "product"), [
    ("KYMRIAH", "tisagenlecleucel"), ("Axicabtagene ciloleucel", "axicabtagene_ciloleucel"), ("JCAR999 CAR-T cells", "JCAR999 CAR-T cells"),
    ("CAR-T cells", None), ("obecabtagene autoleucel", "obecabtagene autoleucel"),
])
def test_the_infusion_is_found_by_the_name_of_its_product(tmp_path: Path, treatment: str, product: str | None):
    ex = [{"USUBJID": "1", "EXTRT": "FLUDARABINE", "EXSTDTC": "2019-09-20T10:00"}, {"USUBJID": "1", "EXTRT": treatment, "EXSTDTC": "2019-09-25T10:00"}]
    got = record(trial(tmp_path, ex=ex))
    assert got.patients.select("infusion_time", "product").row(0) == ("2019-09-25T10:00:00", product)
    assert said(got, "fludarabine", "hour") == [(-120,)]


def test_a_product_under_study_is_told_by_the_mapping(tmp_path: Path):
    folder = trial(tmp_path, ex=[{"USUBJID": "1", "EXTRT": "ABC-123", "EXSTDTC": "2019-09-25T10:00"}], vs=[vs("38.5", "C")])
    with pytest.raises(SourceError, match="CAR-T infusion"):
        record(folder)
    got = record(folder, Codes({"sdtm:EX/ABC-123": Item("car_t_infusion")}))
    assert said(got, "temperature", "hour") == [(1,)]


def test_death_is_told_once_whether_by_dm_or_ds(tmp_path: Path):
    dm = [{**DM[0], "DTHDTC": "2019-10-05", "DTHFL": "Y"}]
    alone = record(trial(tmp_path, dm))
    assert said(alone, "death", "hour", "hour_latest", "text") == [(230, 254, "present")]
    both = record(trial(tmp_path, dm, ds=[{"USUBJID": "1", "DSDECOD": "DEATH", "DSSTDTC": "2019-10-05T04:00"}]))
    assert said(both, "death", "hour") == [(234,)]


def test_age_and_sex_come_from_dm(tmp_path: Path):
    dm = [{**DM[0], "BRTHDTC": "1958-09-25"}, {**DM[0], "USUBJID": "2", "BRTHDTC": "1958", "AGE": "18", "AGEU": "MONTHS", "SEX": "U"}]
    got = record(trial(tmp_path, dm, [*EX, {**EX[0], "USUBJID": "2"}]))
    first, second = got.patients.select("age_years", "sex").rows()
    assert first == (pytest.approx(61.0, abs=0.01), "female")
    assert second == (pytest.approx(1.5, abs=0.02), None)


def test_a_supplemental_qualifier_with_a_meaning_stands_at_the_time_of_its_row(tmp_path: Path):
    ae = [{"USUBJID": "1", "AESEQ": "3", "AETERM": "Cytokine storm", "AEDECOD": "Other", "AESTDTC": "2019-09-26T10:00"}]
    supp = {"USUBJID": "1", "IDVAR": "AESEQ", "QLABEL": None}
    rows = [{**supp, "IDVARVAL": "3.0", "QNAM": "CRSGR", "QVAL": "2"}, {**supp, "IDVARVAL": "9", "QNAM": "CRSGR", "QVAL": "4"},
            {**supp, "IDVARVAL": "3", "QNAM": "AETRTEM", "QVAL": "Y"}]
    got = record(trial(tmp_path, ae=ae, suppae=rows), Codes({"sdtm:SUPPAE/CRSGR": Item("reported_crs_grade")}))
    assert said(got, "reported_crs_grade", "hour", "value") == [(24, 2)]
    assert count(got, "suppae.csv") == (3, 1, 1, 1)


def test_a_domain_split_over_files_keeps_its_qualifiers_and_no_row_of_them_is_lost(tmp_path: Path):
    rows = {"lbch": [{**lb("AST", "30", "U/L"), "LBSEQ": "1"}], "lbhe": [{**lb("PLAT", "50", "10^9/L"), "LBSEQ": "2"}]}
    supp = {"USUBJID": "1", "IDVAR": "LBSEQ", "QNAM": "FERR", "QLABEL": None}
    told = [{**supp, "IDVARVAL": "2", "QVAL": "500"}, {**supp, "IDVARVAL": "1", "QVAL": "400"}, {**supp, "IDVARVAL": "7", "QVAL": "9"}]
    away = [{"USUBJID": "1", "IDVAR": "QSSEQ", "IDVARVAL": "1", "QNAM": "X", "QLABEL": None, "QVAL": "1"}]
    got = record(trial(tmp_path, **rows, supplb=told, suppqs=away), Codes({"sdtm:SUPPLB/FERR": Item("ferritin", "ng/mL")}))
    assert sorted(said(got, "ferritin", "value")) == [(400,), (500,)]
    assert count(got, "supplb.csv") == (3, 2, 0, 1)
    assert count(got, "suppqs.csv") == (1, 0, 1, 0)


def test_times_with_offsets_are_moments_and_their_wall_clock_can_be_taken(tmp_path: Path):
    ex = [{**EX[0], "EXSTDTC": "2019-09-25T10:00+02:00"}]
    folder = trial(tmp_path, ex=ex, vs=[vs("38.5", "C", "2019-09-25T11:00+01:00"), vs("38.6", "C", "2019-09-25T12:00")])
    got = record(folder)
    assert said(got, "temperature", "hour") == [(2,)]
    assert any("without an offset" in note.what for note in got.reading.errors)
    mine = sdtm_codes.meanings(Codes())
    wall = coded.timeline(sdtm.export(folder, mine, clock="wall"), mine, coded.settings(clock="wall"))
    assert said(wall, "temperature", "hour") == [(1,), (2,)]


def test_a_folder_with_one_data_set_twice_or_none_says_so(tmp_path: Path):
    with pytest.raises(SourceError, match="No data set of SDTM"):
        record(tmp_path)
    with pytest.raises(SourceError, match="no file or folder"):
        record(tmp_path / "absent")
    trial(tmp_path, vs=[vs("38.5", "C")])
    with (tmp_path / "vs.csv").open("rb") as plain, gzip.open(tmp_path / "vs.csv.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    with pytest.raises(SourceError, match="the same data set"):
        record(tmp_path)


@pytest.mark.parametrize(("name", "content", "says"), [
    ("vs.xpt", b"no transport file", "no SAS transport file"), ("vs.json", b"{", "is not JSON"), ("vs.json", b"[1]", "no list of columns"),
    ("vs.json", b'{"clinicalData": {}}', "Dataset-JSON 1.0"), ("vs.ndjson", b"", "is not JSON"),
    ("vs.json", b'{"datasetJSONVersion":"1.1.0","columns":[{"name":"A"}],"rows":[[1,2]]}', "row 1 has 2 cells"),
    ("vs.json", b'{"datasetJSONVersion":"1.1.0","columns":[{"name":"A"}],"rows":[[{}]]}', "a list or an object"),
    ("vs.json", b'{"datasetJSONVersion":"1.1.0","records":2,"columns":[{"name":"A"}],"rows":[[1]]}', "says that it has 2 rows"),
    ("vs.json", b'{"datasetJSONVersion":"1.1.0","columns":[{"name":"A","dataType":"blob"}],"rows":[]}', "of the type 'blob'"),
    ("vs.csv", b"A,B\n1,2,3\n", "cannot be read as CSV"),
])
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path, name: str, content: bytes, says: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=says):
        record(tmp_path)


def test_every_test_of_cdisc_that_is_known_means_a_measurement():
    for name, mark in (*sdtm_codes.VS_TESTS.values(), *sdtm_codes.LB_TESTS.values()):
        assert CONCEPTS[name].unit is not None
        assert mark in "VM"
    assert all(item.concept in CONCEPTS for item in sdtm_codes.items().values())


CELL = st.sampled_from(["", "1", "-1", "0", "2019", "2019-09-26", "2019-09-26T10:00", "x", "<5", "1e999", "Y", "N", "NOT DONE", "C", "mg", "TEMP", "CREAT",
                        "OCCUR", "Cytokine release syndrome", "Seizure", "TOCILIZUMAB", "KYMRIAH", "NA", "TCCON", "TCFACT=1", "GRADE 2", "é"])
COLUMNS = {
    "vs": ("VSTESTCD", "VSTEST", "VSORRES", "VSORRESU", "VSSTRESN", "VSSTRESU", "VSSTAT", "VSDTC", "VSDY"),
    "lb": ("LBTESTCD", "LBORRES", "LBORRESU", "LBSTRESC", "LBSPEC", "LBORNRHI", "LBDTC", "LBENDTC"),
    "fa": ("FATESTCD", "FATEST", "FAOBJ", "FAORRES", "FADTC"), "ae": ("AESEQ", "AETERM", "AEDECOD", "AETOXGR", "AESTDTC", "AEENDTC", "AEOCCUR"),
    "cm": ("CMTRT", "CMDECOD", "CMDOSE", "CMDOSU", "CMDOSTOT", "CMDOSFRQ", "CMSTDTC", "CMENDTC", "CMOCCUR"), "pr": ("PRTRT", "PRSTDTC", "PRENDTC", "PROCCUR"),
    "suppae": ("IDVAR", "IDVARVAL", "QNAM", "QVAL"),
}


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(sorted(COLUMNS)))
def test_any_rubbish_is_used_explained_or_in_quarantine_and_never_a_traceback(data: st.DataObject, name: str):
    row = st.fixed_dictionaries({"USUBJID": st.sampled_from(["1", "2", ""]), **dict.fromkeys(COLUMNS[name], CELL)})
    rows = data.draw(st.lists(row, min_size=1, max_size=6))
    with tempfile.TemporaryDirectory() as folder:
        got = record(trial(Path(folder), **{name: rows}))
    assert count(got, f"{name}.csv")[0] == len(rows)


# ---------------------------------------------------------------- a published pilot trial

@pytest.fixture(scope="module")
def pilot(shared_data: SharedData, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pilot trial in its own CSV files, and the same data sets as transport files and as Dataset-JSON."""
    source = shared_data("cdisc_sdtm_pilot")
    folders = {"csv": tmp_path_factory.mktemp("csv"), "xpt": tmp_path_factory.mktemp("xpt"), "json": tmp_path_factory.mktemp("json")}
    for name in ("dm", "ae", "suppae", "ds", "ex", "cm", "vs", "lb"):
        shutil.copy(source / f"{name}.csv.gz", folders["csv"])
        frame = pl.read_csv(source / f"{name}.csv.gz", infer_schema_length=None, null_values=["", "NA"], schema_overrides={
            "USUBJID": pl.String, "VISITNUM": pl.Float64, f"{name.upper()}ORRES": pl.String, f"{name.upper()}STRESC": pl.String, "IDVARVAL": pl.String})
        numbers = [c for c, kind in frame.schema.items() if kind.is_numeric()]
        frame = frame.with_columns(pl.col(numbers).cast(pl.Float64), pl.col(pl.Boolean).cast(pl.String))
        frame = frame.with_columns(pl.col(pl.Date, pl.Datetime).cast(pl.String)) if any(k.is_temporal() for k in frame.dtypes) else frame
        pyreadstat.write_xport(frame.with_columns(pl.col(pl.String).fill_null("")), str(folders["xpt"] / f"{name}.xpt"), table_name=name.upper(),
                               file_format_version=5)
        dataset_json.write(dataset_json.DataSet(name.upper(), name, frame), folders["json"] / f"{name}.json", {})
    return folders


@pytest.fixture(scope="module")
def read_pilot(pilot: dict[str, Path]) -> dict[str, Timeline]:
    return {name: record(folder, anchor="study_start") for name, folder in pilot.items()}


def test_the_pilot_is_the_same_in_transport_files_json_and_csv(read_pilot: dict[str, Timeline]):
    columns = [c for c in read_pilot["csv"].events.columns if c != "origin"]
    for other in ("xpt", "json"):
        assert_frame_equal(read_pilot[other].events.select(columns), read_pilot["csv"].events.select(columns))
        assert_frame_equal(read_pilot[other].patients, read_pilot["csv"].patients)


def test_every_row_of_the_pilot_is_accounted_for(read_pilot: dict[str, Timeline]):
    rows = {f.file: f.rows for f in read_pilot["csv"].reading.files}
    assert rows == {"dm.csv.gz": 306, "ae.csv.gz": 1191, "suppae.csv.gz": 1191, "ds.csv.gz": 850, "ex.csv.gz": 591, "cm.csv.gz": 7510,
                    "vs.csv.gz": 29643, "lb.csv.gz": 59580}
    assert all(f.rows == f.used + f.explained + f.quarantined for f in read_pilot["csv"].reading.files)


def test_the_pilot_has_its_patients_deaths_and_no_topical_steroid(read_pilot: dict[str, Timeline]):
    got = read_pilot["csv"]
    assert len(got.patients) == 254  # of 306, those who got a reference start
    assert len(got.events.filter(concept="death")) == 3
    assert "hydrocortisone" not in got.events["concept"]
    assert "ph" not in got.events["concept"]  # only of urine
    assert got.events.filter(concept="temperature")["value"].is_between(32, 42).all()


def test_a_fever_in_the_pilot_is_a_temperature_of_100_4_f_or_more(read_pilot: dict[str, Timeline], pilot: dict[str, Path]):
    raw = pl.read_csv(pilot["csv"] / "vs.csv.gz", infer_schema=False).filter((pl.col("VSTESTCD") == "TEMP") & (pl.col("VSORRESU") == "F"))
    hot = raw.filter(pl.col("VSORRES").cast(pl.Float64) >= 100.4)
    got = read_pilot["csv"].events.filter((pl.col("concept") == "temperature") & (pl.col("value") >= 38))
    assert len(got) == len(hot.unique(["USUBJID", "VSDTC", "VSORRES"]).filter(pl.col("USUBJID").is_in(read_pilot["csv"].patient_ids)))


def test_the_pilot_without_car_t_cells_says_how_to_give_hour_0(pilot: dict[str, Path]):
    with pytest.raises(SourceError, match="study_start"):
        record(pilot["csv"])
