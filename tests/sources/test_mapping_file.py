"""A hospital's mapping file: what it may say, and the one clear error for what it may not."""

from __future__ import annotations

import pytest

from tocsin.errors import SourceError
from tocsin.sources.codes import Codes, Item
from tocsin.sources.mapping_file import SHIPPED, codes, quoted, read

GOOD = """
[about]
name = "Ward 7"
source = "export of 2025"
date = 2025-03-01
by = "data office"

[items]
"LAB//220045" = "heart_rate"
"mimic:223761" = { concept = "temperature", unit = "°F" }
"Temp (Fahrenheit)" = { concept = "temperature", unit = "degF" }
"INTUBATED" = { concept = "oxygen_device", value = "invasive_ventilation" }

[units]
"Mikrogramm/Liter" = "ug/L"
"GPT/l" = "10*9/L"

[values.oxygen_device]
"O2-Brille" = "nasal_cannula"

[values.seizure]
"keine" = "none"

[ignore]
items = ["LAB//227969", "Goal RASS"]
"""


def wrong(text: str) -> str:
    with pytest.raises(SourceError) as error:
        read(text, "ward.toml")
    return str(error.value)


def test_items_units_values_and_what_is_left_out_are_read():
    found = read(GOOD, "ward.toml")
    assert found.item("LAB//220045") == Item("heart_rate")
    assert found.item("mimic:223761") == Item("temperature", "degF")  # the unit as the vocabulary writes it
    assert found.item("INTUBATED") == Item("oxygen_device", None, "invasive_ventilation")
    assert found.unit("Mikrogramm/Liter") == "ug/L"
    assert found.unit("GPT/l") == "10^9/L"
    assert found.unit("mg/dL") == "mg/dL"
    assert found.value("oxygen_device", "O2-Brille") == "nasal_cannula"
    assert found.value("oxygen_device", "nasal cannula") is None
    assert found.values["seizure"] == {"keine": "none"}
    assert found.origin == "ward.toml"


def test_case_and_blanks_do_not_count_and_the_exact_spelling_stands_first():
    found = read(GOOD, "ward.toml")
    assert found.item(None, "  temp  (fahrenheit)") == Item("temperature", "degF")
    assert found.item("lab//220045") == Item("heart_rate")
    assert found.value("oxygen_device", " O2-BRILLE ") == "nasal_cannula"
    assert found.unit("mikrogramm/LITER ") == "ug/L"
    assert found.item("Temp Fahrenheit") is None  # other characters do
    exact = Codes({"na": Item("sodium"), "NA": Item("sodium", "mEq/L")})
    assert exact.item("NA") == Item("sodium", "mEq/L")
    assert exact.item("na") == Item("sodium")


def test_what_is_left_out_is_left_out_by_code_and_by_name_even_if_the_vocabulary_knows_it():
    found = read('[ignore]\nitems = ["loinc:8867-4", "Goal RASS"]', "ward.toml")
    assert found.item("loinc:8867-4") is None
    assert found.item("loinc:8480-6", "goal  rass") is None
    assert found.item("loinc:8480-6", "other") == Item("systolic_bp")


def test_the_mapping_stands_before_the_vocabulary_and_before_items_that_a_reader_adds():
    found = read('[items]\n"loinc:8867-4" = "respiratory_rate"', "ward.toml").with_items({"LOINC:8867-4": Item("spo2"), "x": Item("crp")})
    assert found.item("loinc:8867-4") == Item("respiratory_rate")
    assert found.item("x") == Item("crp")


def test_no_mapping_is_the_vocabulary_alone():
    assert codes(None) == Codes()
    assert codes(None).item("loinc:8867-4") == Item("heart_rate")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_mapping_can_be_read_by_its_name(name):
    assert len(codes(name).items) > 100
    assert codes(name).origin == name


