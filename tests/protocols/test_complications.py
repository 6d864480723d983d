"""Which complication is it: one clinical fact a test, of what speaks for each, against it, and what is missing."""

from __future__ import annotations

import json

import pytest

from spec.chart import timeline_of
from tocsin import complications
from tocsin.cases import read_case
from tocsin.errors import SettingError
from tocsin.protocols.complication_signs import SETTINGS, complication_signs
from tocsin.protocols.complications import Picture
from tocsin.rules import settled
from tocsin.timeline import Timeline

ALL = ("CRS", "ICANS", "CARDIOVASCULAR", "HLH", "PULMONARY", "RENAL", "COAGULOPATHY", "INFECTION", "GVHD", "LOCAL_CRS")


def pictures(timeline: Timeline, at: float, **more: object) -> dict[str, Picture]:
    return {p.complication.code: p for p in complications(timeline, at=at, **more)}  # type: ignore[arg-type]


def chart(table: str, at: float, complete: tuple[str, ...] = (), age: float | None = 40, **more: object) -> dict[str, Picture]:
    facts = {k: more.pop(k) for k in list(more) if k.startswith(("uln_", "lln_"))}
    return pictures(timeline_of(table, age=age, complete=complete, facts=facts, stated={}), at, **more)


def pro(picture: Picture) -> set[str]:
    return {f.sign.code for f in picture.speaks_for}


def contra(picture: Picture) -> set[str]:
    return {f.sign.code for f in picture.speaks_against}


def open_signs(picture: Picture) -> set[str]:
    return {m.sign.code for m in picture.missing}


def absent(picture: Picture) -> set[str]:
    return {s.code for s in picture.not_found}


# ---------------------------------------------------------------------------------------------- what is never said
def test_the_rows_of_table_1_come_first_in_its_order_and_none_is_left_out():
    found = pictures(read_case("001"), 192.5)
    assert tuple(found) == ALL


def test_there_is_no_verdict_no_score_and_no_order_of_likelihood():
    one = complications(read_case("001"), at=192.5)[0].record()
    assert "No verdict, no score, no order of likelihood" in one["note"]
    assert not {"score", "rank", "probability", "likelihood", "verdict"} & set(one)


def test_in_an_empty_record_everything_is_missing_and_nothing_speaks_for_or_against():
    empty = Timeline.from_rows([{"patient": "P1", "concept": "response", "hour": -200.0, "text": "relapse"}], [{"patient": "P1"}])
    for picture in pictures(empty, 24.0).values():
        every = {s.code for s in (*picture.complication.speaks_for, *picture.complication.speaks_against)}
        assert (pro(picture), contra(picture), absent(picture)) == (set(), set(), set()), picture.complication.code
        assert open_signs(picture) == every
        assert all(m.inputs for m in picture.missing)


def test_what_comes_later_is_not_looked_at():
    table = """
        hour | seizure
        10   | brief
        """
    assert "SEIZURE" in open_signs(chart(table, 9)["ICANS"])
    assert pro(chart(table, 10)["ICANS"]) == {"SEIZURE"}


# ---------------------------------------------------------------------------------------------- how it looks back
def test_a_sign_counts_for_24_hours_after_it_lapses_and_is_called_earlier():
    table = """
        hour | temperature
        0    | 38.0
        1    | 37
        """
    now, later = chart(table, 0)["CRS"], chart(table, 3)["CRS"]
    assert [f.now for f in now.speaks_for] == [True]
    assert [f.now for f in later.speaks_for] == [False]
    assert later.speaks_for[0].evidence[0]["value"] == 38.0
    again = "hour | temperature\n0 | 38.0\n1 | 37\n26 | 37"
    assert pro(chart(again, 24.9)["CRS"]) == {"FEVER"}
    assert pro(chart(again, 26)["CRS"]) == set()


def test_how_far_it_looks_back_is_a_setting():
    table = "hour | temperature\n0 | 38.0\n1 | 37\n4 | 37"
    assert pro(chart(table, 4, settings={"look_back_hours": 2})["CRS"]) == set()
    with pytest.raises(SettingError, match="no setting 'lookback'"):
        chart(table, 4, settings={"lookback": 2})


def test_a_finding_counts_whatever_it_is_put_down_to_and_says_to_what():
    found = chart("""
        hour | temperature    | oxygen_device               | dyspnoea
        0    | 39@infection   | high_flow_nasal_cannula@drug | T@local_crs
        """, 0)
    assert {"FEVER", "OXYGEN"} <= pro(found["CRS"])
    fever = next(f for f in found["CRS"].speaks_for if f.sign.code == "FEVER")
    assert [e["attribution"] for e in fever.evidence] == ["infection"]
    assert [e["attribution"] for e in found["LOCAL_CRS"].speaks_for[0].evidence] == ["local_crs"]


