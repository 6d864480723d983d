"""What would settle a grade, told as a clinician would ask it."""

from __future__ import annotations

import pytest

from tocsin.errors import SettingError, UnknownIdError
from tocsin.grading import ask, value_of_information
from tocsin.grading.value import Inquiry
from tocsin.timeline import Timeline

CRS, CARTOX, ICANS = "astct-crs-2019", "cartox-crs-2018", "astct-icans-2019"
FEVER = {"concept": "temperature", "hour": 0, "value": 39.0}
OTHERWISE_WELL = [{"concept": "consciousness", "hour": 0, "text": "awake"}, {"concept": "seizure", "hour": 0, "text": "none"}]


def asked(scale: str, rows: list[dict[str, object]], complete=(), at: float = 1.0, **facts: object) -> Inquiry:
    return ask(Timeline.from_rows(rows, [{"age_years": 40.0, **facts}], complete), scale, at)


def outcomes(found: Inquiry, name: str) -> dict[str, tuple[float, float]]:
    need = next(n for n in found.needs if n.input == name)
    return {o.found: (o.at_least, o.at_most) for o in need.outcomes}


def test_the_ice_score_alone_settles_icans_of_a_patient_who_is_otherwise_well():
    found = asked(ICANS, OTHERWISE_WELL, ("neurology",))
    assert outcomes(found, "ice_score") == {"0 to 2": (3, 3), "3 to 6": (2, 2), "7 to 9": (1, 1), "10": (0, 0)}
    assert [(n.input, n.settles) for n in found.needs] == [("ice_score", True)]


def test_the_flow_settles_the_grade_of_a_patient_on_a_cannula():
    found = asked(CRS, [FEVER, {"concept": "oxygen_device", "hour": 0, "text": "nasal_cannula"}], ("drugs", "hypotension"))
    assert outcomes(found, "oxygen_flow") == {"6 L/min or less": (2, 2), "above 6 L/min": (3, 3)}


def test_the_temperature_is_divided_at_its_limit():
    found = asked(CRS, [{"concept": "oxygen_device", "hour": 0, "text": "room_air"}], ("drugs", "hypotension"))
    assert outcomes(found, "temperature") == {"below 38 degC": (0, 0), "38 degC or more": (1, 1)}


def test_vasopressors_are_counted():
    found = asked(CRS, [FEVER], ("devices", "hypotension"))
    assert outcomes(found, "vasopressor") == {"none at all": (1, 1), "one": (3, 3), "two or more": (4, 4)}
    assert found.needs[0].input == "vasopressor"
    assert found.needs[0].settles


def test_a_second_vasopressor_is_asked_for_where_one_runs():
    found = asked(CRS, [FEVER, {"concept": "norepinephrine", "hour": 0, "end_hour": 4, "value": 5.0}], ("devices",))
    assert outcomes(found, "vasopressor") == {"one": (3, 3), "two or more": (4, 4)}


def test_an_oxygen_device_that_is_not_named_is_asked_for_and_room_air_is_no_answer():
    found = asked(CRS, [FEVER, {"concept": "oxygen_device", "hour": 0, "end_hour": 6, "text": "oxygen_unspecified"}], ("drugs", "hypotension"))
    words = outcomes(found, "oxygen_device")
    assert not any("room air" in w or "unspecified" in w for w in words)
    assert set(words.values()) >= {(3, 3), (4, 4)}


def test_the_rate_of_a_running_vasopressor_is_divided_where_the_dose_becomes_high():
    normal = [{"concept": c, "hour": 0, "end_hour": 9, "value": v} for c, v in (
        ("ast", 20.0), ("alt", 20.0), ("bilirubin_total", 0.5), ("creatinine", 0.8))]
    rows = [FEVER, {"concept": "norepinephrine", "hour": 0, "end_hour": 9}, {"concept": "vasopressor_count", "hour": 0, "value": 1.0},
            {"concept": "hypotension", "hour": 0, "text": "present"}, *normal,
            *({"concept": c, "hour": 0, "text": "absent"} for c in ("vasopressin", "terlipressin", "epinephrine", "dopamine", "phenylephrine"))]
    found = asked(CARTOX, rows, ("devices",), at=5.0)
    assert outcomes(found, "norepinephrine") == {"below 20 ug/min": (2, 2), "20 ug/min or more": (3, 3)}


