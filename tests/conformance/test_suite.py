"""The vectors: their form, that Tocsin answers them as the scales say, and that no criterion and no limit is without them."""

from __future__ import annotations

import json

import jsonschema
import pytest

from conformance import limits
from conformance.suite import FILES, FOLDER, coded, is_always_known, mentioned, met, module, not_met, suite, unknown, vectors
from tocsin.cite import reference
from tocsin.scales import SCALES, Kind

EXEMPT: dict[tuple[str, str], str] = {}
"""Limits without a vector beside them: (scale, as reported) and why there can be none."""


# ---------------------------------------------------------------- the form
@pytest.mark.parametrize("scale", FILES)
def test_a_file_of_vectors_follows_the_published_schema(scale):
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    wrong = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(suite(scale))]
    assert not wrong, "\n".join(wrong)


def test_the_schema_is_a_schema_of_the_version_that_the_runner_runs():
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f":{module('run').SUITE}")
    assert f"**{module('run').SUITE}**" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("scale", FILES)
def test_a_file_of_vectors_is_of_a_scale_that_exists_in_this_version(scale):
    found = suite(scale)
    assert found["scale"] == scale
    assert found["scale_version"] == SCALES[scale].version
    assert found["suite"] == module("run").SUITE


@pytest.mark.parametrize("scale", FILES)
def test_a_file_of_vectors_has_one_vector_a_line_so_that_a_change_can_be_read(scale):
    head, *lines, tail = FILES[scale].read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert head.endswith('"vectors": [')
    assert tail == "]}"
    assert [json.loads(line.removesuffix(",")) for line in lines] == vectors(scale)


@pytest.mark.parametrize("scale", FILES)
def test_ids_are_unique_codes_exist_and_sources_are_known(scale):
    ids = [v["id"] for v in vectors(scale)]
    assert {i for i in ids if ids.count(i) > 1} == set()
    known = set(coded(SCALES[scale]))
    assert {code for v in vectors(scale) for code in mentioned(v)} - known == set()
    for vector in vectors(scale):
        reference(vector["source"])


@pytest.mark.parametrize("scale", FILES)
def test_no_vector_expects_what_cannot_be(scale):
    wrong = []
    for vector in vectors(scale):
        expected = vector["expected"]
        low, high = expected["at_least"], expected["at_most"]
        if (low is not None and high is not None and low > high) or set(expected.get("because", ())) & set(expected.get("not_because", ())):
            wrong.append(vector["id"])
    assert wrong == []


def test_the_concepts_file_is_current():
    assert (FOLDER / "concepts.json").read_text(encoding="utf-8") == module("concepts").text(), "run: python conformance/concepts.py"


# ---------------------------------------------------------------- the answers
@pytest.mark.parametrize("scale", FILES)
def test_tocsin_answers_every_vector_as_expected(scale):
    runner = module("run")
    result = runner.run([runner.load(FILES[scale])], runner.ask_tocsin)
    assert result["failures"] == [], "\n" + runner.table(result)
    assert result["scales"][0]["passed"] == len(vectors(scale)) > 0


# ---------------------------------------------------------------- nothing without a vector
@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_has_vectors(scale):
    assert scale in FILES, f"write conformance/vectors/{scale}.json"


@pytest.mark.parametrize("scale", SCALES)
def test_every_criterion_is_met_in_some_vector(scale):
    bare = [c.code for c in SCALES[scale].criteria if not met(SCALES[scale], c)]
    assert not bare, ", ".join(bare)


@pytest.mark.parametrize("scale", SCALES)
def test_every_criterion_is_not_met_in_some_vector(scale):
    bare = [c.code for c in SCALES[scale].criteria if not not_met(SCALES[scale], c)]
    assert not bare, ", ".join(bare)


@pytest.mark.parametrize("scale", SCALES)
def test_every_criterion_that_can_be_unknown_is_so_in_some_vector(scale):
    one = SCALES[scale]
    bare = [c.code for c in one.criteria if not is_always_known(c.predicate) and not unknown(one, c)]
    assert not bare, ", ".join(bare)


@pytest.mark.parametrize("scale", SCALES)
def test_every_limit_of_every_criterion_has_a_vector_on_both_sides(scale):
    found = limits.missing(SCALES[scale])
    assert not (bare := [one for one in found if (scale, one) not in EXEMPT]), "\n".join(bare)


def test_no_exemption_outlives_its_reason():
    assert [key for key in EXEMPT if key[1] not in limits.missing(SCALES[key[0]])] == []


def test_every_kind_of_scale_has_vectors():
    assert {SCALES[scale].kind for scale in FILES} == set(Kind)
