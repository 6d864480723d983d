"""CRS by the ASTCT consensus of 2019, one clinical fact a test."""

from __future__ import annotations

import pytest

CRS = "astct-crs-2019"
ROOM_AIR = {"systolic_bp": "120", "oxygen_device": "room_air"}


# ------------------------------------------------------------------------------------------------------ fever
def test_fever_begins_at_38_0_and_nothing_is_rounded(grade_spec):
    """37.96 degC is not fever; 38.0 is."""
    grade_spec(CRS, """
        hour | temperature || grade | because   | undecided
        -----+-------------++-------+-----------+----------
        0    | 37.9        || 0     | AFEBRILE0 | none
        1    | 37.96       || 0     | AFEBRILE0 | none
        2    | 38.0        || 1     | FEVER1    | none
        3    | 38.1        || 1     | FEVER1    | none
        """, stated=ROOM_AIR)


def test_fever_asserted_without_a_number_is_believed(grade_spec):
    grade_spec(CRS, """
        hour | fever || grade | because
        0    | T     || 1     | FEVER1
        2    | F     || 0     | AFEBRILE0
        """)


def test_a_temperature_counts_for_six_hours_and_is_then_unknown(grade_spec):
    """Missing is never normal."""
    grade_spec(CRS, """
        hour | temperature | heart_rate || grade | because | undecided
        0    | 38.5        |            || 1     | FEVER1  | none
        5.9  |             | 90         || 1     | FEVER1  | none
        6    |             | 90         || 0-1   | none    | temperature
        """)


def test_complete_findings_do_not_make_an_unmeasured_temperature_normal(grade_spec):
    grade_spec(CRS, """
        hour | temperature | heart_rate || grade
        0    | 38.5        |            || 1
        6    |             | 90         || 0-1
        """, complete=("drugs", "devices", "findings"))


def test_a_temperature_beyond_a_limit_settles_only_what_it_settles(grade_spec):
    grade_spec(CRS, """
        hour | temperature || grade
        0    | >37.5       || 0-1
        1    | >38.0       || 1
        2    | <38.0       || 0
        3    | <38.1       || 0-1
        4    | ?           || 0-1
        """)


def test_fever_put_down_to_infection_is_not_crs(grade_spec):
    grade_spec(CRS, """
        hour | temperature  || grade | because              | flags
        0    | 39@infection || 0     | AFEBRILE0 ELSEWHERE0 | counted_elsewhere
        1    | 39@crs       || 1     | FEVER1               | none
        2    | 39           || 1     | FEVER1               | none
        """)


def test_the_sensitivity_bound_counts_only_what_is_put_down_to_crs(grade_spec):
    grade_spec(CRS, """
        hour | temperature || grade | because
        0    | 39          || 0     | ELSEWHERE0
        1    | 39@crs      || 1     | FEVER1
        """, count=("crs",))


def test_hypotension_and_hypoxia_without_any_fever_are_not_crs(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine | oxygen_device        || grade | because
        0    | 37.2        | 8              | invasive_ventilation || 0     | AFEBRILE0
        """)


def test_organ_toxicity_does_not_influence_the_grade(grade_spec):
    grade_spec(CRS, """
        hour | temperature | ast  | creatinine | bilirubin_total || grade
        0    | 39          | 2000 | 8          | 20              || 1
        """)


def test_neurotoxicity_does_not_influence_the_grade(grade_spec):
    grade_spec(CRS, """
        hour | temperature | ice_score | consciousness | seizure    || grade
        0    | 39          | 0         | unarousable   | prolonged  || 1
        """)


# ------------------------------------------------------------------------------------------------ hypotension
def test_a_treated_systolic_pressure_below_90_is_grade_2(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | fluid_bolus || grade | because
        0    | 38.5        | 90          | T           || 1     | FEVER1
        1    |             | 89.9        |             || 2     | HYPO2
        2    |             | 89          |             || 2     | HYPO2
        3    |             | 90          |             || 1     | FEVER1
        """)


