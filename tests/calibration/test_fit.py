"""The likelihood, the sampler and the measures of kinetics do what the page on the calibration says of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student


def people(script, analyte, day, value, censored, onset=np.nan, grade=0):
    cohort = script("cd22")
    one = {"analyte": np.array([analyte]), "day": np.array([day], float), "value": np.array([value], float), "censored": np.array([censored])}
    return cohort.Cohort((1,), np.array([onset]), np.array([grade]), np.array([1e6]), np.array([0.5]), *(np.zeros(1, bool),) * 3, **one)


def found(script, values, onset=np.inf, hottest=37.0, severity=1.0):
    return script("individual").Prediction(np.array([values], float), np.array([onset]), np.array([hottest]), np.array([severity]))


def density(script, who, what, error=0.5):
    h = script("hierarchical")
    return float(h.likelihood(who, np.array([0]), what, np.full((1, len(script("cd22").ANALYTES)), error))[0])


def test_a_measured_value_counts_by_student_s_density(script):
    none = density(script, people(script, [-1], [0], [0], [0]), found(script, [0.0]))
    one = density(script, people(script, [2], [5], [3.0], [0]), found(script, [2.2]))
    # the same constant is left out of every density
    assert one - none == pytest.approx(student.logpdf(0.8 / 0.5, 4) - student.logpdf(0, 4) - np.log(0.5), abs=1e-12)


@pytest.mark.parametrize(("side", "prediction", "chance"), [
    (1, 5.0, student.sf(-4, 4)), (1, 1.0, student.sf(4, 4)), (-1, 5.0, student.cdf(-4, 4)), (-1, 1.0, student.cdf(4, 4))])
def test_a_value_beyond_a_limit_counts_by_the_probability_of_lying_there(script, side, prediction, chance):
    none = density(script, people(script, [-1], [0], [0], [0]), found(script, [0.0]))
    assert density(script, people(script, [2], [5], [3.0], [side]), found(script, [prediction])) - none == pytest.approx(np.log(chance), abs=1e-9)


def test_a_late_fever_costs_more_than_one_on_the_day_and_none_at_all_most(script):
    who = people(script, [-1], [0], [0], [0], onset=6.0, grade=1)
    on_time, late, never = (density(script, who, found(script, [0.0], onset=o, hottest=39.4)) for o in (6.0, 9.0, np.inf))
    assert on_time > late > never


def test_a_fever_in_a_patient_without_crs_costs(script):
    who = people(script, [-1], [0], [0], [0])
    assert density(script, who, found(script, [0.0], hottest=37.9)) > density(script, who, found(script, [0.0], onset=5.0, hottest=38.6))


@pytest.mark.parametrize(("grade", "likely", "unlikely"), [(1, 1.5, 2.5), (2, 2.5, 1.5), (2, 2.5, 3.5), (3, 3.5, 2.5), (4, 4.5, 3.5)])
def test_a_severity_within_the_grade_is_likelier_than_one_beside_it(script, grade, likely, unlikely):
    who = people(script, [-1], [0], [0], [0], onset=6.0, grade=grade)
    at = {s: density(script, who, found(script, [0.0], onset=6.0, hottest=39.4, severity=s)) for s in (likely, unlikely)}
    assert at[likely] > at[unlikely]


def test_severity_is_2_3_and_4_where_supportive_care_is_what_makes_that_grade(script):
    individual = script("individual")
    from tocsin.model.care import policy

    care = policy()
    model = individual.Model.__new__(individual.Model)
    model.limits = care
    pressures = [care["map_limit"], care["map_limit"] - care["bolus_gain"], care["map_limit"] - care["norepinephrine_gain"] * care["vasopressin_at"]]
    oxygens = [care["pf_low_flow"], care["pf_high_flow"], care["pf_positive_pressure"]]
    assert model.severity(np.array(pressures), np.full(3, 450.0)) == pytest.approx([2, 3, 4])
    assert model.severity(np.full(3, 90.0), np.array(oxygens)) == pytest.approx([2, 3, 4])
    assert (model.severity(np.array([90.0]), np.array([450.0])) < 2).all()


def test_chains_that_agree_have_a_scale_reduction_of_1_and_chains_apart_more(script):
    h = script("hierarchical")
    rng = np.random.default_rng(1)
    same = rng.standard_normal((500, 4, 1))
    assert h.convergence(same)[0] == pytest.approx(1.0, abs=0.02)
    assert h.convergence(same + np.arange(4)[None, :, None])[0] > 1.5


def test_the_sampler_finds_what_made_up_patients_were_made_of(script):
    """Six patients whose production of interleukin-6 is three times the prior median, measured daily: the median moves there from the prior."""
    cohort, individual, h = script("cd22"), script("individual"), script("hierarchical")
    n, days = 6, np.arange(0.0, 20.0)
    which = 2  # interleukin-6
    rng = np.random.default_rng(3)
    blank = cohort.Cohort(tuple(range(n)), np.full(n, np.nan), np.zeros(n, int), np.full(n, 2e6), np.full(n, 0.5), *(np.zeros(n, bool),) * 3,
                          np.full((n, len(days)), which), np.tile(days, (n, 1)), np.zeros((n, len(days))), np.zeros((n, len(days)), int))
    names = ("il6_production", "il6_basal")
    model = individual.Model(blank, names, {})
    start = {p.name: p.value for p in model.system.parameters}
    made = np.log([3 * start["il6_production"], start["il6_basal"]]) + 0.1 * rng.standard_normal((n, 2))
    predicted, ok = model.predict(np.arange(n), made, np.zeros((n, 2)))
    assert ok.all()
    told = cohort.Cohort(*(getattr(blank, f) for f in ("ids", "onset", "grade", "dose", "blasts", "tocilizumab", "steroids", "anakinra", "analyte", "day")),
                         predicted.values + 0.1 * rng.standard_normal(predicted.values.shape), blank.censored)
    # these patients have fever or not as it comes: only their measurements count
    model.cohort = told
    told.onset[:] = predicted.onset
    told.onset[~np.isfinite(told.onset)] = np.nan
    told.grade[:] = np.where(np.isfinite(told.onset), np.clip(np.floor(np.maximum(predicted.severity, 1)), 1, 4), 0)
    priors = (h.Prior("il6_production", start["il6_production"], 1.0, 0.3), h.Prior("il6_basal", start["il6_basal"], 1.0, 0.3))
    draws = h.sample(told, model, priors, seed=1, chains=3, sweeps=500, keep=60, thin=4, tell=lambda _: None)
    low, high = np.percentile(draws.median[:, :, 0], [1, 99])
    assert low < np.log(3 * start["il6_production"]) < high
    assert low > np.log(1.3 * start["il6_production"]), "the prior median is not among what the data allow"
    assert draws.median[:, :, 0].std() < 0.5, "the data narrow the prior, whose standard deviation is 1"


def test_where_the_data_say_nothing_the_posterior_is_the_prior(script):
    """Twenty patients of whom nothing was measured: a median that seems known would be the sampler's doing."""
    cohort, individual, h = script("cd22"), script("individual"), script("hierarchical")
    n = 20
    blank = cohort.Cohort(tuple(range(n)), np.full(n, np.nan), np.zeros(n, int), np.full(n, 1e6), np.full(n, 0.5), *(np.zeros(n, bool),) * 3,
                          np.full((n, 1), -1), np.zeros((n, 1)), np.zeros((n, 1)), np.zeros((n, 1), int))

    class Silent:
        low, high = np.full(6, 1e-12), np.full(6, 1e12)

        def predict(self, patient, logs, days):
            r = len(patient)
            return individual.Prediction(np.zeros((r, 1)), np.full(r, np.inf), np.full(r, 36.8), np.ones(r)), np.ones(r, bool)

    priors = tuple(h.Prior(f"p{k}", 1.0, 0.7, 0.4) for k in range(6))
    draws = h.sample(blank, Silent(), priors, seed=2, chains=6, sweeps=8000, keep=500, thin=8, tell=lambda _: None)
    assert draws.median.std() == pytest.approx(0.7, rel=0.15)
    assert np.sqrt((1 / draws.omega**2).mean()) == pytest.approx(1 / 0.4, rel=0.1)