# ---------------------------------------------------------------------------------------------- CRS
def test_fever_low_pressure_and_oxygen_speak_for_crs():
    below = chart("hour | temperature | systolic_bp | spo2 | oxygen_device\n0 | 37.9 | 90 | 90 | room_air", 0, complete=("drugs",))["CRS"]
    above = chart("hour | temperature | systolic_bp | spo2 | oxygen_device\n0 | 38 | 89 | 89 | room_air", 0, complete=("drugs",))["CRS"]
    assert pro(below) == set()
    assert {"FEVER", "PRESSURE", "OXYGEN"} <= absent(below)
    assert pro(above) == {"FEVER", "PRESSURE", "OXYGEN"}


def test_toxicity_of_grade_2_in_two_organ_systems_speaks_for_crs_in_one_it_does_not():
    one = "hour | ast | alt | bilirubin_total | creatinine\n0 | 200 | 20 | 1 | 1"
    two = "hour | ast | alt | bilirubin_total | creatinine\n0 | 200 | 20 | 1 | 2"
    assert "ORGANS" in open_signs(chart(one, 0)["CRS"])
    assert "ORGANS" in pro(chart(two, 0)["CRS"])
    assert "ORGANS" not in pro(chart(two, 0, settings={"organ_grade": 3})["CRS"])


def test_a_normal_temperature_speaks_against_crs_only_where_nothing_hides_fever_and_none_was_before():
    cold = "hour | temperature\n0 | 37"
    assert contra(chart(cold, 0, complete=("drugs",))["CRS"]) == {"NO_FEVER"}
    assert "NO_FEVER" in open_signs(chart(cold, 0)["CRS"])
    assert contra(chart("hour | temperature | acetaminophen\n0 | 37 | 1000", 0, complete=("drugs",))["CRS"]) == set()
    assert contra(chart("hour | temperature\n0 | 38\n30 | 37", 30, complete=("drugs",))["CRS"]) == set()


def test_an_infection_speaks_for_infection_and_against_crs_without_excluding_it():
    found = chart("hour | temperature | infection\n0 | 39 | T", 0)
    assert "FOUND" in pro(found["INFECTION"])
    assert "INFECTION" in contra(found["CRS"])
    assert "FEVER" in pro(found["CRS"])


# ---------------------------------------------------------------------------------------------- ICANS
@pytest.mark.parametrize(("row", "sign"), [
    ("seizure | brief", "SEIZURE"), ("cerebral_oedema | diffuse", "OEDEMA"), ("ice_score | 9", "ICE"), ("consciousness | voice", "CONSCIOUSNESS"),
    ("motor_weakness | deep_focal", "WEAKNESS"), ("posturing | T", "PRESSURE_SIGNS"), ("somnolence | T", "CONFUSION"), ("headache | T", "HEADACHE"),
])
def test_each_sign_of_icans_speaks_for_it(row, sign):
    concept, cell = row.split(" | ")
    found = chart(f"hour | {concept}\n0 | {cell}", 0, complete=("drugs", "sedation", "intracranial_haemorrhage"))["ICANS"]
    assert pro(found) == {sign}


def test_a_full_ice_score_in_an_awake_patient_speaks_against_icans():
    found = chart("hour | ice_score | consciousness\n0 | 10 | awake", 0, complete=("drugs",))["ICANS"]
    assert contra(found) == {"NORMAL"}
    assert {"ICE", "CONSCIOUSNESS"} <= absent(found)


def test_a_score_that_was_not_taken_is_missing_in_an_adult_and_a_child():
    adult, child = (chart("hour | temperature\n0 | 37", 0, complete=("drugs",), age=age)["ICANS"] for age in (40, 5))
    assert "ICE" in open_signs(adult)
    assert "ICE" in open_signs(child)
    assert "ICE" in pro(chart("hour | capd_score\n0 | 1", 0, complete=("drugs",), age=5)["ICANS"])


def test_sedation_and_intracranial_haemorrhage_speak_against_icans():
    found = chart("hour | propofol | consciousness | intracranial_haemorrhage | cerebral_oedema\n0 | 20 | tactile | T | focal", 0)["ICANS"]
    assert {"SEDATION", "HAEMORRHAGE"} <= contra(found)
    assert not {"CONSCIOUSNESS", "OEDEMA"} & pro(found)