def test_a_low_pressure_that_nobody_treated_is_flagged_and_not_graded(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | hypotension || grade | because | flags
        0    | 38.5        | 90          |             || 1     | FEVER1  | none
        1    |             | 85          |             || 1     | FEVER1  | low_bp_untreated
        2    |             |             | T           || 2     | HYPO2   | none
        """)


def test_hypotension_as_a_clinician_asserts_it_is_grade_2_without_a_number(grade_spec):
    grade_spec(CRS, """
        hour | temperature | hypotension || grade | because
        0    | 38.5        | F           || 1     | FEVER1
        1    |             | T           || 2     | HYPO2
        """)


@pytest.mark.parametrize(("age", "limit"), [(0.05, 60), (0.5, 70), (1, 72), (5, 80), (10, 90), (10.5, 90), (17, 90), (61, 90)])
def test_the_lowest_normal_systolic_pressure_goes_by_age(grade_spec, age, limit):
    """Below 70 + 2 x age from 1 to 10 years, 90 mmHg above; 60 in the first month, 70 in the first year."""
    grade_spec(CRS, f"""
        hour | temperature | systolic_bp | fluid_bolus || grade
        0    | 38.5        | {limit}     | T           || 1
        1    |             | {limit - 1} |             || 2
        """, age=age)


def test_an_untold_age_leaves_a_pressure_between_60_and_90_open(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | fluid_bolus || grade
        0    | 38.5        | 59          | T           || 2
        1    |             | 75          |             || 1-2
        2    |             | 90          |             || 1
        """, age=None, complete=("drugs", "devices"))


@pytest.mark.xfail(reason="Either drops a charted value that does not settle its claim: reported", strict=False)
def test_an_untold_age_leaves_the_pressure_open_also_where_nobody_asserted_hypotension(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | fluid_bolus | hypotension || grade
        0    | 38.5        | 75          | T           | F           || 1-2
        """, age=None)


def test_a_mean_pressure_below_65_is_low_in_adults(grade_spec):
    grade_spec(CRS, """
        hour | temperature | mean_arterial_pressure | fluid_bolus || grade
        0    | 38.5        | 65                     | T           || 1
        1    |             | 64                     |             || 2
        """)


def test_a_mean_pressure_settles_nothing_in_children(grade_spec):
    """No limit is published for them, so it neither shows hypotension nor excludes it."""
    grade_spec(CRS, """
        hour | temperature | mean_arterial_pressure | fluid_bolus || grade | undecided
        0    | 38.5        | 50                     | T           || 1-2   | hypotension systolic_bp
        """, age=5, complete=("drugs", "devices"))


def test_a_fall_of_40_from_the_own_baseline_is_low(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | fluid_bolus || grade
        0    | 38.5        | 101         | T           || 1
        1    |             | 100         |             || 2
        """, facts={"baseline_systolic_bp": 140})


def test_a_told_fall_of_40_is_low_and_a_smaller_one_settles_nothing(grade_spec):
    """A fall of 20 mmHg does not make hypotension, and from a low baseline it does not exclude it."""
    grade_spec(CRS, """
        hour | temperature | pressure_fall | fluid_bolus || grade
        0    | 38.5        | 39            | T           || 1-2
        1    |             | 40            |             || 2
        """, complete=("drugs", "devices"))


def test_a_fluid_bolus_counts_as_treatment_of_the_pressure_for_four_hours(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | fluid_bolus || grade | flags
        0    | 38.5        | 85          | T           || 2     | none
        3.9  |             | 85          |             || 2     | none
        4    |             | 85          |             || 1     | low_bp_untreated
        """)


def test_how_long_a_bolus_counts_is_a_setting(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | fluid_bolus || grade
        0    | 38.5        | 85          | T           || 2
        5.9  | 38.5        | 85          |             || 2
        6    |             | 85          |             || 1
        """, settings={"fluid_bolus_hours": 6})


