"""CRS that does not give way to treatment: what counts, from when, and until when."""

from __future__ import annotations

from tocsin.vocabulary import CONCEPTS


def test_prophylactic_dexamethasone_before_the_infusion_does_not_hide_a_later_course(advise_spec):
    advise_spec("""
        hour | temperature | ast | alt | bilirubin_total | creatinine | systolic_bp | spo2 | oxygen_device | dexamethasone || R1
        -24  |             |     |     |                 |            |             |      |               | T             ||
        48   | 39          | 300 | 20  | 0.6             | 0.8        | 120         | 98   | room_air      | T             || -
        71   | 39          | 300 | 20  | 0.6             | 0.8        | 120         | 98   | room_air      |               || -
        72   | 39          | 300 |     |                 |            |             |      |               |               || due
        """)


def test_a_rise_after_the_dose_does_not_hide_that_the_grade_never_fell(advise_spec):
    advise_spec("""
        hour | temperature | ast | dexamethasone || R1
        0    | 39          | 150 | T             || -
        12   | 39          | 300 |               || -
        24   | 39          | 150 |               || due
        """)


def test_an_asserted_refractory_course_counts_at_once(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab | refractory_crs || R1
        0    | 39          | 300 | T           |                || -
        4    | 39          | 300 |             | T              || due
        """)


def test_a_gap_in_the_grade_leaves_it_open_whether_it_fell(advise_spec):
    """Between the two values of AST the first was out of date."""
    carry = CONCEPTS["ast"].carry_forward_hours
    advise_spec(f"""
        hour        | temperature | ast | dexamethasone || R1
        0           | 39          | 300 | T             || -
        {carry - 1} | 39          |     |               || due
        {carry + 4} | 39          | 300 |               || depends
        """)


def test_no_crs_at_the_dose_is_not_refractory_to_it(advise_spec):
    advise_spec("""
        hour | temperature | ast | dexamethasone || R1
        0    | 37          | 20  | T             || -
        12   | 39          | 300 |               || -
        30   | 39          | 300 |               || -
        """)
