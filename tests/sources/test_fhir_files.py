"""FHIR files as they come: damaged, wrong, huge, packed, cyclic; nothing is lost in silence and memory stays bounded."""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_made import Resource, administration, bundle, code, infusion, ndjson, observation, only, quantity, read, reconciles, table, tables
from tocsin.errors import SourceError
from tocsin.sources import clif, fhir, fhir_context, fhir_resources
from tocsin.sources.entries import entries
from tocsin.sources.fhir_plain import Plain


def troubles(one):
    return {row: trouble.what for trouble in one.troubles for row in trouble.rows}


# ---------------------------------------------------------------- damaged and wrong

def test_a_damaged_line_is_quarantined_and_reading_goes_on(tmp_path):
    one = table(tmp_path, observation(), b'{"resourceType":"Observation","status":', b"[1, 2]", b"7", b"null", b"", b'{"a":1}', observation())
    assert one.entries["row"].to_list() == [1, 8]
    assert set(troubles(one)) == {2, 3, 4, 5, 7}
    assert "not JSON" in troubles(one)[2]
    assert "no resourceType" in troubles(one)[7]
    assert one.explained == {"a blank line": 1}


@pytest.mark.parametrize(("more", "path"), [
    ({"status": ["final"]}, "Observation.status is a list"), ({"status": None}, "Observation.status is null"),
    ({"code": "8310-5"}, "Observation.code is a string"), ({"code": {"coding": {"code": "8310-5"}}}, "Observation.code.coding is an object"),
    ({"code": {"coding": [None]}}, "Observation.code.coding[0] is null"),
    ({"code": {"coding": [{"code": 8310}]}}, "Observation.code.coding[0].code is a number"),
    ({"code": {"text": {}}}, "Observation.code.text is an object"), ({"valueQuantity": [quantity(1, "Cel")]}, "Observation.valueQuantity is a list"),
    ({"valueQuantity": {"value": "38.5"}}, "Observation.valueQuantity.value is a string"), ({"valueQuantity": {"value": True}}, "value is true or false"),
    ({"valueQuantity": {"value": None}}, "value is null"), ({"valueQuantity": quantity(1, "Cel") | {"unit": 5}}, "Observation.valueQuantity.unit is a number"),
    ({"subject": "Patient/p"}, "Observation.subject is a string"), ({"subject": [{}]}, "Observation.subject is a list"),
    ({"subject": {"reference": 5}}, "Observation.subject.reference is a number"),
    ({"effectiveDateTime": 20240102}, "Observation.effectiveDateTime is a number"),
    ({"encounter": None}, "Observation.encounter is null"), ({"component": {}}, "Observation.component is an object"),
    ({"component": [3]}, "Observation.component[0] is a number"), ({"component": [{"code": {"text": "x"}}, {}]}, "Observation.component[1].code is missing"),
    ({"extension": {}}, "Observation.extension is an object"), ({"note": "x"}, "Observation.note is a string"),
    ({"bodySite": 5}, "Observation.bodySite is a number"),
])
def test_a_wrong_type_is_quarantined_with_the_path_of_the_element(tmp_path, more, path):
    one = table(tmp_path, observation(**more), observation())
    assert path in troubles(one)[1]
    assert one.entries["row"].to_list() == [2]


def test_one_component_that_is_wrong_does_not_cost_the_others(tmp_path):
    parts = [{"code": code("8480-6"), "valueQuantity": {"value": "81"}}, {"code": code("8462-4"), "valueQuantity": quantity(38, "mm[Hg]")}]
    one = table(tmp_path, observation("85354-9", None, component=parts))
    assert only(one.entries)["code"] == "loinc:8462-4"
    assert "component[0].valueQuantity.value" in troubles(one)[1]