# ---------------------------------------------------------------------------------------------- vasopressors
@pytest.mark.parametrize(("agent", "rate"), [
    ("norepinephrine", 0.1), ("epinephrine", 0.1), ("phenylephrine", 1), ("dopamine", 0.1), ("angiotensin_ii", 0.1), ("metaraminol", 0.1)])
def test_one_vasopressor_at_any_dose_is_grade_3(grade_spec, agent, rate):
    """There is no high-dose concept; a rate of zero is not running."""
    grade_spec(CRS, f"""
        hour | temperature | {agent} || grade | because
        0    | 38.5        | 0       || 1     | FEVER1
        1    |             | {rate}  || 3     | HYPO3
        2    |             | F       || 1     | FEVER1
        """)


@pytest.mark.parametrize("agent", ["dobutamine", "milrinone"])
def test_an_inotrope_is_no_vasopressor(grade_spec, agent):
    grade_spec(CRS, f"""
        hour | temperature | {agent} || grade
        0    | 38.5        | 0.5     || 1
        """)


def test_a_normal_pressure_on_a_running_vasopressor_is_still_grade_3(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine | systolic_bp || grade | because
        0    | 38.5        | 4              | 82          || 3     | HYPO2 HYPO3
        2    |             | 4              | 125         || 3     | HYPO2 HYPO3
        """)


def test_two_vasopressors_at_once_are_grade_4(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine | epinephrine || grade | because
        0    | 38.5        | 4              |             || 3     | HYPO3
        1    |             |                | 1           || 4     | HYPO4
        2    |             | 0              |             || 3     | HYPO3
        """)


def test_vasopressin_is_not_counted_towards_multiple_vasopressors(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine | vasopressin | terlipressin | epinephrine || grade | because
        0    | 38.5        | 4              | 0.03        |              |             || 3     | HYPO3
        1    |             |                |             | 0.1          |             || 3     | HYPO3
        2    |             |                |             |              | 1           || 4     | HYPO4
        """)


@pytest.mark.parametrize(("agent", "rate"), [("vasopressin", 0.03), ("terlipressin", 0.1)])
def test_vasopressin_alone_is_grade_3_and_flagged(grade_spec, agent, rate):
    grade_spec(CRS, f"""
        hour | temperature | {agent} | norepinephrine || grade | because | flags
        0    | 38.5        | {rate}  |                || 3     | HYPO3   | vasopressin_alone
        1    |             |         | 4              || 3     | HYPO3   | none
        """)


def test_vasopressin_alone_can_be_set_to_imply_hypotension_only(grade_spec):
    """A running vasopressor implies hypotension, whether or not it counts as "a vasopressor"."""
    grade_spec(CRS, """
        hour | temperature | vasopressin | norepinephrine || grade | because
        0    | 38.5        | 0.03        |                || 2     | HYPO2
        1    |             |             | 4              || 3     | HYPO3
        """, settings={"vasopressin_alone_is_grade_3": False})


def test_a_handover_without_overlap_is_one_vasopressor(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine | epinephrine || grade
        0    | 38.5        | 4              |             || 3
        2    |             | F              | 2           || 3
        """)


def test_an_overlap_at_a_handover_counts_unless_a_longer_one_is_asked_for(grade_spec):
    chart = """
        hour | temperature | norepinephrine | epinephrine || grade
        0    | 38.5        | 4              |             || 3
        2    |             |                | 2           || {first}
        2.9  |             |                | 2           || {first}
        3    |             |                | 2           || 4
        3.5  |             | F              |             || 3
        """
    grade_spec(CRS, chart.format(first=4))
    grade_spec(CRS, chart.format(first=3), settings={"vasopressor_overlap_minutes": 60})


@pytest.mark.parametrize(("number", "grade"), [(0, 1), (1, 3), (2, 4), (3, 4)])
def test_a_told_number_of_vasopressors_counts(grade_spec, number, grade):
    grade_spec(CRS, f"""
        hour | temperature | vasopressor_count || grade
        0    | 38.5        | {number}          || {grade}
        """)