# ---------------------------------------------------------------------------------------------- heart, HLH, lung, kidney
@pytest.mark.parametrize(("concept", "below", "above", "sign"), [
    ("bnp", "100", "101", "PEPTIDE"), ("nt_probnp", "125", "126", "PEPTIDE"), ("lvef", "51", "50", "EJECTION"),
    ("arrhythmia", "F", "T", "ARRHYTHMIA"), ("qt_prolongation", "F", "T", "QT"), ("cardiac_failure", "F", "T", "FAILURE"),
    ("cardiogenic_shock", "F", "T", "SHOCK"),
])
def test_each_sign_of_the_heart_on_both_sides_of_its_limit(concept, below, above, sign):
    assert sign in absent(chart(f"hour | {concept}\n0 | {below}", 0)["CARDIOVASCULAR"])
    assert sign in pro(chart(f"hour | {concept}\n0 | {above}", 0)["CARDIOVASCULAR"])


def test_a_normal_bnp_and_ejection_fraction_speak_against_the_heart():
    assert contra(chart("hour | bnp | lvef\n0 | 43.4 | 60", 0)["CARDIOVASCULAR"]) == {"NORMAL_PEPTIDE", "NORMAL_EJECTION"}


def test_troponin_counts_only_against_the_limit_of_its_assay():
    table = "hour | troponin_i\n0 | 0.5"
    assert "TROPONIN" in open_signs(chart(table, 0)["CARDIOVASCULAR"])
    assert "TROPONIN" in pro(chart(table, 0, uln_troponin_i=0.04)["CARDIOVASCULAR"])


def test_ferritin_above_10000_speaks_for_hlh_exactly_10000_against():
    table = "hour | ferritin\n0 | {}"
    assert "FERRITIN" in pro(chart(table.format(10001), 0)["HLH"])
    assert "LOW_FERRITIN" in contra(chart(table.format(10000), 0)["HLH"])
    assert "FERRITIN" in pro(chart("hour | ferritin\n0 | >16500\n100 | 900", 100)["HLH"])


@pytest.mark.parametrize(("table", "sign"), [
    ("ast\n0 | 201", "LIVER"), ("creatinine\n0 | 4", "KIDNEY"), ("pulmonary_oedema | oxygen_device\n0 | T | simple_mask", "LUNG"),
    ("pulmonary_toxicity_grade\n0 | 3", "LUNG"), ("haemophagocytosis\n0 | T", "HAEMOPHAGOCYTOSIS"), ("temperature\n0 | 38.5", "HIGH_FEVER"),
    ("haemoglobin | platelets\n0 | 8.9 | 99", "CYTOPENIA"), ("fibrinogen\n0 | 150", "FATS"), ("triglycerides\n0 | 265", "FATS"),
    ("sil2r\n0 | 2400", "RECEPTOR"), ("splenomegaly\n0 | T", "SPLEEN"), ("ldh\n0 | 251", "LDH"),
])
def test_each_sign_of_hlh_speaks_for_it(table, sign):
    assert pro(chart(f"hour | {table}", 0)["HLH"]) == {sign}


@pytest.mark.parametrize(("table", "sign"), [
    ("ast | alt | bilirubin_total\n0 | 200 | 20 | 1", "LIVER"), ("pulmonary_toxicity_grade\n0 | 2", "LUNG"), ("temperature\n0 | 38.4", "HIGH_FEVER"),
    ("haemoglobin | platelets | neutrophils\n0 | 9 | 99 | 1", "CYTOPENIA"), ("fibrinogen | triglycerides\n0 | 151 | 264", "FATS"),
    ("sil2r\n0 | 2399", "RECEPTOR"), ("ldh\n0 | 250", "LDH"),
])
def test_a_value_just_within_its_limit_is_no_sign_of_hlh(table, sign):
    assert sign in absent(chart(f"hour | {table}", 0)["HLH"])


@pytest.mark.parametrize(("row", "sign"), [
    ("oxygen_device | bipap", "VENTILATION"), ("pulmonary_toxicity_grade | 1", "GRADE"), ("cyanosis | T", "DYSPNOEA"), ("pleural_effusion | T", "FLUID"),
    ("haemoptysis | T", "BLOOD"),
])
def test_each_sign_of_the_lung_speaks_for_it(row, sign):
    concept, cell = row.split(" | ")
    assert sign in pro(chart(f"hour | {concept}\n0 | {cell}", 0)["PULMONARY"])