def test_no_value_of_a_patient_stands_in_a_message(tmp_path):
    one = table(tmp_path, observation(status="secret"), observation(effectiveDateTime="secret"), observation(subject="secret"), b'{"secret": secret}',
                {"resourceType": "Patient", "id": "p", "gender": "secret"})
    assert len(troubles(one)) == 5
    assert not any("secret" in what for what in troubles(one).values())


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6)
_SEEDS: list[Resource] = [
    observation(encounter={"reference": "Encounter/e"}, component=[{"code": code("3150-0"), "valueQuantity": quantity(40, "%")}], note=[{"text": "x"}]),
    administration(dosage={"dose": quantity(1, "mg"), "rateRatio": {"numerator": quantity(10, "mg"), "denominator": quantity(2, "h")}}),
    infusion(), bundle(observation(), infusion(), urls=True),
    {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1970-01-01", "deceasedDateTime": "2024-01-01", "identifier": [{"value": "1"}]},
    {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/p"},
     "period": {"start": "2024-01-01"}, "location": [{"location": {"reference": "Location/l"}, "period": {"start": "2024-01-01"}}]},
    {"resourceType": "Medication", "id": "d", "code": code("7512"), "ingredient": [{"itemCodeableConcept": code("7512")}]},
    {"resourceType": "AdverseEvent", "event": {"text": "Cytokine release syndrome"}, "subject": {"reference": "Patient/p"}, "date": "2024-01-01",
     "meta": {"tag": [{"system": "x"}]}, "extension": [{"url": "http://hl7.org/fhir/us/ctcae/StructureDefinition/ctcae-grade",
                                                        "valueCodeableConcept": {"coding": [{"code": "3"}]}}]},
]


@st.composite
def _damaged(draw) -> object:
    """A resource in which one element, wherever it stands, has become something else."""
    resource = json.loads(json.dumps(draw(st.sampled_from(_SEEDS))))
    place: object = resource
    while True:
        keys: list = list(place) if isinstance(place, dict) else list(range(len(place)))  # type: ignore[arg-type]
        if not keys:
            return resource
        key = draw(st.sampled_from(keys))
        inner = place[key]  # type: ignore[index]
        if isinstance(inner, dict | list) and inner and draw(st.integers(0, 3)):
            place = inner
            continue
        if isinstance(place, dict) and draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(_JSON)  # type: ignore[index]
        return resource


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_damaged(), min_size=1, max_size=4))
def test_whatever_is_wrong_every_row_reconciles_and_nothing_fails(tmp_path, resources):
    lines = [json.dumps(r).encode() for r in resources] + [json.dumps(infusion()).encode()]
    for one in tables(ndjson(tmp_path, lines))[1]:
        assert reconciles(one)


# ---------------------------------------------------------------- the fast lane and the careful road

_PIECES = st.fixed_dictionaries({}, optional={
    "status": st.sampled_from(["final", "amended", "entered-in-error", "done", None, 5, ["final"]]),
    "code": st.sampled_from([code("8867-4"), code("2708-6"), code("1-1"), code("8310-5", display="T"), {"coding": [{"code": "8310-5"}]}, {"text": "x"}, {},
                             {"coding": [{"system": None, "code": "8310-5"}]}, code("8310-5") | {"text": None}, code("8310-5") | {"text": "T"}, None, "x",
                             {"coding": [{"system": "http://loinc.org", "code": "8310-5", "userSelected": True}]},
                             {"coding": [{"system": "urn:tocsin:scale", "code": "astct-crs-2019"}]}]),
    "valueQuantity": st.sampled_from([quantity(1, "Cel"), quantity(2, "[degF]"), {"value": 3}, {"value": 3, "unit": "C"}, quantity(4, "Cel", comparator="<"),
                                      quantity(5, "Cel") | {"code": None}, {"value": "6"}, {"value": True}, {"unit": "C"}, None, [], 7,
                                      {"value": 8, "unit": "C", "system": "urn:x", "code": "1"}, {"value": 2 ** 63, "unit": 1, "system": "", "code": ""}]),
    "valueString": st.just("x"), "component": st.sampled_from([[], [{"code": code("3150-0"), "valueQuantity": quantity(40, "%")}], None]),
    "subject": st.sampled_from([{"reference": "Patient/q"}, {"reference": "Group/1"}, {"reference": ""}, {"reference": None}, {"display": "x"}, None, [],
                                {"reference": "http://h/fhir/Patient/q/_history/2"}, {"reference": "#p"}]),
    "encounter": st.sampled_from([{"reference": "Encounter/e"}, {"reference": "Visit/e"}, {"reference": 5}, {}, None, {"display": "x"}]),
    "effectiveDateTime": st.sampled_from(["2024-01-01", "2024", "2024-01-01T00:00:00.5+02:00", "x", None, 5, "2024-01-01T00:00:00"]),
    "effectivePeriod": st.just({"start": "2024-01-01T00:00:00Z"}), "category": st.sampled_from([[code("vital-signs")], None]),
    "note": st.just([{"text": "n"}]), "bodySite": st.just({"text": "arm"}), "modifierExtension": st.just([]), "implicitRules": st.just("x"),
    "extension": st.just([{"url": "urn:tocsin:attribution", "valueCode": "crs"}]), "dataAbsentReason": st.just(code("unknown")),
    "interpretation": st.just(None),
    "resourceType": st.sampled_from(["Observation", "Condition", None]), "hasMember": st.just([]), "meta": st.just({"tag": []}),
})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_PIECES, min_size=1, max_size=8))
def test_the_fast_lane_says_what_the_careful_road_says(tmp_path, monkeypatch_session, pieces):
    lines = [json.dumps(observation() | piece).encode() for piece in pieces]
    path = ndjson(tmp_path, lines)
    fast = table(tmp_path, *lines)
    with monkeypatch_session() as patch:
        patch.setattr(Plain, "take", lambda self, row, resource: False)
        (careful,) = tables(path)[1]
    assert fast.entries.equals(careful.entries)
    assert (fast.ignored, fast.explained, fast.troubles) == (careful.ignored, careful.explained, careful.troubles)