def test_a_file_is_read_by_its_path(tmp_path):
    (tmp_path / "ward.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert codes(tmp_path / "ward.toml") == codes(str(tmp_path / "ward.toml"))
    assert codes(str(tmp_path / "ward.toml")).item("INTUBATED") is not None


def test_an_empty_mapping_is_the_vocabulary_alone():
    assert read("", "x") == Codes(origin="x")


# ---------------------------------------------------------------- errors


def test_a_file_that_is_not_there_names_what_comes_with_tocsin(tmp_path):
    with pytest.raises(SourceError, match=r"There is no mapping file 'mimic-vi'.\n.*mimic-iv"):
        codes("mimic-vi")
    with pytest.raises(SourceError, match="cannot be read"):
        codes(tmp_path)
    (tmp_path / "latin.toml").write_bytes('"Größe" = 1'.encode("latin-1"))
    with pytest.raises(SourceError, match="not text in UTF-8"):
        codes(tmp_path / "latin.toml")


def test_what_is_no_toml_is_told_with_its_line():
    assert "this is not TOML" in wrong('[items]\nTemp (F) = "temperature"\n')
    assert "line 2" in wrong('[items]\nTemp (F) = "temperature"\n')
    assert "this is not TOML" in wrong('[items]\n"a" = "crp"\n"a" = "alt"\n')  # one key twice


@pytest.mark.parametrize(
    ("text", "said", "fix"),
    [
        ('[itmes]\n"a" = "crp"', "line 1: there is no section 'itmes'", "Known: about, items, units, values, ignore"),
        ('items = "crp"', "line 1: items must be a section, not a text", "[items]"),
        ('[about]\nauthor = "x"', "line 2: [about] has no 'author'", "name, source, date, by"),
        ("[about]\nname = 7", "line 2: name in [about] must be a text, not a number", ""),
        ('[items]\n"a" = "hart_rate"', "line 2: there is no concept called 'hart_rate'", "heart_rate"),
        ('[items]\n"a" = "Heart Rate"', "line 2: there is no concept called 'Heart Rate'", "Write heart_rate"),
        ('[items]\n"a" = "blood_pressure"', "written 120/80 is two values", "systolic_bp"),
        ('[items]\n"a" = 5', "line 2: 'a' must name a concept or be a table, not a number", 'concept = "temperature"'),
        ('[items]\n"a" = { unit = "mg/L" }', "line 2: 'a' names no concept", "tocsin concepts"),
        ('[items]\n"a" = { concept = "crp", units = "mg/L" }', "'a' has no 'units'", "concept, unit, value"),
        ('[items]\n"a" = { concept = "crp", unit = 5 }', "concept, unit and value are texts", "quotes"),
        ('[items]\n"a" = { concept = "crp", unit = "mmol/L" }', "crp is not measured in 'mmol/L'", "Nearest: "),
        ('[items]\n"a" = { concept = "seizure", unit = "s" }', "seizure is not measured in 's'", "leave it out"),
        ('[items]\n"a" = { concept = "oxygen_device", value = "nasal_canula" }', "oxygen_device cannot be 'nasal_canula'", "nasal_cannula"),
        ('[items]\n"a" = { concept = "crp", value = "high" }', "crp has no coded values", "Leave value out"),
        ('[items]\nmimic.220045 = "heart_rate"', "'mimic' has no '220045'", "stands in quotes"),
        ('[items]\n"Temp" = "temperature"\n"TEMP " = "heart_rate"', "line 3: 'Temp' and 'TEMP ' are one spelling", "Keep one"),
        ('[items]\n"a" = "crp"\n[ignore]\nitems = ["A"]', "'a' is mapped here and left out in [ignore]", "Keep one"),
        ('[units]\n"foo" = "bars/furlong"', "line 2: no concept is measured in 'bars/furlong'", "Known: "),
        ('[units]\n"foo" = 3', "the unit 'foo' must be another spelling in quotes", '"mg/dL"'),
        ('[units]\n"Foo" = "mg/L"\n"foo" = "mg/dL"', "'Foo' and 'foo' are one spelling", "Keep one"),
        ('[values.oxygen_devise]\n"x" = "cpap"', "line 1: there is no concept called 'oxygen_devise'", "oxygen_device"),
        ('[values]\noxygen_device = "cpap"', "values.oxygen_device must be a section, not a text", "[values.oxygen_device]"),
        ('[values.oxygen_device]\n"x" = "bubble"', "line 2: oxygen_device cannot be 'bubble'", "Known: "),
        ('[values.oxygen_device]\n"x" = true', "'x' must be a value of oxygen_device in quotes, not true or false", ""),
        ('[values.oxygen_device]\n"x" = "cpap"\n"X" = "bipap"', "'x' and 'X' are one spelling", "Keep one"),
        ('[values.crp]\n"x" = "high"', "crp has no coded values", ""),
        ('[ignore]\ncodes = ["x"]', "line 2: [ignore] has no 'codes'", "items"),
        ('[ignore]\nitems = "x"', "items in [ignore] must be a list", '["LAB//227969"]'),
    ],
)
def test_an_error_says_file_line_key_and_the_fix(text, said, fix):
    message = wrong(text)
    assert message.startswith("ward.toml")
    assert said in message
    assert fix in message


def test_everything_that_is_wrong_is_told_at_once_and_a_long_list_is_cut():
    message = wrong("[items]\n" + "\n".join(f'"item {n}" = "no_such_{n}"' for n in range(25)))
    assert message.count("there is no concept called") == 10
    assert message.endswith("15 more entries cannot be used.")


def test_the_same_thing_said_twice_in_two_cases_is_no_clash():
    assert read('[items]\n"Temp" = "temperature"\n"TEMP" = "temperature"', "x").item("temp") == Item("temperature")


@pytest.mark.parametrize("key", ["plain", 'with "quotes"', "back\\slash", "tab\tand\nline", "Größe µ", "[bracket] = x", "\x7f\x00"])
def test_any_name_can_be_written_and_read_back(key):
    assert read(f"[items]\n{quoted(key)} = \"crp\"", "x").items == {key: Item("crp")}
