"""Cox models, their checks and Firth's penalty against R 4.2.2, survival 3.5-3, fitted to convergence (coxph.control(eps = 1e-11))."""

from __future__ import annotations

import math
import time as clock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort import r_survival as r
from conftest import SharedData
from tocsin.cite import bibliography
from tocsin.cohort import cox_checks, firth
from tocsin.cohort.cox import CITES, ROBUST_CITES, CoxFit, cox
from tocsin.cohort.cox_checks import proportional_hazards
from tocsin.cohort.firth import firth_cox
from tocsin.cohort.partial_likelihood import CITES as LIKELIHOOD_CITES
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError, SettingError

MADE_UP = Survival.of(r.TIME, r.EVENT)
LATE = Survival.of(r.TIME, r.EVENT, r.ENTRY)
X = {"arm": r.ARM, "age": r.AGE}
Z = 1.959963984540054


def agrees(fit: CoxFit, coefficients, errors, tests, loglik, agreement, zph):
    """tests: likelihood ratio, Wald, score and, where robust, robust score; zph: each covariate and all."""
    assert fit.beta == pytest.approx(coefficients, rel=1e-8)
    assert [c.std_error for c in fit.coefficients] == pytest.approx(errors, rel=1e-8)
    assert [t.statistic for t in fit.tests] == pytest.approx(tests, rel=1e-8)
    assert fit.loglik == pytest.approx(loglik, rel=1e-10)
    assert (fit.concordance.value, (fit.concordance.high - fit.concordance.value) / Z) == pytest.approx(agreement, rel=1e-9)
    found = proportional_hazards(fit)
    assert [t.statistic for t in (*found.tests, found.overall)] == pytest.approx(zph, rel=1e-7)


def test_a_model_with_tied_times_is_that_of_r():
    agrees(cox(MADE_UP, X), [0.76124497317955, 0.00890450514271], [0.490428767856, 0.014472008655], [3.34670894416, 3.17038512849, 3.30925359309],
           (-55.2933999628, -53.6200454908), (0.607575757576, 0.0753065363851), [0.0420717717434, 0.0427884592341, 0.1043041216138])


def test_a_stratified_model_with_late_entry_and_robust_variance_is_that_of_r():
    fit = cox(LATE, X, strata=r.SITE, cluster=r.PATIENT)
    agrees(fit, [0.82636776746334, 0.00672962042616], [0.44147843860832, 0.00972034023794], [3.32989081417, 3.93047786644, 3.26839218408, 3.6750555428],
           (-38.3469725734, -36.6820271663), (0.626923076923, 0.0785490087816), [2.89412851975e-02, 3.66414808981e-05, 3.06596009702e-02])
    assert [c.model_error for c in fit.coefficients] == pytest.approx([0.5148915106351, 0.0161145932754], rel=1e-8)
    assert fit["arm"].p == pytest.approx(0.0612316368264, rel=1e-8)


def test_breslow_ties_are_those_of_r():
    agrees(cox(LATE, X, ties="breslow"), [0.69921814576424, 0.00994472854898], [0.4933490627481, 0.0146978525168],
           [3.06550034471, 2.9034497101, 3.01334689595], (-53.9653138993, -52.4325637269), (0.606643356643, 0.0752398589093),
           [0.07552158594114, 0.00506684472633, 0.09169860922681])


@pytest.mark.parametrize("name", r.SETS)
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_every_reference_model_is_that_of_r(shared_data: SharedData, name, ties):
    """To the digits to which R converges by default: 3e-8 of a coefficient; with a stricter limit R gives ours to all its digits."""
    folder = shared_data("r_survival_reference")
    time, event, group = r.by_group(folder, name)
    wanted = r.answers(folder)[name][f"cox_{ties}"]
    fit = cox(Survival.of(time, event), {"group": group}, ties=ties)

    def listed(key: str) -> list[float]:
        return wanted[key] if isinstance(wanted[key], list) else [wanted[key]]

    assert fit.beta == pytest.approx(listed("coef"), rel=3e-8)
    assert [c.std_error for c in fit.coefficients] == pytest.approx(listed("se"), rel=1e-9)
    assert [c.hazard_ratio for c in fit.coefficients] == pytest.approx(listed("hr"), rel=1e-8)
    assert [c.low for c in fit.coefficients] == pytest.approx(listed("lower"), rel=1e-8)
    assert [c.high for c in fit.coefficients] == pytest.approx(listed("upper"), rel=1e-8)
    ratio, wald, score = fit.tests
    assert (ratio.statistic, ratio.p) == pytest.approx((wanted["lr"][0], wanted["lr"][2]), rel=1e-9)
    assert (round(wald.statistic, 2), wald.p) == pytest.approx((wanted["wald"][0], wanted["wald"][2]), rel=1e-7)
    assert (score.statistic, score.p) == pytest.approx((wanted["score"][0], wanted["score"][2]), rel=1e-9)