@pytest.fixture
def monkeypatch_session():
    return pytest.MonkeyPatch.context


def test_plain_observations_do_take_the_fast_lane(tmp_path, monkeypatch):
    taken = []
    monkeypatch.setitem(fhir_resources.HANDLERS, "Observation", lambda *_: taken.append(1) or fhir_context.Answer([]))  # type: ignore[arg-type, index]
    path = ndjson(tmp_path, [observation(), observation("1-1"), observation(encounter={"reference": "Encounter/e"}), observation(interpretation=[])])
    assert tables(path)[1][0].rows == 4
    assert taken == []


# ---------------------------------------------------------------- Bundles

def test_nested_bundles_are_opened_and_cyclic_references_are_not_followed(tmp_path):
    a = observation(id="a", derivedFrom=[{"reference": "urn:uuid:b"}])
    b = observation(id="b", derivedFrom=[{"reference": "urn:uuid:a"}])
    inner = bundle(a, b, urls=True) | {"id": "inner"}
    outer = bundle(inner, {"resourceType": "Bundle", "id": "empty", "type": "collection"}, urls=True, link=[{"relation": "next", "url": "urn:uuid:inner"}])
    one = table(tmp_path, outer)
    assert (one.rows, len(one.entries)) == (3, 2)
    assert one.explained == {"a Bundle without entries": 1}


def test_an_encounter_that_is_part_of_itself_and_a_drug_within_itself_end(tmp_path):
    visit = {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/p"},
             "partOf": {"reference": "Encounter/e"}, "period": {"start": "2024-01-01T00:00:00Z"}}
    drug = {"resourceType": "Medication", "id": "d", "ingredient": [{"itemReference": {"reference": "Medication/d"}}]}
    given = administration(medicationCodeableConcept=..., medicationReference={"reference": "Medication/d"})
    assert table(tmp_path, visit, drug, given).rows == 3


def test_a_bundle_refers_by_full_url_and_another_bundle_means_other_people_by_it(tmp_path):
    def of(who):
        return {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": who}},
            {"fullUrl": "urn:uuid:2", "resource": observation(id=f"o-{who}", subject={"reference": "urn:uuid:1"})}]}
    assert table(tmp_path, of("a"), of("b")).entries["patient"].to_list() == ["a", "b"]


def test_of_several_versions_in_a_history_the_last_counts(tmp_path):
    new, old = observation(value=39, meta={"lastUpdated": "2024-02-02T00:00:00Z"}), observation(value=38, meta={"lastUpdated": "2024-02-01T00:00:00Z"})
    gone = {"resourceType": "Bundle", "type": "history", "entry": [
        {"resource": new}, {"resource": old}, {"resource": new}, {"request": {"method": "POST"}}, {"resource": 5}]}
    one = table(tmp_path, gone)
    assert only(one.entries)["value"] == 39.0
    assert one.explained == {"an older version of a resource in the same Bundle": 1, "the same resource again": 1,
                             "an entry of a Bundle without a resource": 1}
    assert "Bundle.entry[4].resource is a number" in troubles(one)[5]


