from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.made import PEOPLE, SYSTEM, known, people
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.load import load
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.population import Correlation, Population, population


@given(st.integers(1, 30), st.integers(0, 5), st.integers(0, 2**40))
@example(1, 1, 2056536)  # a product of matrices rounds by its shape
@settings(max_examples=20, deadline=None)
def test_a_patient_is_the_same_however_many_are_drawn(first: int, more: int, seed: int) -> None:
    few, many = people(first, seed), people(first + more, seed)
    assert (few.parameters == many.parameters[:first]).all()
    assert (few.weight_kg == many.weight_kg[:first]).all()
    assert (few.age_years == many.age_years[:first]).all()
    assert few.ids == many.ids[:first]


def test_patient_7_of_10_is_patient_7_of_1000_in_the_disease_model() -> None:
    few, many = (draw(load(), n, seed=5, product="cd28", disease="lymphoma") for n in (10, 1000))
    assert (few.parameters[6] == many.parameters[6]).all()
    assert few.ids[6] == many.ids[6]


def test_another_seed_draws_other_patients() -> None:
    assert not (people(5, 1).values("loss") == people(5, 2).values("loss")).any()


def test_the_value_is_the_median_and_the_cv_that_of_a_log_normal_variable() -> None:
    loss = people(20000).values("loss")
    assert np.median(loss) == pytest.approx(1.0, rel=0.02)
    assert loss.std() / loss.mean() == pytest.approx(0.5, rel=0.05)
    assert np.log(loss).std() == pytest.approx(np.sqrt(np.log(1.25)), rel=0.02)


def test_correlated_parameters_are_correlated_as_told_and_others_are_not() -> None:
    drawn = people(20000)
    log = {name: np.log(drawn.values(name)) for name in ("loss", "volume", "share")}
    assert np.corrcoef(log["loss"], log["volume"])[0, 1] == pytest.approx(0.8, abs=0.01)
    assert np.corrcoef(log["loss"], log["share"])[0, 1] == pytest.approx(0.0, abs=0.03)


def test_a_parameter_without_variability_is_the_same_in_all() -> None:
    assert set(people(200).values("growth")[~people(200).classes["low_expander"]]) == {2.0}


def test_the_bounds_are_never_left_and_the_draw_inside_them_is_not_piled_up_on_them() -> None:
    share = people(20000).values("share")
    assert share.max() < 1.0
    assert (share > 0.95).sum() > 0


def test_a_fifth_are_low_expanders_with_a_tenth_of_the_growth() -> None:
    drawn = people(20000)
    low = drawn.classes["low_expander"]
    assert low.mean() == pytest.approx(0.2, abs=0.01)
    assert set(drawn.values("growth")[low]) == {0.2}


def test_a_disease_sets_its_parameters_and_their_variability() -> None:
    sick = people(5000, disease="sick")
    growth = sick.values("growth")[~sick.classes["low_expander"]]
    assert np.median(growth) == pytest.approx(5.0, rel=0.03)
    assert np.log(growth).std() == pytest.approx(np.sqrt(np.log(1.16)), rel=0.05)
    assert set(sick.facts()["diagnosis"]) == {"B-ALL"}


def test_what_is_set_last_counts_after_product_and_disease() -> None:
    products = {"p": (known("growth", 9.0), known("loss", 3.0))}

    def drawn(**more: object) -> VirtualPatients:
        return draw(SYSTEM, 4000, seed=1, population=PEOPLE, product="p", products=products, **more)  # type: ignore[arg-type]

    def growth(of: VirtualPatients) -> float:
        return float(np.median(of.values("growth")[~of.classes["low_expander"]]))

    assert drawn().product == "p"
    assert set(drawn().values("loss")) == {3.0}
    assert growth(drawn()) == 9.0
    assert growth(drawn(disease="sick")) == pytest.approx(5.0, rel=0.05)
    assert growth(drawn(disease="sick", sets={"growth": 7.0})) == pytest.approx(7.0, rel=0.05)


def test_adults_are_drawn_when_nothing_is_said_of_age_and_weight() -> None:
    drawn = people(3000)
    assert drawn.age_years.min() >= 18.0
    assert drawn.age_years.max() <= 75.0
    assert np.median(drawn.weight_kg) == pytest.approx(70.0, rel=0.03)
    assert (drawn.values("weight") == drawn.weight_kg).all()


def test_a_child_of_an_age_has_a_childs_weight_and_of_a_weight_a_childs_age() -> None:
    assert np.median(people(2000, age_years=3.0).weight_kg) == pytest.approx(16.6, rel=0.05)
    assert people(1, weight_kg=13.0).age_years[0] == pytest.approx(1.98, abs=0.05)
    assert people(1, weight_kg=70.0).age_years[0] >= 18.0


def test_an_age_and_a_weight_that_are_given_are_kept() -> None:
    one = people(3, age_years=3.0, weight_kg=13.0)
    assert (one.age_years.tolist(), one.weight_kg.tolist()) == ([3.0] * 3, [13.0] * 3)
    wide = people(2000, weight_kg=(10.0, 20.0)).weight_kg
    assert (wide.min() >= 10.0, wide.max() <= 20.0) == (True, True)
    assert wide.std() == pytest.approx(10.0 / np.sqrt(12.0), rel=0.05)


