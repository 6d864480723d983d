"""How Tocsin answers vectors: many at once, and an error for what it would otherwise drop in silence."""

from __future__ import annotations

import pytest

from tocsin.grading.vectors import answers

FEVER = {"concept": "temperature", "hour": 0, "value": 39.0}
VECTOR = {"scale": "astct-crs-2019", "patient": {"age_years": 40}, "complete": ["drugs", "devices", "hypotension"], "events": [FEVER], "at_hour": 1}


def test_vectors_that_share_a_record_answer_as_each_alone():
    """Completeness and settings belong to a whole record, so only vectors that agree in them are put together."""
    many = [VECTOR, {**VECTOR, "complete": []}, {**VECTOR, "events": []}, {**VECTOR, "patient": {}}, {**VECTOR, "at_hour": 7},
            {**VECTOR, "events": [FEVER, {"concept": "vasopressin", "hour": 0}]},
            {**VECTOR, "events": [FEVER, {"concept": "vasopressin", "hour": 0}], "settings": {"vasopressin_alone_is_grade_3": False}}]
    together = answers(many)
    assert together == [answers([one])[0] for one in many]
    assert [(a["at_least"], a["at_most"]) for a in together] == [(1, 1), (1, 4), (0, 1), (1, 1), (0, 1), (3, 3), (2, 2)]


@pytest.mark.parametrize(("change", "says"), [
    ({"scale": "astct"}, "There is no scale called 'astct'"),
    ({"scale_version": "1999"}, "is version 2019 here; the vector is for 1999"),
    ({"settings": {"none": 1}}, "there is no setting 'none'"),
    ({"complete": ["labs"]}, "'labs' cannot be declared complete"),
    ({"patient": {"age": 40}}, "'age' is not a fact about a patient"),
    ({"events": [{**FEVER, "concept": "temprature"}]}, "the unknown concept 'temprature'"),
    ({"events": [{**FEVER, "unit": "degF"}]}, "temperature is given in 'degF'; vectors give it in 'degC'"),
    ({"events": [{**FEVER, "day": 1}]}, "the unknown field 'day'"),
    ({"events": [{"concept": "oxygen_device", "hour": 0, "text": "mask"}]}, "oxygen_device cannot be 'mask'"),
    ({"events": [{**FEVER, "end_hour": -1}]}, "ends before it begins"),
    ({"at_hour": -5}, "nothing is graded at hour -5"),
])
def test_what_cannot_be_graded_is_an_error_and_spoils_no_other_answer(change, says):
    wrong, right = answers([{**VECTOR, **change}, VECTOR])
    assert says in wrong["error"]
    assert (right["at_least"], right["at_most"]) == (1, 1)