def test_every_reconstructed_trial_has_the_hazard_ratio_of_r(shared_data: SharedData):
    folder = shared_data("kmdata_survival_ipd")
    data = r.trials(folder)
    for name, answer in r.answers(folder).items():
        time, event, arm = zip(*data[name], strict=True)
        reference = answer["ref_arm"][0]
        levels = {"arm": [reference, *sorted(set(arm) - {reference})]}
        for ties in ("efron", "breslow"):
            fit = cox(Survival.of(time, event), {"arm": arm}, levels=levels, ties=ties)
            assert fit.beta[0] == pytest.approx(answer[f"cox_{ties}_coef"][0], rel=3e-8), name
            if ties == "efron":
                assert fit.coefficients[0].std_error == pytest.approx(answer["cox_efron_se"][0], rel=1e-9), name


def test_the_heart_transplant_data_give_the_published_coefficients(shared_data: SharedData):
    """R: coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, cluster = id); the transplant is time-dependent."""
    c = r.columns(shared_data("r_survival_reference"), "survival_heart.csv")
    data = Survival.of(r.number(c["stop"]), r.number(c["event"]), r.number(c["start"]))
    fit = cox(data, {k: r.number(c[k]) for k in ("age", "year", "surgery", "transplant")}, cluster=c["id"])
    agrees(fit, [0.0271666409577, -0.1463463456742, -0.6372098899670, -0.0102507724091],
           [0.0138918929241, 0.0730798592394, 0.3582102023844, 0.3168823490625], [15.111478909, 16.8329930443, 15.034197913, 18.2363014168],
           (-298.121355673, -290.565616218), (0.635760123921, 0.033153739295),
           [0.8668747109154, 1.7164144292076, 0.0973950591162, 0.2029343881531, 3.4731022988457])


def test_the_veteran_data_fail_proportional_hazards_as_in_r(shared_data: SharedData):
    """R: coxph(Surv(time, status) ~ trt + celltype + karno + age, veteran) and cox.zph of it, celltype with three degrees of freedom."""
    c = r.columns(shared_data("r_survival_reference"), "survival_veteran.csv")
    x = {"trt": r.number(c["trt"]), "celltype": c["celltype"], "karno": r.number(c["karno"]), "age": r.number(c["age"])}
    fit = cox(Survival.of(r.number(c["time"]), r.number(c["status"])), x, levels={"celltype": ["squamous", "smallcell", "adeno", "large"]})
    agrees(fit, [0.30304809512458, 0.85634037587267, 1.17880702934704, 0.40233219675043, -0.03268548273945, -0.00890316513119],
           [0.20565590078665, 0.27132236351063, 0.29644047774069, 0.28254365090052, 0.00540884963363, 0.00922428318901],
           [61.9825294664, 62.3538198678, 66.615357243], (-505.449054918, -474.457790185), (0.73841435711, 0.0210383832283),
           [0.284421629241, 14.883722181714, 12.977298736956, 1.874274720481, 29.179219055220])
    for transform, wanted in (("log", [0.283144399983, 14.023347425598, 10.147051703622, 3.279633950537, 28.997543013065]),
                              ("identity", [4.86506027955e-05, 18.3440008235, 6.23053952382, 0.794205824739, 24.5995022270]),
                              ("rank", [0.295738976973, 15.053373818426, 13.567562705819, 1.816337492806, 29.575193726691])):
        found = proportional_hazards(fit, transform)
        assert [t.statistic for t in (*found.tests, found.overall)] == pytest.approx(wanted, rel=1e-8)
    assert [t.df for t in found.tests] == [(1,), (3,), (1,), (1,)]