# ------------------------------------------------------------ kinetics

def curve(k, lag, rate, tmax, cmax, alpha, beta, share):
    t = k.DAYS
    up = cmax * np.exp(-rate * (tmax - np.maximum(t, lag)))
    gone = np.maximum(t - tmax, 0)
    return np.where(t < tmax, up, cmax * ((1 - share) * np.exp(-alpha * gone) + share * np.exp(-beta * gone)))


def test_the_measures_of_a_made_up_curve_are_the_numbers_it_was_made_of(script):
    k = script("kinetics")
    got = k.measures(curve(k, 3.0, 0.9, 9.0, 200.0, 0.16, 0.003, 0.01))
    assert got["tmax"] == pytest.approx(9.0, abs=0.15)
    assert got["cmax"] == pytest.approx(200.0, rel=0.03)
    assert got["lag"] == pytest.approx(3.0, abs=0.15)
    assert got["doubling"] == pytest.approx(np.log(2) / 0.9, rel=0.03)
    assert got["alpha"] == pytest.approx(np.log(2) / 0.16, rel=0.03)
    assert got["beta"] == pytest.approx(np.log(2) / 0.003, rel=0.05)


def test_growth_without_a_lag_has_the_fold_of_its_slope(script):
    k = script("kinetics")
    got = k.measures(curve(k, 0.0, 0.9, 9.0, 200.0, 0.16, 0.003, 0.01))
    assert got["fold"] == pytest.approx(np.exp(0.9 * 9.0), rel=0.1)
    assert got["lag"] <= 1.0, "the first day is not looked at"


def test_the_fit_returns_a_parameter_to_where_its_own_predictions_came_from(script):
    k = script("kinetics")
    setting = k.Setting("made", {"car_dose": 2e6})
    from tocsin.model.compile import compile_system
    from tocsin.model.load import load

    compiled = compile_system(load(), outputs=("car_blood_per_ul",))
    truth = {"contraction_rate": 0.3}
    made = k.measures(k.typical(compiled, [{**setting.sets, **truth}])[0])
    aims = [k.Aim("alpha", "made", "alpha", made["alpha"], 0.02), k.Aim("d28", "made", "d28", made["d28"], 0.02)]
    found = k.fit([setting], aims, {"contraction_rate": (0.16, 1.0)}, {}, starts=1, tell=lambda _: None)
    assert found.values["contraction_rate"] == pytest.approx(0.3, rel=0.03)