def test_what_a_history_deletes_does_not_count(tmp_path):
    history = {"resourceType": "Bundle", "type": "history", "entry": [
        {"resource": observation(id="kept")}, {"request": {"method": "DELETE", "url": "Observation/gone"}}, {"resource": observation(id="gone")}]}
    one = table(tmp_path, history)
    assert one.entries["row"].to_list() == [1]
    assert one.explained == {"a deletion: it holds for the same Bundle, and deletes nothing in other files": 1, "a resource that the same Bundle deletes": 1}


def test_the_same_observation_twice_is_one_event(tmp_path):
    record = read(tmp_path, observation(), observation(), observation(value=39.5))
    assert record.events.filter(concept="temperature")["value"].to_list() == [38.5, 39.5]
    assert any("duplicate" in note.what for note in record.reading.notes)
    assert any("two different values" in note.what for note in record.reading.notes)


def test_deeply_nested_json_is_a_line_in_quarantine(tmp_path):
    deep = b'{"resourceType":"Observation","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    one = table(tmp_path, deep, observation())
    assert list(troubles(one)) == [1]
    assert one.entries["row"].to_list() == [2]


# ---------------------------------------------------------------- sizes and packings

def test_strings_of_ten_megabytes_are_read_and_names_cut(tmp_path):
    long = "x" * 10_000_000
    one = table(tmp_path, observation(note=[{"text": long}]), observation(code={"coding": [{"system": "urn:x", "code": long, "display": long}]}))
    assert len(only(one.entries)["note"]) == 10_000_000
    assert max(len(shown) for shown in one.ignored) <= 500


def test_a_line_above_the_limit_is_refused_and_reading_goes_on(tmp_path):
    long = b'{"resourceType":"Observation","x":"' + b"x" * 20_000_000 + b'"}'
    one = table(tmp_path, observation(), long, observation(), long, most_mb=10)
    assert one.entries["row"].to_list() == [1, 3]
    assert [t.rows for t in one.troubles] == [(2, 4)]
    assert "10 MB" in one.troubles[0].what
    assert "most_mb" in one.troubles[0].fix
    short = table(tmp_path, b'{"resourceType":"Basic","x":"' + b"x" * 2_000_000 + b'"}', observation(), most_mb=1)
    assert list(troubles(short)) == [1]


def test_a_line_of_a_hundred_megabytes_is_refused_unasked(tmp_path):
    path = tmp_path / "x.ndjson"
    with path.open("wb") as file:
        file.write(b'{"resourceType":"Observation","x":"')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n' + json.dumps(observation()).encode() + b"\n")
    (one,) = tables(path)[1]
    assert list(troubles(one)) == [1]
    assert one.entries["row"].to_list() == [2]


def test_a_document_above_the_limit_is_a_clear_error(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(bundle(observation(note=[{"text": "x" * 2_000_000}])), indent=1))
    with pytest.raises(SourceError, match=r"more than 1 MB.*\n.*most_mb"):
        fhir.export(tmp_path, most_mb=1)


@pytest.fixture
def free_megabyte(monkeypatch):
    """The ratio counts from one megabyte on, so that bombs for tests are small."""
    monkeypatch.setattr("tocsin.sources.fhir_files._FREE", 1 << 20)


def _bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(b" " * 30_000_000, 9))


def test_a_gzip_bomb_stops_with_a_clear_error(tmp_path, free_megabyte):
    _bomb(tmp_path / "x.ndjson.gz")
    with pytest.raises(SourceError, match=r"decompression bomb.*\n.*most_ratio"):
        list(fhir.export(tmp_path).tables)


def test_zip_bombs_and_bombs_within_a_zip_stop_with_a_clear_error(tmp_path, free_megabyte):
    _bomb(tmp_path / "x.ndjson.gz")
    for name, method in (("plain.zip", zipfile.ZIP_DEFLATED), ("packed.zip", zipfile.ZIP_STORED)):
        with zipfile.ZipFile(tmp_path / name, "w", method) as archive:
            if name == "packed.zip":
                archive.write(tmp_path / "x.ndjson.gz", "x.ndjson.gz")
            else:
                archive.writestr("x.ndjson", b" " * 30_000_000)
        with pytest.raises(SourceError, match="decompression bomb"):
            list(fhir.export(tmp_path / name).tables)