@pytest.mark.parametrize(("more", "says"), [
    ({"weight_kg": 0.0}, "weight_kg cannot be 0.0"), ({"weight_kg": -5.0}, "weight_kg"), ({"weight_kg": float("nan")}, "weight_kg"),
    ({"weight_kg": 401.0}, "between 0.3 and 400"), ({"weight_kg": (20.0, 10.0)}, "lowest and the highest"), ({"age_years": 121.0}, "between 0 and 120"),
    ({"seed": -1}, "seed"), ({"sets": {"share": 1.5}}, r"share \(share\) cannot be 1.5"), ({"sets": {"share": float("nan")}}, "It lies between 0 and 1"),
    ({"sets": {"loss": -1.0}}, "loss"), ({"sets": {"loss": 0.0}}, "log-normal variability needs a value above 0"),
    ({"sets": {"loss": "much"}}, "loss cannot be 'much'; it is a number"), ({"sets": {"weight": 13.0}}, "weight is drawn with the age"),
    ({"sets": {"weight": 1.0}, "n": 0}, "0 virtual patients"),
])
def test_impossible_patients_are_refused_with_the_cause(more: dict[str, object], says: str) -> None:
    told = {"seed": 1, **more}
    with pytest.raises(ModelError, match=says):
        draw(SYSTEM, int(told.pop("n", 3)), population=PEOPLE, **told)  # type: ignore[arg-type]


def test_a_value_at_its_bound_is_allowed() -> None:
    assert people(2).with_values(SYSTEM, share=1.0).values("share").tolist() == [1.0, 1.0]


def test_an_impossible_value_names_the_patient_and_the_parameter() -> None:
    with pytest.raises(ModelError, match=r"virtual-000002: share"):
        people(3).with_values(SYSTEM, share=np.array([0.5, 1.01, 0.5]))
    with pytest.raises(ModelError, match=r"virtual-000003: loss .* cannot be nan"):
        people(3).with_values(SYSTEM, loss=np.array([0.5, 0.5, np.nan]))


def test_a_weight_that_is_set_is_the_weight_that_doses_go_by() -> None:
    heavy = people(2).with_values(SYSTEM, weight=np.array([50.0, 90.0]))
    assert heavy.weight_kg.tolist() == heavy.values("weight").tolist() == [50.0, 90.0]
    assert people(2).with_values(SYSTEM, share=0.5).weight_kg.tolist() == people(2).weight_kg.tolist()


def test_a_parameter_that_cannot_stay_within_its_bounds_is_an_error_and_not_an_endless_search() -> None:
    narrow = replace(SYSTEM, parameters=(*SYSTEM.parameters, known("narrow", 1.0, 1.0, 1.0 - 1e-9, 1.0 + 1e-9)))
    with pytest.raises(ModelError, match=r"virtual-000001: narrow .* stays outside its bounds in 200 draws"):
        draw(narrow, 3, seed=1, population=PEOPLE)


@pytest.mark.parametrize(("pairs", "says"), [
    ((Correlation("loss", "nothing", 0.5, "", ""),), "no parameter"), ((Correlation("loss", "volume", 1.0, "", ""),), "cannot be 1"),
    ((Correlation("loss", "volume", 0.9, "", ""), Correlation("volume", "share", 0.9, "", ""), Correlation("loss", "share", -0.9, "", "")), "hold together"),
])
def test_correlations_that_cannot_be_are_refused(pairs: tuple[Correlation, ...], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        Population(PEOPLE.body, pairs).matrix(SYSTEM)


def test_an_unknown_disease_product_or_parameter_names_the_nearest() -> None:
    with pytest.raises(UnknownIdError, match="all-high"):
        draw(load(), 1, seed=1, disease="all-hihg")
    with pytest.raises(UnknownIdError, match="cd28"):
        draw(load(), 1, seed=1, product="cd-28")
    with pytest.raises(UnknownIdError, match="share"):
        people(1).values("shares")
    with pytest.raises(UnknownIdError, match="Nearest: share"):
        people(1, sets={"shares": 0.5})


@pytest.mark.parametrize("disease", list(population().diseases))
@pytest.mark.parametrize("product", ["4-1bb", "cd28"])
def test_every_product_and_disease_can_be_drawn_for_adults_and_children(disease: str, product: str) -> None:
    for age in (None, 3.0):
        drawn = draw(load(), 20, seed=2, product=product, disease=disease, age_years=age)
        assert np.isfinite(drawn.parameters).all()
        assert (drawn.values("weight") == drawn.weight_kg).all()


def test_confined_disease_sits_at_the_site_and_systemic_disease_in_the_marrow() -> None:
    confined, systemic = (draw(load(), 200, seed=2, disease=d) for d in ("compartmental", "all-high"))
    assert (confined.values("tumour_local_start") > confined.values("tumour_marrow_start")).mean() > 0.99
    assert (systemic.values("tumour_local_start") < systemic.values("tumour_marrow_start")).mean() > 0.9
    assert set(confined.facts()["disease_extent"]) == {"compartmental"}


def test_the_table_has_every_parameter_of_every_patient() -> None:
    drawn = people(4, disease="sick")
    table = drawn.table()
    assert table["parameter_loss"].to_list() == drawn.values("loss").tolist()
    assert set(table["disease"]) == {"sick"}
    assert len(drawn.only([2, 0])) == 2
    assert drawn.only([2, 0]).ids == ("virtual-000003", "virtual-000001")


def test_every_number_of_the_population_has_a_source_or_says_that_it_is_assumed() -> None:
    for number in (*population().body.entries, *(p for d in population().diseases.values() for p in d.sets)):
        assert number.source
        assert number.unit
        assert (number.source == "assumed") <= (number.status == "assumed")
