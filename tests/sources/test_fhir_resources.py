"""What each FHIR resource says: observations and their parts, drugs given, procedures, devices, conditions, adverse events, people."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from fhir_made import LOINC, RXNORM, SNOMED, administration, bundle, code, infusion, ndjson, observation, only, quantity, read, table, tables
from tocsin.sources import coded
from tocsin.sources.codes import Codes, Item

AT = datetime(2024, 1, 2, 10)


# ---------------------------------------------------------------- observations

def test_a_plain_observation_says_who_what_when_and_how_much(tmp_path):
    said = only(table(tmp_path, observation(encounter={"reference": "Encounter/e"})).entries)
    assert said == {"row": 1, "patient": "p", "stay": "e", "start": AT, "code": "loinc:8310-5", "value": 38.5, "censored": 0, "unit": "Cel"}


def test_the_ucum_code_stands_before_the_unit_in_words_and_other_codes_behind_it(tmp_path):
    both = observation(value=None, valueQuantity={"value": 100, "unit": "degrees F", "system": "http://unitsofmeasure.org", "code": "[degF]"})
    local = observation(value=None, valueQuantity={"value": 100, "unit": "degF", "system": "urn:local", "code": "17"})
    pounds = observation("29463-7", 185, "[lb_av]")
    assert table(tmp_path, both, local, pounds).entries["unit"].to_list() == ["[degF]", "degF", "lb"]


@pytest.mark.parametrize(("comparator", "censored"), [("<", -1), ("<=", -1), (">=", 1), (">", 1)])
def test_a_comparator_says_on_which_side_the_true_value_lies(tmp_path, comparator, censored):
    said = only(table(tmp_path, observation(value=None, valueQuantity=quantity(5, "Cel", comparator=comparator))).entries)
    assert said["censored"] == censored


def test_an_unknown_comparator_is_refused(tmp_path):
    assert table(tmp_path, observation(value=None, valueQuantity=quantity(5, "Cel", comparator="~"))).troubles[0].what.startswith(
        "Observation.valueQuantity.comparator")


def test_the_components_of_a_blood_pressure_are_entries_of_one_row(tmp_path):
    parts = [{"code": code("8480-6"), "valueQuantity": quantity(81, "mm[Hg]")}, {"code": code("8462-4"), "valueQuantity": quantity(38, "mm[Hg]")}]
    said = table(tmp_path, observation("85354-9", None, component=parts)).entries
    assert said.select("row", "code", "value").rows() == [(1, "loinc:8480-6", 81.0), (1, "loinc:8462-4", 38.0)]


def test_oxygen_flow_and_fraction_stand_inside_pulse_oximetry(tmp_path):
    parts = [{"code": code("3151-8"), "valueQuantity": quantity(6, "L/min")}, {"code": code("3150-0"), "valueQuantity": quantity(40, "%")}]
    oximetry = observation("59408-5", 92, "%", component=parts, code={"coding": [{"system": LOINC, "code": "2708-6"}, {"system": LOINC, "code": "59408-5"}]})
    said = table(tmp_path, oximetry).entries
    assert said["code"].to_list() == ["loinc:59408-5", "loinc:3151-8", "loinc:3150-0"]
    assert read(tmp_path, oximetry).events["concept"].to_list()[1:] == ["fio2", "oxygen_flow", "spo2"]


def test_2708_6_is_pulse_oximetry_among_the_vital_signs_and_arterial_elsewhere(tmp_path):
    vital = observation("2708-6", 92, "%", category=[code("vital-signs", "http://terminology.hl7.org/CodeSystem/observation-category")])
    laboratory = observation("2708-6", 92, "%", category=[code("laboratory", "http://terminology.hl7.org/CodeSystem/observation-category")])
    assert table(tmp_path, vital, laboratory).entries["code"].to_list() == ["loinc:59408-5", "loinc:2708-6"]


def test_a_mapping_of_2708_6_stands_before_the_profile(tmp_path):
    vital = observation("2708-6", 92, "%", category=[code("vital-signs")])
    assert only(table(tmp_path, vital, codes=Codes({"loinc:2708-6": Item("sao2")})).entries)["code"] == "loinc:2708-6"


def test_a_value_that_is_absent_for_a_reason_is_explained_and_never_normal(tmp_path):
    one = table(tmp_path, observation(value=None, dataAbsentReason=code("not-performed")), observation(value=None))
    assert len(one.entries) == 0
    assert one.explained == {"not measured: not-performed": 1, "no value": 1}


def test_one_component_without_a_value_leaves_the_other(tmp_path):
    parts = [{"code": code("8480-6"), "dataAbsentReason": code("unknown")}, {"code": code("8462-4"), "valueQuantity": quantity(38, "mm[Hg]")}]
    assert table(tmp_path, observation("85354-9", None, component=parts)).entries["value"].to_list() == [38.0]


@pytest.mark.parametrize("state", ["entered-in-error", "cancelled"])
def test_an_observation_that_was_taken_back_is_explained(tmp_path, state):
    assert table(tmp_path, observation(status=state)).explained == {f"an observation with the status {state}": 1}


@pytest.mark.parametrize("state", ["registered", "preliminary", "final", "amended", "corrected", "unknown"])
def test_every_other_status_of_an_observation_counts(tmp_path, state):
    assert len(table(tmp_path, observation(status=state)).entries) == 1


def test_an_unknown_status_and_none_at_all_are_refused(tmp_path):
    one = table(tmp_path, observation(status="done"), observation(status=...))
    assert [t.rows for t in one.troubles] == [(1,), (2,)]
    assert "Observation.status" in one.troubles[0].what
    assert "missing" in one.troubles[1].what


def test_words_codes_integers_and_booleans_are_values(tmp_path):
    said = table(
        tmp_path, observation("2276-4", None, valueString="high"), observation("9267-6", None, valueInteger=4),
        observation(None, None, code=code("386661006", SNOMED), valueBoolean=True),
        observation(None, None, code=code("386661006", SNOMED), valueCodeableConcept=code("2667000", SNOMED)),
        observation(None, None, code=code("16206004", SNOMED), valueCodeableConcept=code("426854004", SNOMED, "Optiflow")),
        observation(None, None, code=code("16206004", SNOMED), valueCodeableConcept={"text": "Nasal cannula"}),
    ).entries
    assert said.select("value", "text").rows() == [
        (None, "high"), (4.0, None), (None, "present"), (None, "absent"), (None, "high_flow_nasal_cannula"), (None, "Nasal cannula")]


def test_a_range_is_its_two_ends_and_an_open_one_is_censored(tmp_path):
    low, high = {"low": quantity(10, "ng/mL"), "high": quantity(20, "ng/mL")}, {"low": quantity(500, "ng/mL")}
    events = read(tmp_path, observation("2276-4", None, valueRange=low), observation("2276-4", None, valueRange=high)).events
    assert events.filter(events["concept"] == "ferritin").select("value", "censored").rows() == [(10.0, 0), (20.0, 0), (500.0, 1)]


def test_two_values_or_a_kind_that_cannot_be_read_are_refused(tmp_path):
    one = table(tmp_path, observation(valueString="x"), observation(value=None, valueDateTime="2024-01-01"))
    assert [t.what for t in one.troubles] == ["Observation has 2 values: valueQuantity, valueString",
                                              "Observation.valueDateTime: a value of this kind cannot be read for loinc:8310-5"]


def test_a_panel_without_a_value_points_to_others(tmp_path):
    panel = observation(value=None, hasMember=[{"reference": "Observation/9"}])
    assert table(tmp_path, panel).explained == {"a panel of other observations, which are read by themselves": 1}


def test_codes_that_mean_nothing_are_counted_by_code(tmp_path):
    one = table(tmp_path, observation("98137-3", 3), observation("98137-3", None, valueString="0"), observation(None, None, code={"text": "Mood"}))
    assert one.ignored == {"loinc:98137-3": 2, "Mood": 1}


def test_of_several_codings_the_one_that_means_something_counts(tmp_path):
    both = {"coding": [{"system": "urn:lab", "code": "T1"}, {"system": LOINC, "code": "8310-5", "display": "Body temperature"}], "text": "Temp"}
    assert only(table(tmp_path, observation(code=both)).entries)["code"] == "loinc:8310-5"


def test_a_local_code_is_written_as_fhir_searches_for_it_and_its_name_can_be_mapped(tmp_path):
    local = {"coding": [{"system": "urn:lab", "code": "T1", "display": "Temp rectal"}]}
    by_code = table(tmp_path, observation(code=local), codes=Codes({"urn:lab|T1": Item("temperature")}))
    by_name = table(tmp_path, observation(code=local), codes=Codes({"Temp rectal": Item("temperature")}))
    assert only(by_code.entries)["code"] == only(by_name.entries)["code"] == "urn:lab|T1"
    assert table(tmp_path, observation(code=local)).ignored == {"urn:lab|T1 (Temp rectal)": 1}


def test_a_modifier_extension_may_turn_the_meaning_round_and_is_refused(tmp_path):
    assert "modifierExtension" in table(tmp_path, observation(modifierExtension=[{"url": "urn:x"}])).troubles[0].what


def test_site_and_notes_are_kept(tmp_path):
    said = only(table(tmp_path, observation(bodySite={"text": "neck"}, note=[{"text": "after paracetamol"}, {"text": "rectal"}])).entries)
    assert (said["site"], said["note"]) == ("neck", "after paracetamol; rectal")


def test_an_observation_about_a_group_is_explained_and_one_about_nobody_refused(tmp_path):
    one = table(tmp_path, observation(subject={"reference": "Group/1"}), observation(subject=...), observation(subject={"display": "Donald"}))
    assert one.explained == {"about a Group, not a patient": 1}
    assert [t.rows for t in one.troubles] == [(2,), (3,)]


# ---------------------------------------------------------------- times

@pytest.mark.parametrize(("written", "start", "latest"), [
    ("2019-09", datetime(2019, 9, 1), datetime(2019, 10, 1)), ("2019-12", datetime(2019, 12, 1), datetime(2020, 1, 1)),
    ("2019", datetime(2019, 1, 1), datetime(2020, 1, 1)), ("2019-09-25", datetime(2019, 9, 25), datetime(2019, 9, 26)),
    ("2019-09-25T10:00:00.123456-04:00", datetime(2019, 9, 25, 10, 0, 0, 123456), None),
])
def test_a_partial_date_lies_between_its_ends(tmp_path, written, start, latest):
    said = only(table(tmp_path, observation(effectiveDateTime=written), clock="wall").entries)
    assert (said["start"], said.get("latest")) == (start, latest)


def test_offsets_make_moments_in_utc_and_the_wall_clock_drops_them(tmp_path):
    summer, winter = observation(effectiveDateTime="2024-07-01T10:00:00-04:00"), observation(effectiveDateTime="2024-12-01T10:00:00-05:00")
    assert [t.hour for t in table(tmp_path, summer, winter).entries["start"]] == [14, 15]
    assert [t.hour for t in table(tmp_path, summer, winter, clock="wall").entries["start"]] == [10, 10]


def test_a_time_without_an_offset_needs_a_zone(tmp_path):
    naive = observation(effectiveDateTime="2024-07-01T10:00:00")
    assert "no offset" in table(tmp_path, naive).troubles[0].what
    assert only(table(tmp_path, naive, timezone="Europe/Paris").entries)["start"] == datetime(2024, 7, 1, 8)


def test_a_day_among_moments_is_that_day_anywhere_on_earth_or_in_the_zone_that_is_told(tmp_path):
    day = observation(effectiveDateTime="2024-07-01")
    anywhere, paris = (only(table(tmp_path, day, **o).entries) for o in ({}, {"timezone": "Europe/Paris"}))
    assert (anywhere["start"], anywhere["latest"]) == (datetime(2024, 6, 30, 10), datetime(2024, 7, 2, 12))
    assert (paris["start"], paris["latest"]) == (datetime(2024, 6, 30, 22), datetime(2024, 7, 1, 22))


def test_the_end_of_a_period_that_is_a_day_includes_it(tmp_path):
    spell = observation(effectiveDateTime=..., effectivePeriod={"start": "2024-01-01", "end": "2024-01-02"})
    said = only(table(tmp_path, spell, clock="wall").entries)
    assert (said["start"], said["latest"], said["end"]) == (datetime(2024, 1, 1), datetime(2024, 1, 2), datetime(2024, 1, 3))


@pytest.mark.parametrize("written", ["YYYY-MM-DD", "2024-13-01", "2024-02-30T10:00:00Z", "20240101", "2024-W01-1", "", "2024-01-01T25:00:00Z", "0000",
                                     "0001-01-01T00:00:00+14:00", "9999"])
def test_what_is_no_time_is_refused_with_its_path(tmp_path, written):
    assert "Observation.effectiveDateTime" in table(tmp_path, observation(effectiveDateTime=written)).troubles[0].what


def test_an_observation_without_a_time_is_refused(tmp_path):
    one = table(tmp_path, observation(effectiveDateTime=...), observation(effectiveDateTime=..., effectiveTiming={"code": {"text": "BID"}}),
                observation(effectiveDateTime=..., effectiveInstant="2024-01-02T10:00:00Z"))
    assert [t.rows for t in one.troubles] == [(1,), (2,)]
    assert only(one.entries)["row"] == 3


# ---------------------------------------------------------------- drugs

def test_an_infusion_is_an_interval_with_its_rate(tmp_path):
    said = only(table(tmp_path, administration()).entries)
    assert (said["start"], said["end"], said["value"], said["unit"], said["action"]) == (AT, AT + timedelta(hours=2), 5.0, "ug/min", "given")


def test_a_ratio_is_a_rate(tmp_path):
    ratio = {"numerator": quantity(10, "mg"), "denominator": quantity(2, "h")}
    said = only(table(tmp_path, administration(dosage={"rateRatio": ratio})).entries)
    assert (said["value"], said["unit"]) == (5.0, "mg/h")
    never = {"numerator": quantity(1, "mg"), "denominator": quantity(0, "h")}
    assert "no rate" in table(tmp_path, administration(dosage={"rateRatio": never})).troubles[0].what


def test_a_drug_of_doses_tells_its_dose_and_a_drug_that_runs_its_rate(tmp_path):
    both = {"dose": quantity(480, "mg"), "rateQuantity": quantity(100, "mL/h")}
    said = table(tmp_path, administration("612865", dosage=both), administration("7512", dosage=both)).entries
    assert said.select("value", "unit").rows() == [(480.0, "mg"), (100.0, "mL/h")]


def test_a_rate_at_an_instant_holds_from_then_on(tmp_path):
    steps = [administration(effectivePeriod=..., effectiveDateTime=f"2024-01-02T{hour}:00:00Z", dosage={"rateQuantity": quantity(rate, "ug/min")},
                            request={"reference": "MedicationRequest/r"}) for hour, rate in ((10, 5), (12, 8), (13, 0))]
    assert table(tmp_path, *steps).entries.select("action", "course").unique().rows() == [("change", "r")]
    events = read(tmp_path, *steps).events.filter(concept="norepinephrine")
    assert events.select("hour", "end_hour", "value").rows() == [(24.0, 26.0, 5.0), (26.0, 27.0, 8.0)]


def test_a_push_of_a_drug_that_usually_runs_takes_no_time(tmp_path):
    push = administration(effectivePeriod=..., effectiveDateTime="2024-01-02T10:00:00Z", dosage={"dose": quantity(100, "ug")})
    said = only(table(tmp_path, push).entries)
    assert said["end"] == said["start"] == AT


def test_what_was_not_done_was_not_given_and_an_error_is_explained(tmp_path):
    one = table(tmp_path, administration(status="not-done"), administration(status="entered-in-error"), administration(status="stopped"))
    assert one.entries["action"].to_list() == ["not_given", "given"]
    assert one.explained == {"a drug with the status entered-in-error": 1}
    assert len(read(tmp_path, administration(status="not-done")).events) == 1  # only hour 0


def test_an_order_is_not_a_dose_given(tmp_path):
    one = table(tmp_path, *({"resourceType": kind, "status": "completed"} for kind in ("MedicationRequest", "MedicationDispense", "MedicationStatement")))
    assert all("not a dose given" in shown for shown in one.ignored)
    assert sum(one.ignored.values()) == 3


@pytest.mark.parametrize("where", ["contained", "bundle", "files"])
def test_a_drug_is_found_where_the_reference_leads(tmp_path, where):
    drug = {"resourceType": "Medication", "id": "d", "code": code("7512", RXNORM)}
    leads = {"contained": "#d", "bundle": "urn:uuid:d", "files": "Medication/d"}[where]
    given = administration(medicationCodeableConcept=..., medicationReference={"reference": leads})
    if where == "contained":
        ndjson(tmp_path, [given | {"contained": [drug]}])
    elif where == "bundle":
        ndjson(tmp_path, [bundle(given, drug, urls=True)])
    else:
        ndjson(tmp_path, [given], "a.ndjson")
        ndjson(tmp_path, [drug], "z.ndjson")
    assert [row["code"] for t in tables(tmp_path)[1] for row in t.entries.iter_rows(named=True)] == ["rxnorm:7512"]


def test_a_mixture_is_its_only_ingredient_that_means_something(tmp_path):
    drug = {"resourceType": "Medication", "id": "d", "ingredient": [{"itemCodeableConcept": code("7512", RXNORM)}, {"itemCodeableConcept": {"text": "Saline"}}]}
    given = administration(medicationCodeableConcept=..., medicationReference={"reference": "Medication/d"})
    assert only(table(tmp_path, given, drug).entries)["code"] == "rxnorm:7512"


def test_a_reference_that_leads_nowhere_is_counted_by_its_name(tmp_path):
    lost = administration(medicationCodeableConcept=..., medicationReference={"reference": "Medication/none", "display": "Mystery"})
    assert table(tmp_path, lost).ignored == {"Mystery": 1}


def test_infusions_are_complete_for_those_with_any_rate_even_of_another_drug(tmp_path):
    other = administration("1", subject={"reference": "Patient/q"}, context={"reference": "Encounter/e"})
    dose = administration("612865", subject={"reference": "Patient/r"}, dosage={"dose": quantity(480, "mg")})
    one = table(tmp_path, other, dose)
    assert one.carries == coded.INFUSIONS
    assert one.present is not None
    assert one.present.rows() == [("q", "e")]
    complete = read(tmp_path, administration()).complete
    assert complete.covers("vasopressin", "p")
    assert not complete.covers("vasopressin", "q")
    assert not complete.covers("tocilizumab", "p")


def test_a_bundle_and_doses_alone_declare_nothing_complete(tmp_path):
    assert table(tmp_path, bundle(administration())).carries == ()
    (tmp_path / "b.json").write_text(json.dumps(bundle(administration()), indent=1))
    (one,) = tables(tmp_path / "b.json")[1]
    assert one.carries == ()
    assert len(one.entries) == 1
    assert table(tmp_path, administration("612865", dosage={"dose": quantity(480, "mg")})).carries == ()


@pytest.mark.parametrize("route", [code("6064005", SNOMED), code("54485002", SNOMED), {"text": "Topical"}, {"text": "to both eyes, ophthalmic"},
                                   {"coding": [{"system": "urn:hospital", "code": "NEB", "display": "Nebulised"}]}])
def test_a_drug_that_acts_where_it_is_put_is_no_dose(tmp_path, route):
    one = table(tmp_path, administration("3264", dosage={"dose": quantity(10, "mg"), "route": route}))
    assert (len(one.entries), [why.partition(" (")[0] for why in one.explained]) == (0, ["a drug that acts where it is put"])


@pytest.mark.parametrize(("route", "concept"), [
    (code("47625008", SNOMED), "dexamethasone"), ({"text": "subcutaneous"}, "dexamethasone"), ({"text": "transdermal"}, "dexamethasone"),
    (code("72607000", SNOMED), "intrathecal_dexamethasone"), ({"text": "Intrathecal use"}, "intrathecal_dexamethasone")])
def test_a_route_into_the_body_is_a_dose_and_one_into_the_cerebrospinal_fluid_another(tmp_path, route, concept):
    got = read(tmp_path, administration("3264", dosage={"dose": quantity(10, "mg"), "route": route}))
    assert got.events.filter(value=10)["concept"].to_list() == [concept]


def test_whether_a_drug_that_is_on_hold_or_of_unknown_status_runs_is_not_known(tmp_path):
    rate = {"rateQuantity": quantity(5, "ug/min")}
    open_, over = {"start": "2024-01-02T10:00:00Z"}, {"start": "2024-01-02T10:00:00Z", "end": "2024-01-02T11:00:00Z"}
    said = []
    for status, period in (("in-progress", open_), ("on-hold", open_), ("on-hold", over), ("unknown", over)):
        given = administration("7512", dosage=rate, status=status, effectivePeriod=period)
        given.pop("effectiveDateTime", None)
        said.append(only(table(tmp_path, given).entries))
    assert [(one.get("value"), one.get("text")) for one in said] == [(5.0, None), (None, "unknown"), (5.0, None), (None, "unknown")]


def test_an_observation_about_somebody_else_is_not_the_patients(tmp_path):
    one = table(tmp_path, observation(focus=[{"reference": "RelatedPerson/donor"}]))
    assert (len(one.entries), one.explained) == (0, {"an observation whose focus is something else than the patient": 1})


# ---------------------------------------------------------------- procedures, devices, conditions, adverse events

def test_a_procedure_and_a_device_are_there_for_their_time(tmp_path):
    spell = {"start": "2024-01-02T10:00:00Z", "end": "2024-01-02T20:00:00Z"}
    ventilation = infusion() | {"code": code("447996002", SNOMED), "performedPeriod": spell}
    del ventilation["performedDateTime"]
    device = {"resourceType": "Device", "id": "d", "type": code("427591007", SNOMED)}
    mask = {"resourceType": "DeviceUseStatement", "status": "active", "subject": {"reference": "Patient/p"}, "device": {"reference": "Device/d"},
            "timingDateTime": "2024-01-02T22:00:00Z"}
    events = read(tmp_path, ventilation, mask, device).events.filter(concept="oxygen_device")
    assert events.select("hour", "end_hour", "text").rows() == [(24.0, 34.0, "invasive_ventilation"), (36.0, None, "non_rebreather")]


def test_a_procedure_that_was_not_done_and_a_device_that_was_meant_are_explained(tmp_path):
    mask = {"resourceType": "DeviceUseStatement", "status": "intended", "subject": {"reference": "Patient/p"}, "contained": [
        {"resourceType": "Device", "id": "d", "type": code("427591007", SNOMED)}], "device": {"reference": "#d"}, "timingDateTime": "2024-01-02"}
    one = table(tmp_path, infusion() | {"status": "not-done"}, mask)
    assert one.explained == {"a procedure with the status not-done": 1, "a device with the status intended": 1}


def test_a_condition_lasts_from_onset_to_abatement_unless_it_is_not_sure(tmp_path):
    seizure = {"resourceType": "Condition", "code": code("386661006", SNOMED), "subject": {"reference": "Patient/p"},
               "onsetDateTime": "2024-01-02T10:00:00Z", "abatementDateTime": "2024-01-02T11:00:00Z"}
    doubt = seizure | {"verificationStatus": code("differential")}
    old = seizure | {"onsetDateTime": ..., "onsetString": "as a child"}
    one = table(tmp_path, seizure, doubt, {k: v for k, v in old.items() if v is not ...})
    said = only(one.entries)
    assert (said["code"], said["text"], said["end"]) == ("snomed:386661006", "present", AT + timedelta(hours=1))
    assert one.explained == {"a condition that is differential": 1}
    assert "onsetString" in one.troubles[0].what


def test_a_seizure_that_is_only_named_is_one_of_a_kind_that_is_not_told(tmp_path):
    for name, text in (("Seizure (finding)", "unspecified"), ("Prolonged", "prolonged")):
        named = {"coding": [{"system": SNOMED, "code": "91175000", "display": name}]}
        seizure = {"resourceType": "Condition", "code": named, "subject": {"reference": "Patient/p"}, "onsetDateTime": "2024-01-02T10:00:00Z"}
        assert only(table(tmp_path, seizure).entries)["text"] == text


def adverse(event: str, grade: str | None, **more: object) -> dict[str, object]:
    url = "http://hl7.org/fhir/us/ctcae/StructureDefinition/ctcae-grade"
    told = [{"url": url, "valueCodeableConcept": code(grade, "http://hl7.org/fhir/us/ctcae/CodeSystem/ctcae-grade-code-system")}] if grade else []
    return {"resourceType": "AdverseEvent", "actuality": "actual", "event": {"text": event}, "subject": {"reference": "Patient/p"}, "date": "2024-01-03",
            "extension": told} | more


def test_a_graded_adverse_event_is_a_reported_grade(tmp_path):
    one = table(tmp_path, adverse("Cytokine Release Syndrome", "3"), adverse("Immune effector cell-associated neurotoxicity syndrome", "1"),
                adverse("Cytokine release syndrome", None), adverse("Anxiety", "2"), adverse("Cytokine release syndrome", "2", actuality="potential"),
                adverse("Cytokine release syndrome", "severe"))
    assert one.entries.select("code", "value").rows() == [("concept:reported_crs_grade", 3.0), ("concept:reported_icans_grade", 1.0)]
    assert one.explained == {"an adverse event without a CTCAE grade": 1, "an adverse event that did not happen (potential)": 1}
    assert one.ignored == {"Anxiety": 1}
    assert one.troubles[0].rows == (6,)


# ---------------------------------------------------------------- people and stays

def test_who_the_patient_is_stands_in_the_table_of_people_and_death_is_an_entry(tmp_path):
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1970-03-02", "deceasedDateTime": "2024-02-01T00:00:00Z"}
    export, (one,) = tables(ndjson(tmp_path, [patient]))
    assert export.people.select("patient", "sex", "birth").rows() == [("p", "female", datetime(1970, 3, 2))]
    assert only(one.entries) == {"row": 1, "patient": "p", "start": datetime(2024, 2, 1), "code": "concept:death", "name": "deceased", "text": "present"}


@pytest.mark.parametrize(("born", "taken"), [("1970", datetime(1970, 7, 2, 12)), ("1970-04", datetime(1970, 4, 16)), ("1970-04-05", datetime(1970, 4, 5))])
def test_of_a_birth_date_that_is_a_year_or_month_the_middle_is_taken(tmp_path, born, taken):
    assert tables(ndjson(tmp_path, [{"resourceType": "Patient", "id": "p", "birthDate": born}]))[0].people["birth"].item() == taken


def test_patients_and_stays_may_be_called_by_their_identifiers(tmp_path):
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:x", "value": "no"},
                                                                     {"system": "urn:mrn", "value": "MRN7", "type": code("MR")}]}
    visit = {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/p"},
             "period": {"start": "2024-01-01T00:00:00Z"}, "identifier": [{"value": "V1"}]}
    path = ndjson(tmp_path, [observation(encounter={"reference": "Encounter/e"}), patient, visit])
    export, (one,) = tables(path, identifiers=True)
    assert only(one.entries)["patient"] == "MRN7"
    assert only(one.entries)["stay"] == "V1"
    assert export.stays.select("patient", "stay", "kind").rows() == [("MRN7", "V1", "hospital")]
    assert only(tables(path)[1][0].entries)["patient"] == "p"


def test_a_subject_that_is_only_an_identifier_finds_its_patient(tmp_path):
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:mrn", "value": "MRN7"}]}
    said = table(tmp_path, observation(subject={"identifier": {"system": "urn:mrn", "value": "MRN7"}}), patient).entries
    assert only(said)["patient"] == "p"


def test_stays_are_in_hospital_in_intensive_care_or_neither(tmp_path):
    def visit(key, **more):
        return {"resourceType": "Encounter", "id": key, "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/p"},
                "period": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-05T00:00:00Z"}} | more
    ward = {"period": {"start": "2024-01-01T00:00:00Z"}, "location": {"reference": "Location/ward"}}
    unit = {"period": {"start": "2024-01-02T00:00:00Z", "end": "2024-01-03T00:00:00Z"}, "location": {"reference": "Location/unit"}}
    export, (one,) = tables(ndjson(tmp_path, [
        visit("h", location=[ward, unit]), visit("a", **{"class": {"code": "AMB"}}), visit("i", type=[{"text": "Medical Intensive Care"}]),
        visit("x", status="cancelled"), {"resourceType": "Location", "id": "unit", "type": [code("ICU")]},
        {"resourceType": "Location", "id": "ward", "name": "4B"}]))
    assert export.stays.select("stay", "kind").rows() == [("h", "hospital"), ("h/icu-1", "icu"), ("i", "icu")]
    assert export.stays["start"][1] == datetime(2024, 1, 2)
    assert one.rows == 6
    assert sum(one.explained.values()) == 6


def test_two_patients_with_one_id_are_told_and_the_last_updated_counts(tmp_path):
    first = {"resourceType": "Patient", "id": "p", "gender": "male", "meta": {"lastUpdated": "2024-02-01T00:00:00Z"}}
    second = {"resourceType": "Patient", "id": "p", "gender": "female", "meta": {"lastUpdated": "2024-01-01T00:00:00Z"}}
    export, (one,) = tables(ndjson(tmp_path, [first, second]))
    assert export.people["sex"].to_list() == ["male"]
    assert "1 Patient resources contradict" in export.told[0]
    assert one.explained == {"a patient": 2}
