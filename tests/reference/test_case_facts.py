"""The files of the three published cases tell what the papers tell, all of it, and nothing else.

The tables below are the facts, each checked against its paper.  ``10..16`` means that the day lies
between these two; the second column is the last day of what lasts.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from importlib.resources import files

import pytest

from tocsin.cases import CASES, case, read_case
from tocsin.cite import REFERENCES
from tocsin.errors import UnknownIdError
from tocsin.timeline import PATIENTS, Timeline
from tocsin.vocabulary import CONCEPTS

PER_KG_OR_M2 = re.compile(r"mg/(kg|m2)")

FACTS = {
    "000": """
        -4      |    |           | fludarabine               | 13.75 mg
        -3      |    |           | fludarabine               | 13.75 mg
        -2      |    |           | fludarabine               | 13.75 mg
        -4      |    |           | cyclophosphamide          | 165 mg
        -3      |    |           | cyclophosphamide          | 165 mg
        -2      |    |           | cyclophosphamide          | 165 mg
        0       |    |           | car_t_infusion            | 4.2 10^6 cells/kg
        1       |    |           | fever                     | present
        1       |    |           | pulmonary_infection       | present
        1       |    |           | imaging                   | CT: pulmonary infection suggested
        1       |    |           | antibiotic                | antibacterial; agent and dose not told
        4       |    | crs       | temperature               | 41.6 degC
        4       |    |           | il6                       | 133.6 pg/mL
        4       |    |           | tocilizumab               | 4 mg/kg qd
        4       |    |           | reported_crs_grade        | 2 grade, not named
        5       |    |           | fever                     | present
        5       |    |           | dyspnoea                  | present
        5       |    |           | spo2                      | 93 %
        5       |    |           | spo2                      | 95 %
        5       |    |           | il6                       | >5000 pg/mL
        5       |    |           | tocilizumab               | 4 mg/kg q12h, first dose
        5       |    |           | tocilizumab               | 4 mg/kg q12h, second dose
        5       |    |           | methylprednisolone        | 3 mg/kg daily
        5..6    | 7  |           | tocilizumab               | 8 mg/kg q8h, number of doses not told
        5..6    | 7  |           | methylprednisolone        | 3 mg/kg q12h
        5..7    |    |           | fresh_frozen_plasma       | present
        5..7    |    |           | serous_effusion           | present
        7       |    | icans     | consciousness             | reduced
        7       |    |           | dyspnoea                  | present
        7       | 10 |           | cyanosis                  | present
        7       |    |           | heart_rate                | 50 /min
        7       |    |           | nt_probnp                 | 16525 pg/mL
        7       |    |           | lvef                      | 54 %
        7       | 8  |           | pulmonary_oedema          | present
        7       | 8  |           | pleural_effusion          | present
        7       |    |           | imaging                   | CT of the head: no evident lesion
        7       |    |           | csf_il6                   | 393.8 pg/mL
        7       |    |           | csf_pressure              | 220 mmH2O
        7       |    |           | dexamethasone             | 0.5 mg/kg q12h
        7       |    |           | intrathecal_dexamethasone | 2 mg
        8       |    |           | imaging                   | CT of the lungs: pleural effusion and interlobular oedema
        10      |    |           | leukocytes                | 10.34 10^9/L
        10      |    |           | car_t_percent             | 98 %
        10      |    | crs       | hypotension               | present
        10      |    |           | oliguria                  | present
        10      |    | crs       | hypoxia                   | present
        10      |    |           | haemoptysis               | present
        10      |    |           | cardiac_failure           | present
        10      |    |           | organ_failure             | present
        10      |    |           | lvef                      | 42 %
        10      |    |           | reported_crs_grade        | 4 grade, not named
        10..16  | 25 | crs       | oxygen_device             | invasive_ventilation
        17      |    |           | msc                       | treatment dose; number of cells not told
        18      |    |           | lvef                      | 46 %
        20      |    |           | msc                       | second dose; number of cells not told
        21      |    |           | imaging                   | CT of the lungs: effusion lightened or gone
        25      |    |           | lvef                      | 55 %
        75      |    |           | mrd                       | negative
        """,
    "001": """
        -116..-87 |  |           | marrow_blasts             | 34 %
        -116..-87 |  |           | leukocytes                | 17.03 10^9/L
        -116..-87 |  |           | haemoglobin               | 102 g/L
        -116..-87 |  |           | platelets                 | 197 10^9/L
        -116..-87 |  |           | ldh                       | 399 U/L
        -116..-87 |  |           | response                  | relapse
        -5      |    |           | leukocytes                | 2.26 10^9/L
        -5      |    |           | haemoglobin               | 57 g/L
        -5      |    |           | platelets                 | 280 10^9/L
        -5      |    |           | ldh                       | 314 U/L
        -5      |    |           | tumour_at_site            | absent
        -5      |    |           | fludarabine               | present
        -5      |    |           | cyclophosphamide          | present
        0       |    |           | car_t_infusion            | 1.165 10^5 cells/kg
        0       |    |           | temperature               | 37.5 degC
        6       |    | crs       | temperature               | 39.0 degC
        6       |    | crs       | pressure_fall             | 20 mmHg
        6       |    | crs       | hypotension               | present
        6       |    | crs       | cytokine_rise             | present
        6       |    |           | reported_crs_grade        | 2 grade, ASTCT
        6       |    | crs       | fluid_bolus               | present
        6       |    | crs       | oxygen_device             | low_flow_nasal_cannula
        6       |    |           | nsaid                     | agent and dose not told
        6       |    |           | cefmetazole               | present
        7       |    |           | temperature               | 39.8 degC
        7       |    |           | temperature               | 38.0 degC
        7       |    |           | tocilizumab               | 8 mg/kg
        7       |    |           | imipenem                  | present
        7       | 16 |           | hypotension               | absent
        8       | 11 | local_crs | neck_swelling             | present
        8       |    | local_crs | laryngeal_discomfort      | present
        8       |    | local_crs | dyspnoea                  | present
        8       |    | local_crs | facial_oedema             | present
        8       |    | local_crs | oxygen_device             | high_flow_nasal_cannula
        8       |    | local_crs | reported_local_crs        | present
        8       |    |           | reported_crs_grade        | 2 grade, ASTCT
        8       |    |           | eosinophils               | 0.07 10^9/L
        8       |    |           | basophils                 | 0.00 10^9/L
        8       |    |           | allergy                   | absent
        8       |    |           | creatinine                | 38.4 umol/L
        8       |    |           | egfr                      | 115 mL/min
        8       |    |           | alt                       | 33 U/L
        8       |    |           | bnp                       | 43.4 pg/mL
        8       |    |           | torasemide                | 5 mg, first
        8       |    |           | methylprednisolone        | 40 mg, first
        8       |    |           | dexamethasone             | 10 mg, first
        8       |    |           | torasemide                | 5 mg, second, about 5 h later
        8       |    |           | methylprednisolone        | 40 mg, second, about 5 h later
        8       |    |           | dexamethasone             | 10 mg, second, about 5 h later
        8       |    |           | fresh_frozen_plasma       | 350 mL
        9       | 11 |           | corticosteroid            | tapered; agent and doses not told
        14      |    | local_crs | neck_swelling             | absent
        15      |    |           | response                  | complete_remission
        16      |    |           | discharge                 | present
        311..341 |   |           | marrow_blasts             | 11 %
        311..341 |   |           | response                  | relapse
        403..432 |   | other     | death                     | present
        """,
    "002": """
        -4      |    |           | fludarabine               | 30 mg/m2
        -3      |    |           | fludarabine               | 30 mg/m2
        -2      |    |           | fludarabine               | 30 mg/m2
        -4      |    |           | cyclophosphamide          | 500 mg/m2
        -3      |    |           | cyclophosphamide          | 500 mg/m2
        0       |    |           | car_t_infusion            | 6 10^6 cells/kg
        1       |    |           | temperature               | 40 degC
        1       |    |           | heart_rate                | 140 /min
        1       | 5  |           | fever                     | present
        1       |    |           | antibiotic                | agent and dose not told
        1       |    |           | diclofenac                | present
        1       |    |           | metoprolol                | present
        1       | 28 |           | vasopressor               | absent
        1       | 28 |           | oxygen_device             | room_air
        2..5    |    |           | cytokine_rise             | present
        5       |    |           | heart_rate                | 161 /min
        5       |    |           | respiratory_rate          | 26 /min
        5       |    | crs       | temperature               | 40.8 degC
        5       |    |           | tocilizumab               | 400 mg
        5..6    |    | crs       | temperature               | 38 degC
        5..6    |    | crs       | temperature               | 39.6 degC
        5..6    |    |           | heart_rate                | 110 /min
        5..6    |    |           | heart_rate                | 130 /min
        6       |    |           | methylprednisolone        | 40 mg, first
        6..7    |    | crs       | temperature               | 37.4 degC
        6..7    |    | crs       | temperature               | 39.8 degC
        6..7    |    |           | heart_rate                | 148 /min
        6..7    |    | crs       | systolic_bp               | 89 mmHg
        6       | 7  | crs       | fever                     | present
        7       |    | crs       | hypotension               | present
        7       |    |           | cytokine_rise             | present
        7       |    |           | ast                       | 535.67 U/L
        7       |    |           | alt                       | 82.3 U/L
        7       |    |           | methylprednisolone        | 40 mg, second
        7       | 17 |           | ruxolitinib               | 10 mg, q12h
        8       |    |           | temperature               | 36.8 degC
        8       |    |           | heart_rate                | 108 /min
        8       |    |           | systolic_bp               | >90 mmHg
        8       |    |           | hypotension               | absent
        8       |    |           | aptt                      | >180 s
        8       |    |           | d_dimer                   | 65.98 mg/L
        14      |    |           | response                  | complete_remission
        18      | 28 |           | ruxolitinib               | 5 mg, q12h
        28      |    |           | response                  | complete_remission
        28      |    |           | mrd                       | negative
        28      |    |           | bcr_abl_is                | 5.30 %
        """,
}

# Facts that have no day since the infusion, or no number that a concept could hold.
WITHOUT_A_ROW = {
    "000": ("35 %", "February 2017", "September 2018", "3.5 years", "1.8 %", "17 times", "cerebrospinal fluid on day 7",
            "LDH 109-245", "CRP 0-5.00"),
    "001": ("348.43", "44 g/L", "35 x 10^9/L", "26 %", "30 %", "66.81 %", "1.44 %", "0.04 %", "17:10", "taper"),
    "002": ("359.97", "60 %", "5.85 x 10^4", "95 %", "72.03 %", "procalcitonin", "APTT on day 17", "AST and ALT on day 22"),
}

ABOUT = {
    "000": (3.0, "male", "4.2 x 10^6"),
    "001": (61.0, "female", "1.165 x 10^5"),
    "002": (20.0, "male", "6 x 10^6"),
}

Fact = tuple[float, float, float | None, str, str, float | None, int, str]


def lines_of(case_id: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in FACTS[case_id].strip().splitlines()]


def told(case_id: str) -> Counter[Fact]:
    """The facts of the table: (hour, latest hour, end, concept, attribution, value, censored, text)."""
    return Counter(_told(*line) for line in lines_of(case_id))


def _told(when: str, until: str, attribution: str, concept: str, what: str) -> Fact:
    first, _, last = when.partition("..")
    hour, latest = int(first) * 24.0, (int(last or first) + 1) * 24.0
    end = (int(until) + 1) * 24.0 if until else None
    one = CONCEPTS[concept]
    number = re.match(r"([<>]?)(\d+(?:\.\d+)?) (.+)", what)
    if number is None or one.unit is None or PER_KG_OR_M2.match(number[3]):
        value, censored, text = None, 0, what
    else:
        unit, _, text = number[3].partition(", ")
        value = one.conversion(unit).to_canonical(float(number[2]))
        censored = {"<": -1, "": 0, ">": 1}[number[1]]
    return hour, latest, end, concept, attribution or "unknown", value, censored, text


def found(timeline: Timeline) -> Counter[Fact]:
    """The events of the record in the same form."""
    return Counter(
        (row["hour"], row["hour_latest"], row["end_hour"], row["concept"], row["attribution"],
         None if row["value"] is None else float(f"{row['value']:.10g}"), row["censored"], row["text"] or "")
        for row in timeline.events.iter_rows(named=True)
    )


def rows_of(case_id: str) -> list[dict[str, str]]:
    """The rows of the file as written."""
    with (files("tocsin.cases") / "data" / case(case_id).file).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def rounded(facts: Counter[Fact]) -> Counter[Fact]:
    return Counter({(*f[:5], None if f[5] is None else float(f"{f[5]:.10g}"), *f[6:]): n for f, n in facts.items()})


@pytest.fixture(params=sorted(CASES))
def case_id(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def record(case_id: str) -> Timeline:
    return read_case(case_id)


def test_every_fact_of_the_paper_is_in_the_record(case_id, record):
    missing = rounded(told(case_id)) - found(record)
    assert not missing, f"told by the paper, not in the file: {sorted(missing, key=str)}"


def test_the_record_tells_nothing_that_the_paper_does_not(case_id, record):
    invented = found(record) - rounded(told(case_id))
    assert not invented, f"in the file, not told by the paper: {sorted(invented, key=str)}"
    assert len(record.events) == len(lines_of(case_id))


def test_facts_without_a_day_or_a_number_are_named_beside_the_file(case_id):
    beside = " ".join((*case(case_id).undated, *case(case_id).left_out))
    assert [fact for fact in WITHOUT_A_ROW[case_id] if fact not in beside] == []


def test_every_row_cites_its_paper_and_the_place_in_it(case_id):
    for row in rows_of(case_id):
        cites, _, words = row["note"].partition("; ")
        key, _, place = cites.partition(":")
        assert key in REFERENCES, row
        assert key == case(case_id).paper, row
        assert re.fullmatch(r"abstract|introduction|case presentation|discussion|figure \d[A-D]", place), row
        assert words, row


def test_quotes_are_short(case_id):
    for row in rows_of(case_id):
        for quote in re.findall(r"'([^']+)'", row["note"]):
            assert len(quote.split()) <= 12, quote


def test_no_weight_is_stated_and_none_is_computed(record):
    assert record.patients["weight_kg"].to_list() == [None]
    assert "weight" not in record.events["concept"].to_list()
    doses = record.events.filter(record.events["text"].str.contains("mg/kg|mg/m2").fill_null(False))
    assert doses["value"].null_count() == len(doses)


def test_reading_has_no_errors_and_every_row_is_used(case_id, record):
    reading = record.reading
    assert reading is not None
    assert [note.sentence() for note in reading.errors] == []
    (counted,) = reading.files
    about_the_patient = sum(record.patients[name].count() for name in record.patients.columns if name != "patient")
    assert (counted.quarantined, counted.explained) == (0, 0)
    assert counted.events == len(lines_of(case_id))
    assert counted.rows == counted.used == counted.events + about_the_patient


def test_each_record_is_of_one_patient_with_the_facts_that_the_paper_tells(case_id, record):
    assert record.patient_ids == [case_id]
    who = record.patients.row(0, named=True)
    age, sex, dose = ABOUT[case_id]
    assert (who["age_years"], who["sex"]) == (age, sex)
    assert who["dose"].startswith(dose)
    assert who["disease_extent"] == "systemic"
    assert "leukaemia" in who["diagnosis"]
    assert "CD19" in who["product"]


def test_nothing_is_complete_unless_the_reader_says_so(case_id):
    assert not read_case(case_id).complete.covers("norepinephrine", case_id)
    assumed = read_case(case_id, complete=("drugs", "devices"))
    assert assumed.complete.covers("norepinephrine", case_id)
    assert assumed.complete.covers("oxygen_device", case_id)
    assert not assumed.complete.covers("hypotension", case_id)


def test_ventilation_of_case_000_surely_runs_from_day_17_and_may_have_begun_on_day_10():
    events = read_case("000").events
    row = events.filter(events["concept"] == "oxygen_device").row(0, named=True)
    assert (row["hour"], row["hour_latest"], row["end_hour"]) == (10 * 24, 17 * 24, 26 * 24)


def test_the_authors_grades_are_kept_with_the_scale_that_they_name():
    grades = {
        case_id: [(row["hour"] / 24, row["value"], row["text"]) for row in read_case(case_id).events.iter_rows(named=True)
                  if row["concept"] == "reported_crs_grade"]
        for case_id in CASES
    }
    assert grades == {
        "000": [(4, 2, "not named"), (10, 4, "not named")],
        "001": [(6, 2, "ASTCT"), (8, 2, "ASTCT")],
        "002": [],
    }


def test_what_is_swollen_in_case_001_is_put_down_to_local_crs_of_the_neck():
    events = read_case("001").events
    local = events.filter(events["attribution"] == "local_crs")
    assert set(local["site"]) == {"neck"}
    assert set(local["hour"]) == {8 * 24, 14 * 24}


def test_the_files_name_only_concepts_of_the_vocabulary_and_facts_about_the_patient(case_id):
    for row in rows_of(case_id):
        assert row["concept"] in (CONCEPTS if row["day"] else PATIENTS), row
        assert row["patient"] == case_id


def test_every_case_says_what_to_see_and_where_its_paper_is_inconsistent(case_id):
    one = case(case_id)
    assert one.id == case_id
    assert one.reference is REFERENCES[one.paper]
    assert all(text.endswith(".") for text in (one.what_to_see, *one.inconsistencies, *one.undated, *one.left_out))
    assert one.inconsistencies


def test_an_unknown_case_offers_the_known_ones():
    with pytest.raises(UnknownIdError, match="000, 001, 002"):
        case("7")