def test_90_percent_on_room_air_speaks_against_the_lung_89_for_it():
    table = "hour | spo2 | oxygen_device\n0 | {} | room_air"
    assert contra(chart(table.format(90), 0)["PULMONARY"]) == {"ROOM_AIR"}
    assert pro(chart(table.format(89), 0)["PULMONARY"]) == {"OXYGEN"}


@pytest.mark.parametrize(("concept", "below", "above", "sign"), [
    ("creatinine", "1.2", "1.3", "CREATININE"), ("egfr", "60", "59", "CREATININE"), ("ph", "7.35", "7.34", "ACIDOSIS"),
    ("acidosis", "F", "T", "ACIDOSIS"), ("acute_kidney_injury", "F", "T", "FAILURE"), ("oliguria", "F", "T", "URINE"),
    ("adrenal_insufficiency", "F", "T", "ADRENAL"),
])
def test_each_sign_of_the_kidney_on_both_sides_of_its_limit(concept, below, above, sign):
    assert sign in absent(chart(f"hour | {concept}\n0 | {below}", 0)["RENAL"])
    assert sign in pro(chart(f"hour | {concept}\n0 | {above}", 0)["RENAL"])


def test_one_electrolyte_outside_its_limits_is_enough_but_all_are_needed_to_rule_it_out():
    assert "ELECTROLYTES" in pro(chart("hour | potassium\n0 | 5.1", 0)["RENAL"])
    assert "ELECTROLYTES" in open_signs(chart("hour | potassium\n0 | 5.0", 0)["RENAL"])
    assert "ELECTROLYTES" in absent(chart("hour | potassium | sodium | magnesium | phosphate | calcium_ionised\n0 | 5 | 140 | 2 | 3 | 1.2", 0)["RENAL"])


def test_a_little_urine_for_eight_hours_speaks_for_the_kidney():
    table = "hour | urine_output\n0 | 9 for 9\n4 | 9\n8 | 9"
    assert "URINE" not in pro(chart(table, 7.9)["RENAL"])
    assert "URINE" in pro(chart(table, 8)["RENAL"])


# ---------------------------------------------------------------------------------------------- beside Table 1
@pytest.mark.parametrize(("concept", "below", "above", "sign"), [
    ("d_dimer", "500", "501", "D_DIMER"), ("fibrinogen", "200", "199", "FIBRINOGEN"), ("inr", "1.2", "1.3", "PT"), ("pt", "13.5", "13.6", "PT"),
    ("aptt", "35", "36", "APTT"), ("platelets", "50", "49", "PLATELETS"), ("bleeding", "F", "T", "BLEEDING"), ("venous_thrombosis", "F", "T", "THROMBOSIS"),
])
def test_each_sign_of_coagulopathy_on_both_sides_of_its_limit(concept, below, above, sign):
    assert sign in absent(chart(f"hour | {concept}\n0 | {below}", 0)["COAGULOPATHY"])
    assert sign in pro(chart(f"hour | {concept}\n0 | {above}", 0)["COAGULOPATHY"])


def test_only_all_clotting_values_within_their_limits_speak_against_coagulopathy():
    assert contra(chart("hour | d_dimer | fibrinogen | pt | aptt\n0 | 300 | 300 | 12 | 30", 0)["COAGULOPATHY"]) == {"NORMAL"}
    assert "NORMAL" in open_signs(chart("hour | d_dimer | fibrinogen | pt\n0 | 300 | 300 | 12", 0)["COAGULOPATHY"])


@pytest.mark.parametrize(("concept", "below", "above", "sign"), [
    ("procalcitonin", "0.5", "0.51", "PROCALCITONIN"), ("neutrophils", "0.5", "0.49", "NEUTROPENIA"), ("infection", "F", "T", "FOUND"),
    ("temperature", "37.9", "38", "FEVER"),
])
def test_each_sign_of_infection_on_both_sides_of_its_limit(concept, below, above, sign):
    assert sign in absent(chart(f"hour | {concept}\n0 | {below}", 0)["INFECTION"])
    assert sign in pro(chart(f"hour | {concept}\n0 | {above}", 0)["INFECTION"])


def test_a_clear_lung_does_not_rule_out_infection_elsewhere():
    assert contra(chart("hour | pulmonary_infection\n0 | F", 0)["INFECTION"]) == set()
    assert contra(chart("hour | infection | procalcitonin\n0 | F | 0.1", 0)["INFECTION"]) == {"RULED_OUT", "NORMAL_PROCALCITONIN"}