def test_a_vasopressor_whose_name_is_not_told_is_at_least_one(grade_spec):
    grade_spec(CRS, """
        hour | temperature | vasopressor || grade | undecided
        0    | 38.5        | T           || 3-4   | vasopressor
        2    |             | F           || 1     | none
        """, complete=("devices", "hypotension"))


# ----------------------------------------------------------------------------------------------------- oxygen
def test_a_cannula_is_low_flow_up_to_6_litres(grade_spec):
    grade_spec(CRS, """
        hour | temperature | oxygen_device | oxygen_flow || grade | because       | undecided
        0    | 38.5        | nasal_cannula | 2           || 2     | HYPOX2        | none
        1    |             |               | 6.0         || 2     | HYPOX2        | none
        2    |             |               | 6.1         || 3     | HYPOX2 HYPOX3 | none
        3    |             |               | ?           || 2-3   | HYPOX2        | oxygen_flow
        4    |             | room_air      |             || 1     | FEVER1        | none
        """)


def test_a_change_of_device_makes_the_older_flow_unknown(grade_spec):
    grade_spec(CRS, """
        hour | temperature | oxygen_device           | oxygen_flow || grade
        0    | 38.5        | high_flow_nasal_cannula | 40          || 3
        1    |             | nasal_cannula           |             || 2-3
        2    |             |                         | 3           || 2
        """)


def test_a_cannula_called_low_flow_is_grade_2_without_a_number(grade_spec):
    grade_spec(CRS, """
        hour | temperature | oxygen_device          || grade | undecided
        0    | 38.5        | low_flow_nasal_cannula || 2     | none
        1    |             | blow_by                || 2     | none
        """)


def test_a_high_flow_cannula_at_6_litres_or_less_grades_as_low_flow_and_is_flagged(grade_spec):
    grade_spec(CRS, """
        hour | temperature | oxygen_device           | oxygen_flow || grade | flags
        0    | 38.5        | high_flow_nasal_cannula |             || 3     | none
        1    |             |                         | 6.1         || 3     | none
        2    |             |                         | 6.0         || 2     | high_flow_device_at_low_flow
        """, age=3)


@pytest.mark.parametrize("mask", ["simple_mask", "venturi_mask", "partial_rebreather", "non_rebreather", "face_tent"])
def test_a_mask_at_any_flow_is_grade_3(grade_spec, mask):
    """The device beats the flow."""
    grade_spec(CRS, f"""
        hour | temperature | oxygen_device | oxygen_flow || grade | because
        0    | 38.5        | {mask}        | 2           || 3     | HYPOX3
        1    |             |               | 15          || 3     | HYPOX3
        """)


@pytest.mark.parametrize("device", ["cpap", "bipap", "noninvasive_ventilation", "invasive_ventilation"])
def test_positive_pressure_is_grade_4(grade_spec, device):
    grade_spec(CRS, f"""
        hour | temperature | oxygen_device  || grade | because
        0    | 38.5        | non_rebreather || 3     | HYPOX3
        1    |             | {device}       || 4     | HYPOX2 HYPOX3 HYPOX4
        """)


def test_oxygen_by_an_untold_device_is_at_least_grade_2(grade_spec):
    grade_spec(CRS, """
        hour | temperature | oxygen_device      || grade | undecided
        0    | 38.5        | oxygen_unspecified || 2-4   | oxygen_device oxygen_flow
        """)


def test_a_low_saturation_on_room_air_is_flagged_and_not_graded(grade_spec):
    """The table grades the support that is required, not the number."""
    grade_spec(CRS, """
        hour | temperature | spo2 | oxygen_device || grade | flags
        0    | 38.5        | 90   | room_air      || 1     | none
        1    |             | 89   |               || 1     | low_spo2_untreated
        """)