def test_weights_with_clusters_are_those_of_r(shared_data: SharedData):
    """R: coxph(Surv(time, status) ~ age + sex, kidney, cluster = id, weights = rep(c(1, 2, .5), length.out = 76))."""
    c = r.columns(shared_data("r_survival_reference"), "survival_kidney.csv")
    data, x = Survival.of(r.number(c["time"]), r.number(c["status"])), {"age": r.number(c["age"]), "sex": r.number(c["sex"])}
    fit = cox(data, x, cluster=c["id"], weights=np.resize([1, 2, 0.5], len(data)))
    assert fit.beta == pytest.approx([0.00469647391046, -0.94298855991559], rel=1e-9)
    assert [v.std_error for v in fit.coefficients] == pytest.approx([0.0117287706905, 0.4396664694882], rel=1e-9)
    assert (fit.concordance.value, (fit.concordance.high - fit.concordance.value) / Z) == pytest.approx((0.658812701335, 0.0562048362723), rel=1e-9)


# ---------------------------------------------------------------------------------------------------- monotone likelihood
ALL_EXPOSED = Survival.of(range(1, 11), [1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
EXPOSED = {"exposed": [1] * 5 + [0] * 5}


def test_events_on_one_side_only_give_an_infinite_hazard_ratio_without_wald_limits():
    fit = cox(ALL_EXPOSED, EXPOSED)
    only = fit.coefficients[0]
    assert fit.infinite == ("exposed",)
    assert (only.log_hazard_ratio, only.hazard_ratio) == (math.inf, math.inf)
    assert all(math.isnan(v) for v in (only.low, only.high, only.p, only.std_error))
    assert any("Firth" in w for w in fit.warnings)
    assert fit.test("Wald test").p is None
    assert fit.test("likelihood ratio test").statistic == pytest.approx(7.4753392, rel=1e-6)
    with pytest.raises(CohortError, match="infinite"):
        proportional_hazards(fit)


def test_no_events_among_the_exposed_give_a_hazard_ratio_of_0():
    fit = cox(ALL_EXPOSED, {"spared": [0] * 5 + [1] * 5})
    assert (fit.coefficients[0].log_hazard_ratio, fit.coefficients[0].hazard_ratio) == (-math.inf, 0.0)


def test_beside_an_infinite_coefficient_the_others_stay_finite():
    fit = cox(MADE_UP, {"arm": r.ARM, "never": [int(e == 0 and t > 30) for e, t in zip(r.EVENT, r.TIME, strict=True)]})
    assert fit.infinite == ("never",)
    assert math.isfinite(fit["arm"].std_error)
    without = [not (e == 0 and t > 30) for e, t in zip(r.EVENT, r.TIME, strict=True)]
    alone = cox(MADE_UP.take(without), {"arm": np.array(r.ARM)[without]})
    assert fit["arm"].log_hazard_ratio == pytest.approx(alone["arm"].log_hazard_ratio, abs=1e-6)
    assert fit["arm"].std_error == pytest.approx(alone["arm"].std_error, abs=1e-6)


def test_firth_keeps_it_finite_with_the_profile_limits_found_by_an_independent_maximiser():
    """R: optim and uniroot on coxph(init = b, iter.max = 0)'s log-likelihood - log det(var) / 2."""
    fit = firth_cox(ALL_EXPOSED, EXPOSED)
    only = fit.coefficients[0]
    assert only.log_hazard_ratio == pytest.approx(2.67699237788, abs=1e-6)
    assert (math.log(only.low), math.log(only.high)) == pytest.approx((0.404663457535, 7.5724649863), abs=1e-6)
    assert only.p == pytest.approx(0.0173404081073, abs=1e-8)
    assert fit.loglik == pytest.approx((-8.55856780028, -5.72777340537), abs=1e-8)


@pytest.mark.parametrize(("ties", "beta", "low", "high", "p"), [
    ("efron", 1.54173938608, 0.77848359596, 2.38104801624, 5.52205775763e-05),
    ("breslow", 1.47933827798, 0.72090999033, 2.31228809348, 0.000101141529525),
])
def test_firth_with_ties_is_that_of_an_independent_maximiser(shared_data: SharedData, ties, beta, low, high, p):
    time, event, arm = r.by_group(shared_data("r_survival_reference"), "freireich_6mp")
    only = firth_cox(Survival.of(time, event), {"arm": arm}, ties=ties).coefficients[0]
    assert (only.log_hazard_ratio, math.log(only.low), math.log(only.high)) == pytest.approx((beta, low, high), abs=1e-6)
    assert only.p == pytest.approx(p, rel=1e-6)


def test_firth_with_three_covariates_is_that_of_an_independent_maximiser(shared_data: SharedData):
    c = r.columns(shared_data("r_survival_reference"), "survival_ovarian.csv")
    x = {"age": [(a - 56) / 10 for a in r.number(c["age"])], "rx": r.number(c["rx"]), "ecog": r.number(c["ecog.ps"])}
    fit = firth_cox(Survival.of(r.number(c["futime"]), r.number(c["fustat"])), x)
    assert [v.log_hazard_ratio for v in fit.coefficients] == pytest.approx([1.35662394244, -0.837269947583, 0.0711999219748], abs=1e-6)
    assert [math.log(v.low) for v in fit.coefficients] == pytest.approx([0.600156269118, -2.05221259247, -1.05795162871], abs=1e-6)
    assert [math.log(v.high) for v in fit.coefficients] == pytest.approx([2.33419715157, 0.363643004764, 1.25722534172], abs=1e-6)
    assert [v.p for v in fit.coefficients] == pytest.approx([0.000201109898479, 0.166340849528, 0.901615823005], abs=1e-8)
    assert fit.loglik == pytest.approx((-32.9522567991, -25.2487653239), abs=1e-8)


def test_firth_is_the_same_in_other_units():
    months = firth_cox(MADE_UP, {"age": r.AGE}).coefficients[0]
    decades = firth_cox(MADE_UP, {"age": [a / 10 for a in r.AGE]}).coefficients[0]
    assert decades.log_hazard_ratio == pytest.approx(10 * months.log_hazard_ratio, abs=1e-7)
    assert decades.p == pytest.approx(months.p, abs=1e-9)


# ---------------------------------------------------------------------------------------------------- what cannot be fitted
@pytest.mark.parametrize(("data", "covariates", "says"), [
    (Survival.of([1, 2, 3], [0, 0, 0]), {"x": [1, 2, 3]}, "No event"),
    (MADE_UP, {"x": [1] * 30}, "the same .1. for all 30 rows"),
    (MADE_UP, {"x": ["a"] * 30}, "x is a for everybody"),
    (MADE_UP, {"x": [None] * 30}, "nothing to analyse"),
    (MADE_UP, {"x": r.AGE, "y": [2 * a + 1 for a in r.AGE]}, "y is determined by"),
    (MADE_UP, {"x": r.AGE[1:]}, "29 values for 30 rows"),
    (MADE_UP, {}, "at least one covariate"),
    (Survival.of([1, 2, 3, 4], [0, 1, 1, 1]), {"x": [1, 0, 0, 0]}, "all at risk had the same value"),
])
def test_a_model_that_cannot_be_fitted_is_refused(data, covariates, says):
    with pytest.raises(CohortError, match=says):
        cox(data, covariates)
    with pytest.raises(CohortError, match=says if "risk" not in says else "cannot be told apart"):
        firth_cox(data, covariates)


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(SettingError, match="efron or breslow"):
        cox(MADE_UP, X, ties="exact")
    with pytest.raises(SettingError, match="km, rank"):
        proportional_hazards(cox(MADE_UP, X), "square")
    with pytest.raises(CohortError, match="above 0"):
        cox(MADE_UP, X, weights=[0.0] * 30)
    with pytest.raises(CohortError, match="not among its levels"):
        cox(MADE_UP, {"arm": [str(a) for a in r.ARM]}, levels={"arm": ["0"]})


def test_rows_that_lack_a_value_are_left_out_and_counted():
    ages = [None, float("nan"), *r.AGE[2:]]
    fit = cox(MADE_UP, {"arm": r.ARM, "age": ages})
    assert (fit.n, fit.dropped) == (28, 2)
    assert fit.beta == pytest.approx(cox(MADE_UP.take(range(2, 30)), {"arm": r.ARM[2:], "age": r.AGE[2:]}).beta)


def test_few_events_for_many_coefficients_are_said():
    assert any("fewer than 10 each" in w for w in cox(MADE_UP, {**X, "site": r.SITE}).warnings)
    assert cox(MADE_UP, X).warnings == ()


def test_a_term_of_several_levels_has_one_wald_test():
    fit = cox(MADE_UP, {"age": ["young" if a < 35 else "middle" if a < 50 else "old" for a in r.AGE]}, levels={"age": ["young", "middle", "old"]})
    assert [c.name for c in fit.coefficients] == ["age: middle", "age: old"]
    assert fit.wald("age").df == (2,)
    assert fit.wald("age").statistic == pytest.approx(fit.test("Wald test").statistic)


def test_every_citation_of_the_models_is_in_the_references():
    cites = CITES + ROBUST_CITES + firth.CITES + cox_checks.CITES + LIKELIHOOD_CITES["efron"] + LIKELIHOOD_CITES["breslow"]
    assert len(bibliography(cites)) == 9


# ---------------------------------------------------------------------------------------------------- properties
rows = st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 3), st.integers(0, 1)), min_size=8, max_size=30)