def test_graft_versus_host_disease_is_told_by_the_finding_and_by_the_gut():
    assert pro(chart("hour | gvhd | gastrointestinal_toxicity_grade\n0 | T | 1", 0)["GVHD"]) == {"FOUND", "GUT"}
    assert contra(chart("hour | gvhd\n0 | F", 0)["GVHD"]) == {"RULED_OUT"}


def test_a_thrombosis_speaks_against_local_crs_and_its_absence_for_it_only_where_something_swells():
    assert "THROMBOSIS" in contra(chart("hour | neck_swelling | venous_thrombosis\n0 | T | T", 0)["LOCAL_CRS"])
    assert {"SWELLING", "NO_THROMBOSIS"} == pro(chart("hour | neck_swelling | venous_thrombosis\n0 | T | F", 0)["LOCAL_CRS"])
    assert pro(chart("hour | neck_swelling | venous_thrombosis\n0 | F | F", 0)["LOCAL_CRS"]) == set()
    assert "NO_SWELLING" in contra(chart("hour | neck_swelling\n0 | F", 0)["LOCAL_CRS"])


# ---------------------------------------------------------------------------------------------- the three cases
def test_on_day_8_of_paper_001_the_neck_and_five_excluded_causes_speak_for_local_crs_and_nothing_against():
    found = pictures(read_case("001"), 192.5)
    local = found["LOCAL_CRS"]
    assert pro(local) == {"SWELLING", "DYSPNOEA", "NO_ALLERGY", "NO_HEART", "NO_KIDNEY", "NO_LIVER", "NO_TUMOUR"}
    assert contra(local) == set()
    assert {i for m in local.missing for i in m.inputs} == {"infection", "pulmonary_infection", "venous_thrombosis"}
    assert "NORMAL_PEPTIDE" in contra(found["CARDIOVASCULAR"])
    assert "NORMAL" in contra(found["RENAL"])
    eosinophils = next(f for f in local.speaks_for if f.sign.code == "NO_ALLERGY").evidence
    assert {"eosinophils", "basophils", "allergy"} <= {e["concept"] for e in eosinophils}
    assert all(e["origin"].startswith("paper001.csv:") for e in eosinophils)


def test_on_day_1_of_paper_000_the_lung_infection_speaks_against_crs_and_on_day_10_the_heart_fails():
    first, tenth = pictures(read_case("000"), 25.0), pictures(read_case("000"), 241.0)
    assert "INFECTION" in contra(first["CRS"])
    assert "FOUND" in pro(first["INFECTION"])
    assert {"FAILURE", "EJECTION", "PRESSURE"} <= pro(tenth["CARDIOVASCULAR"])
    assert "BLOOD" in pro(tenth["PULMONARY"])


def test_on_day_8_of_paper_002_the_clotting_speaks_for_coagulopathy_and_the_ast_for_the_liver_of_hlh():
    found = pictures(read_case("002"), 192.0)
    assert {"D_DIMER", "APTT"} <= pro(found["COAGULOPATHY"])
    assert "LIVER" in pro(found["HLH"])
    assert "FERRITIN" in open_signs(found["HLH"])


# ---------------------------------------------------------------------------------------------- as data
def test_a_picture_as_json_has_its_fields_and_survives_the_round():
    records = [p.record() for p in complications(read_case("001"), at=192.5)]
    assert json.loads(json.dumps(records)) == records
    assert {frozenset(r) for r in records} == {frozenset((
        "patient", "hour", "complication", "title", "association", "traits", "remarks", "cites", "for", "against", "missing", "not_found", "note"))}
    sign = {"sign", "says", "claim", "cites", "source", "mark", "mark_means", "reading"}
    for one in (s for r in records for s in (*r["for"], *r["against"])):
        assert set(one) == sign | {"now", "evidence"}
        assert one["evidence"]
        assert {"concept", "hour", "origin", "attribution"} <= set(one["evidence"][0])
    assert all(set(m) == sign | {"speaks", "inputs"} for r in records for m in r["missing"])


def test_every_sign_has_a_code_of_its_own_words_a_citation_and_a_reading_where_it_is_our_decision():
    for one in complication_signs(settled(SETTINGS, {})):
        codes = [s.code for s in (*one.speaks_for, *one.speaks_against)]
        assert len(set(codes)) == len(codes)
        assert one.cites
        assert one.traits
        for sign in (*one.speaks_for, *one.speaks_against):
            assert sign.says
            assert sign.cites
            assert sign.reading or str(sign.mark) != "D", sign.code