def test_the_age_settles_whether_a_pressure_is_low():
    rows = [FEVER, {"concept": "systolic_bp", "hour": 0, "value": 85.0}, {"concept": "fluid_bolus", "hour": 0, "value": 500.0}]
    found = asked(CRS, rows, ("drugs", "devices"), age_years=None)
    assert outcomes(found, "age_years") == {"7.5 years or less": (1, 1), "above 7.5 years": (2, 2)}
    assert all(n.input != "systolic_bp" for n in found.needs)


def test_several_inputs_that_settle_it_only_together_are_named():
    found = asked(CRS, [FEVER])
    assert found.needs
    assert not any(n.settles for n in found.needs)
    assert set(found.together) == {"vasopressor", "oxygen_device", "oxygen_flow", "hypotension"}


def test_those_that_leave_least_open_come_first():
    found = asked(CRS, [FEVER], ("drugs", "hypotension"))
    widths = [n.widest for n in found.needs]
    assert widths == sorted(widths)
    assert found.needs[0].input == "oxygen_device"


def test_sedation_hides_the_answer_and_no_input_is_asked_for():
    found = asked(ICANS, [{"concept": "sedation", "hour": 0, "text": "present"}], ("neurology",))
    assert (found.hidden_by, found.needs) == (("sedation",), ())


def test_a_settled_grade_asks_for_nothing():
    found = asked(CRS, [FEVER], ("drugs", "devices", "hypotension"))
    assert found.settled
    assert found.needs == ()


def test_what_contradicts_the_record_is_not_offered():
    found = asked(CRS, [{"concept": "temperature", "hour": 0, "value": 38.5, "censored": -1}], ("drugs", "devices", "hypotension"))
    assert outcomes(found, "temperature") == {"below 38 degC": (0, 0), "38 degC or more": (1, 1)}
    above = asked(CRS, [{"concept": "temperature", "hour": 0, "value": 38.5, "censored": 1}], ("drugs", "devices", "hypotension"))
    assert above.settled


def test_the_machine_output_says_each_outcome():
    record = asked(ICANS, OTHERWISE_WELL, ("neurology",)).record()
    assert record["needs"] == [{"input": "ice_score", "settles": True, "outcomes": [
        {"found": "0 to 2", "at_least": 3, "at_most": 3, "values": []}, {"found": "3 to 6", "at_least": 2, "at_most": 2, "values": []},
        {"found": "7 to 9", "at_least": 1, "at_most": 1, "values": []}, {"found": "10", "at_least": 0, "at_most": 0, "values": []}]}]
    assert (record["scale"], record["hour"], record["at_least"], record["at_most"]) == (ICANS, 1.0, 0, 3)


def test_value_of_information_is_the_list_of_needs():
    timeline = Timeline.from_rows(OTHERWISE_WELL, [{"age_years": 40.0}], ("neurology",))
    assert value_of_information(timeline, ICANS, 1.0) == list(ask(timeline, ICANS, 1.0).needs)


def test_a_patient_must_be_named_among_several():
    timeline = Timeline.from_rows([{**FEVER, "patient": "A"}, {**FEVER, "patient": "B"}])
    with pytest.raises(UnknownIdError):
        ask(timeline, CRS, 1.0)


def test_before_the_infusion_nothing_is_asked():
    with pytest.raises(SettingError, match="nothing is graded"):
        ask(Timeline.from_rows([FEVER]), CRS, -5.0)