def fitted(time, event, x, **more) -> CoxFit | None:
    try:
        return cox(Survival.of(time, event), {"x": x}, **more)
    except CohortError:
        return None


@settings(max_examples=80, derandomize=True, deadline=None, database=None)
@given(rows)
def test_the_likelihood_is_efrons_written_out_and_the_estimate_its_top(data):
    time, event, x, _ = zip(*data, strict=True)
    fit = fitted(time, event, x)
    if fit is None or fit.infinite:
        return

    def efron(beta: float) -> float:
        total = 0.0
        for t in {u for u, e in zip(time, event, strict=True) if e}:
            at_risk = sum(math.exp(beta * v) for u, v in zip(time, x, strict=True) if u >= t)
            dead = [v for u, e, v in zip(time, event, x, strict=True) if u == t and e]
            tied = sum(math.exp(beta * v) for v in dead)
            total += sum(beta * v - math.log(at_risk - k / len(dead) * tied) for k, v in enumerate(dead))
        return total

    b = float(fit.beta[0])
    assert fit.loglik[1] == pytest.approx(efron(b), abs=1e-9)
    assert efron(b) >= max(efron(b - 1e-3), efron(b + 1e-3)) - 1e-12
    curvature = (efron(b + 1e-3) - 2 * efron(b) + efron(b - 1e-3)) / 1e-6
    assert fit.coefficients[0].std_error == pytest.approx(1 / math.sqrt(-curvature), rel=1e-2)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(rows)