def test_support_at_the_patients_own_baseline_does_not_count(grade_spec):
    """Nightly CPAP or home oxygen at its usual setting is no hypoxia; what goes beyond it is."""
    grade_spec(CRS, """
        hour | temperature | oxygen_device  || grade | because | flags
        0    | 38.6        | cpap@baseline  || 1     | FEVER1  | counted_elsewhere
        8    | 38.6        | non_rebreather || 3     | HYPOX3  | none
        """)


@pytest.mark.parametrize("cause", ["icans", "procedure"])
def test_intubation_to_protect_the_airway_is_not_hypoxia(grade_spec, cause):
    grade_spec(CRS, f"""
        hour | temperature | oxygen_device                || grade | because | flags
        0    | 38.5        | invasive_ventilation@{cause} || 1     | FEVER1  | counted_elsewhere
        2    |             | invasive_ventilation         || 4     | HYPOX4  | none
        """)


def test_the_more_severe_of_hypotension_and_hypoxia_is_the_grade(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine | oxygen_device | oxygen_flow || grade | because
        0    | 39.5        | 4              | nasal_cannula | 2           || 3     | FEVER1 HYPO2 HYPO3 HYPOX2
        1    |             | 0              | bipap         |             || 4     | HYPOX4
        """)


# ---------------------------------------------------------------------------------------------------- masking
@pytest.mark.parametrize("drug", ["acetaminophen", "nsaid", "tocilizumab", "siltuximab", "anakinra", "ruxolitinib", "dexamethasone",
                                  "methylprednisolone"])
def test_after_treatment_of_an_established_crs_fever_is_no_longer_required(grade_spec, drug):
    grade_spec(CRS, f"""
        hour | temperature | {drug} | norepinephrine || grade | because
        0    | 39          |        |                || 1     | FEVER1
        2    |             | T      |                || 1     | FEVER1
        6    | 36.8        |        |                || 1     | MASKED1
        8    | 36.8        |        | 4              || 3     | MASKED1 HYPO3
        """)


def test_without_any_such_drug_a_fever_that_is_gone_ends_the_grade(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine || grade | because
        0    | 39          | 4              || 3     | FEVER1
        4    | 37.2        |                || 0     | AFEBRILE0
        """)


def test_where_no_drug_is_told_in_an_open_record_masking_stays_possible(grade_spec):
    grade_spec(CRS, """
        hour | temperature | norepinephrine || grade | undecided
        0    | 39          | 4              || 3-4   | vasopressor
        4    | 37.2        | 0              || 0-4   | antipyretic vasopressor vasopressin
        """, complete=("devices", "hypotension"))


def test_a_prophylactic_steroid_before_any_fever_does_not_replace_fever(grade_spec):
    grade_spec(CRS, """
        hour | temperature | dexamethasone | norepinephrine || grade | because   | flags
        0    | 37.0        | T             |                || 0     | AFEBRILE0 | fever_possibly_masked
        4    | 37.0        |               | 4              || 0     | AFEBRILE0 | fever_possibly_masked
        6    | 38.2        |               |                || 3     | HYPO3     | none
        """)


def test_a_dose_before_the_fever_does_not_hide_its_end(grade_spec):
    grade_spec(CRS, """
        hour | temperature | acetaminophen || grade | because
        0    | 37.0        | T             || 0     | AFEBRILE0
        4    | 38.6        |               || 1     | FEVER1
        8    | 37.2        |               || 0     | AFEBRILE0
        """)


def test_a_course_begun_before_the_fever_and_still_running_hides_its_end(grade_spec):
    grade_spec(CRS, """
        hour | temperature | dexamethasone || grade | because
        0    | 37.0        | T for 48      || 0     | AFEBRILE0
        4    | 38.6        |               || 1     | FEVER1
        8    | 37.2        |               || 1     | MASKED1
        """)


def test_intrathecal_dexamethasone_hides_no_fever(grade_spec):
    grade_spec(CRS, """
        hour | temperature | intrathecal_dexamethasone || grade | because
        0    | 39          | 2                         || 1     | FEVER1
        4    | 37.2        |                           || 0     | AFEBRILE0
        """)


