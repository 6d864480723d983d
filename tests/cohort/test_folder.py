"""The folder of a study: what is the record, what the table of patients tells, and who was screened."""

from __future__ import annotations

import pytest

from tocsin.cohort.folder import read_folder, screened, split
from tocsin.cohort.study import Study
from tocsin.errors import TocsinError
from tocsin.timeline import Timeline


def files(place, **texts):
    for name, text in texts.items():
        (place / name.replace("__", ".")).write_text(text)
    return place


def test_facts_that_tocsin_knows_are_told_apart_from_the_columns_of_the_study(tmp_path):
    told, facts = split(files(tmp_path, patients__csv="patient,Age,weight (kg),high_risk,response\nA,8,30,1,CR\nB,,,0,NA\n") / "patients.csv")
    assert told.to_dict(as_series=False) == {"patient": ["A", "B"], "high_risk": [1.0, 0.0], "response": ["CR", None]}
    assert facts.columns == ["patient", "Age", "weight (kg)"]


def test_a_column_is_numbers_only_where_every_known_value_is_one(tmp_path):
    told, _ = split(files(tmp_path, patients__csv="patient;a;b;c\nA;1,5;x;\nB;unknown;2;\n") / "patients.csv")
    assert told["a"].to_list() == [1.5, None]
    assert told["b"].to_list() == ["x", "2"]
    assert told["c"].null_count() == 2


@pytest.mark.parametrize(("text", "says"), [
    ("name,age\nA,1\n", "no column names the patient"), ("patient,a\nA,1\nA,2\n", "patient 'A' has more than one row"),
    ("patient,a\n,1\nB,2\n", "row 2: no patient"), ("patient,a,a\nA,1,2\n", "two columns are called 'a'"), ("patient,a\nA,1,2\n", "more cells than the header"),
])
def test_a_table_of_patients_that_cannot_be_used_is_refused_with_the_place(tmp_path, text, says):
    with pytest.raises(TocsinError, match=says):
        split(files(tmp_path, patients__csv=text) / "patients.csv")


def test_reasons_of_the_screened_are_counted_in_order(tmp_path):
    files(tmp_path, a__csv="patient,reason\nX,lost\nY,progressed\nZ,lost\n", b__csv="reason,n\nlost,11\nearly,4\n")
    assert screened(tmp_path / "a.csv") == (("lost", 2), ("progressed", 1))
    assert screened(tmp_path / "b.csv") == (("lost", 11), ("early", 4))


@pytest.mark.parametrize(("text", "says"), [("patient,why\nX,lost\n", "no column reason"), ("reason,n\nlost,some\n", "row 2: n is a number")])
def test_a_list_of_the_screened_that_cannot_be_used_is_refused(tmp_path, text, says):
    with pytest.raises(TocsinError, match=says):
        screened(files(tmp_path, screening__csv=text) / "screening.csv")


def test_rows_of_nothing_but_delimiters_say_nothing(tmp_path):
    told, _ = split(files(tmp_path, patients__csv="patient,a\nA,1\n,\nB,2\n,\n") / "patients.csv")
    assert told["patient"].to_list() == ["A", "B"]


def test_headers_are_known_however_they_are_written_and_only_once(tmp_path):
    told, _ = split(files(tmp_path, patients__csv="Patient ID,CRS max grade,Tocilizumab,Site\nA,2,yes,x\n") / "patients.csv")
    assert told.columns == ["patient", "crs_max_grade", "tocilizumab", "Site"]
    with pytest.raises(TocsinError, match="two columns mean 'crs_max_grade'"):
        split(files(tmp_path, patients__csv="patient,crs_max_grade,CRS grade\nA,2,2\n") / "patients.csv")


def test_two_tables_of_patients_are_refused(tmp_path):
    with pytest.raises(TocsinError, match="are both the table patients"):
        read_folder(files(tmp_path, patients__csv="patient\nA\n", patients__tsv="patient\nA\n"))


def test_nobody_is_screened_twice_or_screened_out_and_analysed(tmp_path):
    files(tmp_path, patients__csv="patient,a\nA,1\nB,2\n", screening__csv="patient,reason\nX,lost\nX,lost\n")
    with pytest.raises(TocsinError, match="row 3: patient 'X' stands twice"):
        read_folder(tmp_path)
    files(tmp_path, screening__csv="patient,reason\nA,lost\n")
    with pytest.raises(TocsinError, match="row 2: patient 'A' is in the table of patients too"):
        read_folder(tmp_path)


def test_a_screened_patient_without_a_reason_is_counted(tmp_path):
    files(tmp_path, screening__csv="patient,reason\nX,lost\nY,\n", other__csv="Reason,Number\nlost,3\n")
    assert screened(tmp_path / "screening.csv") == (("lost", 1), ("reason not told", 1))
    assert screened(tmp_path / "other.csv") == (("lost", 3),)


def test_the_record_is_every_other_table_of_the_folder(tmp_path):
    files(tmp_path, patients__csv="patient,a\nA,1\n", events__csv="x", labs__csv="x", screening__csv="reason\nlost\n", cohort__toml='title = "T"')
    found = read_folder(tmp_path)
    assert [f.name for f in found.record] == ["events.csv", "labs.csv"]
    assert found.study.title == "T"
    assert found.screening == (("lost", 1),)