def test_a_row_cut_in_two_changes_nothing(data):
    time, event, x, _ = zip(*data, strict=True)
    fit = fitted(time, event, x)
    if fit is None or fit.infinite:
        return
    cut = [t / 2 for t in time]
    twice = cox(Survival.of([*cut, *time], [0] * len(time) + list(event), [0] * len(time) + cut), {"x": x + x}, cluster=list(range(len(time))) * 2)
    once = cox(Survival.of(time, event), {"x": x}, cluster=range(len(time)))
    assert twice.beta == pytest.approx(fit.beta, abs=1e-8)
    assert twice.coefficients[0].model_error == pytest.approx(fit.coefficients[0].std_error, abs=1e-8)
    assert twice.coefficients[0].std_error == pytest.approx(once.coefficients[0].std_error, abs=1e-8)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(rows)
def test_the_score_test_of_two_groups_without_ties_is_the_log_rank_test(data):
    from tocsin.cohort.logrank import log_rank
    event, group = [e for _, e, _, _ in data], [g for *_, g in data]
    time = list(np.random.default_rng(len(data)).permutation(len(data)) + 1)
    fit = fitted(time, event, group)
    if fit is None:
        return
    assert fit.test("score test").statistic == pytest.approx(log_rank(Survival.of(time, event), group).test.statistic, rel=1e-8, abs=1e-10)


def test_five_thousand_patients_and_ten_covariates_are_fitted_within_a_second():
    generator = np.random.default_rng(11)
    x = generator.normal(size=(5000, 10))
    time = np.ceil(generator.exponential(200 * np.exp(-0.2 * x[:, 0])))
    start = clock.process_time()
    fit = cox(Survival.of(time, generator.random(5000) < 0.7), {f"x{j}": x[:, j] for j in range(10)})
    assert clock.process_time() - start < 3.0       # measured 0.3 s; three seconds leave room for a busy machine
    assert fit["x0"].log_hazard_ratio == pytest.approx(0.2, abs=0.06)


def test_firths_estimate_is_found_where_one_event_alone_has_both_kinds_at_risk():
    """With 3 treated and 7 not at risk at the only telling event the penalised likelihood is highest where a treated one has it in 1 of 4: at 7/9."""
    data = Survival.of([1, 2, 3, 3, 3, 3, 3, 1.5, 1.5, 1.5], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    found = firth_cox(data, {"treated": [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]}).coefficients[0]
    assert found.hazard_ratio == pytest.approx(7 / 9)
    assert 0 < found.low < found.hazard_ratio < found.high