def test_masking_ends_when_the_episode_resolves(grade_spec):
    """The quiet of 24 h begins once no such drug was given for 24 h; after that a new fever is needed."""
    grade_spec(CRS, """
        hour | temperature | acetaminophen | systolic_bp | norepinephrine || grade | because
        0    | 39          | T             | 120         |                || 1     | FEVER1
        12   | 36.8        |               | 120         |                || 1     | MASKED1
        23   | 36.8        |               | 120         |                || 1     | MASKED1
        24   | 36.8        |               | 120         |                || 0     | AFEBRILE0
        36   | 36.8        |               | 120         |                || 0     | AFEBRILE0
        48   | 36.8        |               | 120         |                || 0     | AFEBRILE0
        50   | 36.8        |               | 85          | 4              || 0     | AFEBRILE0
        """)


def test_masking_is_not_kept_up_where_charting_stops(grade_spec):
    """What nobody charted may have been the quiet after which the episode has resolved: 24 h after the dose, for 24 h."""
    grade_spec(CRS, """
        hour | temperature | acetaminophen | norepinephrine | heart_rate || grade | because | undecided
        0    | 39          | T             |                |            || 1     | FEVER1  | none
        6    |             |               |                | 80         || 1     | MASKED1 | none
        47.9 |             |               |                | 80         || 1     | MASKED1 | none
        48   |             |               |                | 80         || 0-1   | none    | temperature
        72   | 36.8        |               | 4              |            || 0-3   | none    | temperature
        76   | 38.2        |               | 4              |            || 3     | FEVER1 HYPO3 | none
        """)


def test_support_put_down_to_crs_shows_that_masking_goes_on(grade_spec):
    grade_spec(CRS, """
        hour | temperature | acetaminophen | norepinephrine || grade | because
        0    | 39          | T             |                || 1     | FEVER1
        72   | 36.8        |               | 4@crs          || 3     | MASKED1 HYPO3
        """)


def test_masking_goes_on_while_a_vasopressor_runs(grade_spec):
    """Quiet means no fever, no vasopressor, no bolus and no oxygen."""
    grade_spec(CRS, """
        hour | temperature | acetaminophen | norepinephrine || grade | because
        0    | 39          | T             | 4              || 3     | FEVER1
        12   | 36.8        |               | 4              || 3     | MASKED1
        24   | 36.8        |               | 4              || 3     | MASKED1
        36   | 36.8        |               | 4              || 3     | MASKED1
        48   | 36.8        |               | 4              || 3     | MASKED1
        60   | 36.8        |               | 4              || 3     | MASKED1 HYPO3
        """)


# ------------------------------------------------------------------------------------------- unknowns, death
def test_fever_with_everything_else_unknown_is_1_to_4_and_names_what_would_settle_it(grade_spec):
    grade_spec(CRS, """
        hour | temperature || grade | because | undecided
        0    | 38.5        || 1-4   | FEVER1  | hypotension systolic_bp fluid_bolus vasopressor vasopressin oxygen_device oxygen_flow
        """, complete=())


def test_a_charted_low_pressure_with_unknown_vasopressors_is_2_to_4(grade_spec):
    grade_spec(CRS, """
        hour | temperature | hypotension | oxygen_device || grade | undecided
        0    | 38.5        | T           | room_air      || 2-4   | vasopressor vasopressin
        """, complete=())


def test_a_blood_pressure_counts_for_four_hours_and_a_device_for_twelve(grade_spec):
    grade_spec(CRS, """
        hour | temperature | systolic_bp | oxygen_device || grade | undecided
        0    | 38.5        | 120         | room_air      || 1     | none
        4    | 38.5        |             |               || 1-2   | hypotension systolic_bp fluid_bolus
        9    | 38.5        | 120         |               || 1     | none
        12   | 38.5        | 120         |               || 1-4   | oxygen_device oxygen_flow
        """, complete=("vasopressor", "vasopressor_count", "norepinephrine", "epinephrine", "phenylephrine", "metaraminol", "dopamine",
                       "angiotensin_ii", "vasopressin", "terlipressin"))