def test_an_export_stands_in_its_own_folder_or_alone(tmp_path):
    files(tmp_path, patients__csv="patient,a\nA,1\n")
    (tmp_path / "record").mkdir()
    assert read_folder(tmp_path).record == (tmp_path / "record",)
    assert read_folder(tmp_path / "record", patients=tmp_path / "patients.csv").record == (tmp_path / "record",)


def test_patients_of_whom_the_record_tells_nothing_are_kept(tmp_path):
    files(tmp_path, patients__csv="patient,a\nA,1\nB,2\n")
    timeline = read_folder(tmp_path).with_everybody(Timeline.from_rows([{"patient": "A", "hour": 1.0, "concept": "temperature", "value": 37.0}]))
    assert timeline.patient_ids == ["A", "B"]


@pytest.mark.parametrize(("text", "says"), [
    ("titel = 1", "there is no 'titel' in a study"), ("title = ", "this is no TOML"), ("[variables.a]\nkind = \"big\"", "kind is one of continuous"),
    ("[variables.a]\nkind = \"binary\"\ncolour = 1", "has no 'colour'"), ("[[exclude]]\nreason = \"x\"", "a reason and a rule"),
    ("landmarks = 7", "landmarks is a list of numbers"), ("window_days = \"a\"", "window_days is a number above 0"), ("title = 3", "title is a text"),
    ("censor_at_next_therapy = 1", "censor_at_next_therapy is true or false"), ("time_unit = \"years\"", "months or days"),
    ("window_days = 0", "window_days is a number above 0"), ("landmarks = [\"a\"]", "landmarks is a list of numbers"),
])
def test_a_study_file_that_cannot_be_used_is_refused_with_the_entry(tmp_path, text, says):
    with pytest.raises(TocsinError, match=says):
        Study.read(files(tmp_path, cohort__toml=text) / "cohort.toml")


def test_a_study_file_gives_every_entry(tmp_path):
    text = """title = "T"
landmarks = [3, 10]
order = ["a", "b"]
complete = ["drugs"]
[variables.risk]
kind = "binary"
values = [0, 1]
[[exclude]]
reason = "short"
when = "follow_up_days < 28"
"""
    study = Study.read(files(tmp_path, cohort__toml=text) / "cohort.toml")
    assert study.landmarks == (3.0, 10.0)
    assert study.variables[0].values == (0, 1)
    assert study.exclude[0].when == "follow_up_days < 28"
    assert study.order == ("a", "b")


def test_a_folder_with_nothing_in_it_is_refused(tmp_path):
    with pytest.raises(TocsinError, match="no such file"):
        read_folder(tmp_path / "nowhere")


def test_a_table_of_patients_with_columns_named_like_concepts_can_be_given_to_any_command(tmp_path):
    files(tmp_path, patients__csv="patient,age,tocilizumab,response\nA,30,yes,CR\n", events__csv="patient,day,concept,value\nA,1,temperature,38.5\n")
    timeline = Timeline.read_csv(tmp_path / "events.csv", patients=tmp_path / "patients.csv")
    assert timeline.patients["age_years"].to_list() == [30.0]
    assert timeline.events["concept"].to_list() == ["temperature"]


def test_a_table_of_patients_alone_is_a_study_of_it(tmp_path):
    found = read_folder(files(tmp_path, patients__csv="patient,tocilizumab\nA,yes\n") / "patients.csv")
    assert found.record == ()
    assert found.told["patient"].to_list() == ["A"]
    record = read_folder(files(tmp_path, long__csv="patient,day,concept,value\nA,1,temperature,39\n") / "long.csv")
    assert [f.name for f in record.record] == ["long.csv"]


def test_tables_beside_a_table_of_patients_from_elsewhere_are_the_record(tmp_path):
    (tmp_path / "study").mkdir()
    files(tmp_path, cohort__csv="patient,a\nA,1\n")
    files(tmp_path / "study", events__csv="patient,day,concept,value\nA,1,temperature,39\n")
    assert [f.name for f in read_folder(tmp_path / "study", tmp_path / "cohort.csv").record] == ["events.csv"]
    files(tmp_path / "study", patients__csv="patient,a\nA,1\n")
    with pytest.raises(TocsinError, match="Leave out the option"):
        read_folder(tmp_path / "study", tmp_path / "cohort.csv")
    with pytest.raises(TocsinError, match=r"gone.csv: there is no such file"):
        read_folder(tmp_path / "study", tmp_path / "gone.csv")


def test_an_empty_folder_says_how_to_begin(tmp_path):
    with pytest.raises(TocsinError, match="tocsin template --study"):
        read_folder(tmp_path)


def test_facts_keep_their_rows_so_that_messages_name_them(tmp_path):
    folder = read_folder(files(tmp_path, patients__csv="# a comment\npatient,age,a\nA,old,1\n,,\n\nB,30,2\nC,older,3\n"))
    (tmp_path / "facts").mkdir()
    read = Timeline.read_csv(folder.write_facts(tmp_path / "facts"))
    assert [n.sentence().split(":")[0] for n in read.reading.errors] == ["patients.csv, row 3", "patients.csv, row 7"]
    assert read.patients["age_years"].to_list() == [None, 30.0, None]