def test_a_well_packed_file_is_no_bomb(tmp_path):
    path = ndjson(tmp_path, [observation()] * 20_000, "x.ndjson.gz")
    assert tables(path)[1][0].rows == 20_000


@pytest.mark.parametrize("damage", ["cut", "noise"])
def test_a_damaged_gzip_file_is_a_clear_error(tmp_path, damage):
    path = ndjson(tmp_path, [observation(id=str(random.Random(i).random())) for i in range(20_000)], "x.ndjson.gz")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + (b"" if damage == "cut" else b"\0" * 999))
    with pytest.raises(SourceError, match="cannot be decompressed"):
        list(fhir.export(tmp_path).tables)


def test_a_zip_of_an_export_is_read_member_by_member(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    ndjson(source, [observation()], "a.ndjson")
    ndjson(source, [infusion()], "b.ndjson.gz")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in (*source.iterdir(),):
            archive.write(file, f"export/{file.name}")
        archive.writestr("README.txt", "hello")
    export, found = tables(tmp_path / "x.zip")
    assert sorted(t.file for t in found) == ["x.zip/export/a.ndjson", "x.zip/export/b.ndjson.gz"]
    assert all(t.rows == 1 for t in found)
    assert "README.txt" in export.told[0]
    (tmp_path / "y.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(SourceError, match="zip cannot be opened"):
        fhir.export(tmp_path / "y.zip")


def test_a_byte_order_mark_line_ends_and_blank_lines_change_nothing(tmp_path):
    lines = [json.dumps(observation()).encode(), b"", json.dumps(observation("8867-4", 99, "/min")).encode()]
    (tmp_path / "x.ndjson").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    (one,) = tables(tmp_path)[1]
    assert one.entries["row"].to_list() == [1, 3]
    assert one.explained == {"a blank line": 1}
    assert one.rows == 3
    (tmp_path / "y.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(bundle(observation()), indent=2).replace("\n", "\r\n").encode())
    assert len(tables(tmp_path / "y.json")[1][0].entries) == 1


def test_an_empty_file_has_no_rows_and_stands_in_the_count(tmp_path):
    (tmp_path / "empty.ndjson").write_bytes(b"")
    (tmp_path / "empty.json").write_bytes(b"")
    ndjson(tmp_path, [observation()])
    assert {t.file: t.rows for t in tables(tmp_path)[1]} == {"empty.json": 0, "empty.ndjson": 0, "x.ndjson": 1}


def test_another_encoding_is_told(tmp_path):
    (tmp_path / "x.ndjson").write_bytes(json.dumps(observation()).encode("utf-16"))
    with pytest.raises(SourceError, match="UTF-16"):
        fhir.export(tmp_path)
    one = table(tmp_path, json.dumps(observation(note=[{"text": "fièvre"}]), ensure_ascii=False).encode("latin-1"), observation())
    assert list(troubles(one)) == [1]


@pytest.mark.parametrize("content", ["{}", '{"cards": []}', "not json", "<Patient/>", '["x"]'])
def test_what_is_no_fhir_is_refused_with_the_reason(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(SourceError, match="is no FHIR export: no file holds a resource"):
        fhir.export(tmp_path)


def test_a_folder_without_json_and_a_path_that_is_not_there_are_refused(tmp_path):
    (tmp_path / "x.xml").write_text("<Patient/>")
    with pytest.raises(SourceError, match="no file in it is JSON"):
        fhir.export(tmp_path)
    with pytest.raises(SourceError, match="no such file"):
        fhir.export(tmp_path / "none")


def test_every_file_of_a_folder_is_read_whatever_its_name(tmp_path):
    (tmp_path / "deep").mkdir()
    ndjson(tmp_path, [observation()], "0001.json")
    ndjson(tmp_path / "deep", [observation()], "part.jsonl.gz")
    (tmp_path / "one.json").write_text(json.dumps(observation(), indent=2))
    assert sorted((t.file, len(t.entries)) for t in tables(tmp_path)[1]) == [("0001.json", 1), ("deep/part.jsonl.gz", 1), ("one.json", 1)]


def test_a_large_file_comes_in_pieces_with_its_rows_numbered_through(tmp_path, monkeypatch):
    monkeypatch.setattr(fhir, "_PIECE", 100)
    monkeypatch.setattr("tocsin.sources.fhir_files._BLOCK", 1 << 12)
    path = ndjson(tmp_path, [observation(value=36 + i / 1000) for i in range(1000)])
    found = tables(path)[1]
    assert len(found) > 5
    assert all(reconciles(t) for t in found)
    assert {t.file for t in found} == {"x.ndjson"}
    whole = entries(pl.concat([t.entries for t in found]))
    assert whole["row"].to_list() == list(range(1, 1001))
    assert whole["value"].to_list() == [36 + i / 1000 for i in range(1000)]


def test_options_that_only_fhir_has_reach_the_reading(tmp_path):
    record = read(tmp_path, observation(), {"resourceType": "Patient", "id": "p", "identifier": [{"value": "7"}]}, identifiers=True)
    assert record.patient_ids == ["7"]
    with pytest.raises(SourceError, match="zone"):
        read(tmp_path, observation(), infusion_time="2024-01-01 10:00")
    assert read(tmp_path, observation(), infusion_time="2024-01-01 10:00", timezone="UTC").events["hour"].to_list() == [0.0, 24.0]


# ---------------------------------------------------------------- real files

def test_every_example_resource_is_read_or_refused_with_a_reason(shared_data):
    read_, refused = 0, []
    for path in sorted(shared_data("fhir_examples").rglob("*.json*")):
        try:
            found = tables(path)[1]
        except SourceError:
            refused.append(path)
            continue
        assert all(reconciles(one) for one in found)
        assert sum(one.rows for one in found) > 0
        read_ += 1
    assert all(p.parent.name == "cdshooks" or p.name.endswith("-module-response.json") for p in refused)
    assert read_ >= 80
    assert sum(p.parent.name == "cdshooks" for p in refused) >= 15


def test_a_synthea_bundle_gives_its_vital_signs(shared_data):
    (one,) = tables(shared_data("fhir_examples") / "synthea_r4" / "Brett_Gottlieb_0d2177ba-f67b-4f29-addb-91040de55388.json.gz")[1]
    assert {"loinc:8480-6", "loinc:8462-4", "loinc:29463-7"} <= set(one.entries["code"])
    assert not one.troubles


@pytest.fixture(scope="module")
def mimic(shared_data):
    return fhir.read(shared_data("mimic4demo_fhir"), mapping="mimic-iv", identifiers=True, anchor="icu_admission", by="stay", clock="wall")


def test_the_mimic_export_reconciles_and_nothing_of_it_is_in_quarantine(mimic):
    assert sum(f.rows for f in mimic.reading.files) == 74_490
    assert sum(f.quarantined for f in mimic.reading.files) == 0
    assert len(mimic.patient_ids) == 140


def _infused(record, zone_hours):
    """First start (wall clock) and hours in all of each vasopressor and inotrope of each patient."""
    names = ["norepinephrine", "epinephrine", "phenylephrine", "vasopressin", "dopamine", "dobutamine", "milrinone"]
    runs = record.events.filter(pl.col("concept").is_in(names)).join(record.patients.select("patient", "infusion_time"), on="patient")
    zero = pl.col("infusion_time").str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S") - pl.duration(hours=zone_hours)
    found = runs.group_by("patient", "concept").agg(
        (zero + pl.duration(seconds=(pl.col("hour") * 3600).round())).min(), (pl.col("end_hour") - pl.col("hour")).sum().alias("hours"))
    return {(who, what): (first, pytest.approx(hours, abs=1e-3)) for who, what, first, hours in found.iter_rows()}


def test_the_mimic_infusions_are_those_of_its_clif_export(shared_data):
    """Every vasopressor and inotrope of every patient begins at the same moment and runs for as long in both exports of the same records."""
    told = {"anchor": "hospital_admission"}
    mine = fhir.read(shared_data("mimic4demo_fhir"), mapping="mimic-iv", identifiers=True, clock="wall", **told)
    theirs = clif.read(shared_data("mimic4demo_clif") / "clif30", **told)  # its UTC is the wall clock and five hours
    assert len(_infused(mine, 0)) == 75
    assert _infused(mine, 0) == _infused(theirs, 5)