def test_death_is_grade_5_only_where_crs_is_stated_as_the_cause(grade_spec):
    chart = """
        hour | temperature | death   || grade | because
        0    | 39          |         || 1     | FEVER1
        2    |             | {cause} || {grade} | {code}
        """
    grade_spec(CRS, chart.format(cause="T@crs", grade=5, code="DEATH5"))
    for cause in ("T", "T@infection", "T@icans", "T@other"):
        grade_spec(CRS, chart.format(cause=cause, grade=1, code="FEVER1"))


# ------------------------------------------------------------------------------------------ the nine vectors
WELL = {"systolic_bp": "120", "mean_arterial_pressure": "85", "spo2": "98", "oxygen_device": "room_air"}


def but(**other: str) -> dict[str, str]:
    return {k: v for k, v in WELL.items() if k not in other} | other


VECTORS = {
    "38.5 C, norepinephrine and a cannula at 2 L is grade 3": (
        "hour | temperature | norepinephrine | oxygen_device | oxygen_flow || grade\n0 | 38.5 | 5 | nasal_cannula | 2 || 3", ()),
    "39 C, intubated for hypoxia, no vasopressor is grade 4": (
        "hour | temperature | oxygen_device | vasopressor || grade\n0 | 39 | invasive_ventilation | F || 4", ()),
    "38.2 C, norepinephrine and phenylephrine, room air is grade 4": (
        "hour | temperature | norepinephrine | phenylephrine | oxygen_device || grade\n0 | 38.2 | 5 | 50 | room_air || 4", ()),
    "38.2 C, norepinephrine and vasopressin is grade 3": (
        "hour | temperature | norepinephrine | vasopressin || grade\n0 | 38.2 | 5 | 0.03 || 3", ()),
    "38.4 C, 78/40 answering to fluid, no vasopressor is grade 2": (
        "hour | temperature | systolic_bp | diastolic_bp | fluid_bolus | vasopressor || grade\n0 | 38.4 | 78 | 40 | T | F || 2",
        ("mean_arterial_pressure",)),
    "afebrile and well, never febrile is grade 0": ("hour | temperature || grade | because\n0 | 36.8 || 0 | AFEBRILE0", ()),
    "fever yesterday, tocilizumab 6 h ago, 36.9 C, cannula at 3 L is grade 2": ("""
        hour | temperature | tocilizumab | oxygen_device | oxygen_flow || grade | because
        0    | 39          |             |               |             || 1     | FEVER1
        18   | 38.5        | T           |               |             ||       |
        24   | 36.9        |             | nasal_cannula | 3           || 2     | MASKED1 HYPOX2
        """, ()),
    "septic shock on norepinephrine with every finding attributed to infection is grade 0, with the reason": (
        "hour | temperature | systolic_bp | norepinephrine || grade | because | flags\n"
        "0 | 39.5@infection | 80@infection | 8@infection || 0 | ELSEWHERE0 | counted_elsewhere", ("mean_arterial_pressure",)),
}


@pytest.mark.parametrize("name", VECTORS)
def test_with_all_other_inputs_stated_normal(grade_spec, name):
    chart, left_out = VECTORS[name]
    header = chart.strip().splitlines()[0].split("||")[0]
    charted = {c.strip() for c in header.split("|")} | set(left_out)
    grade_spec(CRS, chart, stated={k: v for k, v in WELL.items() if k not in charted})


def test_38_5_c_with_pressure_vasopressors_and_oxygen_unknown_is_1_to_4_and_names_them(grade_spec):
    got = grade_spec(CRS, "hour | temperature || grade\n0 | 38.5 || 1-4", complete=()).at(0)
    assert {"systolic_bp", "vasopressor", "oxygen_device"} <= set(got["undecided"])
