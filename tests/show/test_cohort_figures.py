"""The figures of a cohort's report: words that can be read, numbers under their ticks, nothing dropped, the same bytes each time."""

from __future__ import annotations

import math
import re
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.text import Text

from show import cohort_figures_made as made
from show.cohort_figures_made import ALL, ARMS, LONG, MONTH, PLAIN
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.parts import Box, Boxes, Courses, FigurePart, Forest, ForestRow, Shares, Swimmer
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError
from tocsin.show import palette
from tocsin.show.cohort.arms import look_of
from tocsin.show.cohort.boxes import whiskers
from tocsin.show.cohort.draw import draw, save_figure
from tocsin.show.cohort.forest import span_of, written

FINE = 300


def figure_of(drawing, arms=ARMS):
    figure = draw(FigurePart("figure-1", "A title", "A caption", drawing), arms)
    figure.dpi = FINE
    figure.canvas.draw()
    return figure


@cache
def named(name):
    make, arms = ALL[name]
    return figure_of(make(), arms)


def texts(figure):
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def words(figure):
    return [t.get_text() for t in texts(figure)]


def box_of(text):
    return text.get_window_extent(text.figure.canvas.get_renderer())


# ---------------------------------------------------------------------------------------------------- what a journal checks
@pytest.mark.parametrize("name", ALL)
def test_no_text_lies_on_another_or_leaves_the_sheet(name):
    figure = named(name)
    found = [(t.get_text(), box_of(t)) for t in texts(figure)]
    assert found
    for k, (said, box) in enumerate(found):
        assert box.x0 >= 0, said
        assert box.y0 >= 0, said
        assert box.x1 <= figure.bbox.width, said
        assert box.y1 <= figure.bbox.height, said
        for other, taken in found[:k]:
            across = min(box.x1, taken.x1) - max(box.x0, taken.x0)
            along = min(box.y1, taken.y1) - max(box.y0, taken.y0)
            assert across <= 1 or along <= 1, (said, other)


@pytest.mark.parametrize("name", ALL)
def test_text_is_5_to_8_points_and_the_sheet_one_or_two_columns_wide(name):
    figure = named(name)
    assert all(5.0 <= t.get_fontsize() <= 8.0 for t in texts(figure))
    wide, high = (side * 25.4 for side in figure.get_size_inches())
    assert round(wide) in (85, 180)
    assert high <= 240


@pytest.mark.parametrize("name", PLAIN)
def test_the_same_part_gives_the_same_bytes_and_text_stays_text(name, tmp_path):
    make, arms = PLAIN[name]
    part = FigurePart("figure-7", "A <title> & more", "", make())
    one, two = (save_figure(part, arms, tmp_path / folder) for folder in ("one", "two"))
    assert [p.name for p in one] == ["figure-7.svg", "figure-7.png", "figure-7.pdf"]
    for a, b in zip(one, two, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.suffix
    svg = one[0].read_text(encoding="utf-8")
    ET.fromstring(svg)
    assert "<dc:date>" not in svg
    assert "<text" in svg
    assert b"/FontFile2" in one[2].read_bytes()  # TrueType, embedded
    assert b"/Type3" not in one[2].read_bytes()


def test_an_arm_has_one_colour_in_every_figure():
    first, second = palette.ARM_COLOURS[:2]
    for name in ("curves", "boxes", "courses", "swimmer", "flow", "shares"):
        figure = named(name)
        used = {_hex(c) for c in _colours(figure)}
        assert {first, second} <= used, name
        assert not {look_of(2).colour, look_of(3).colour} & used, name


# ---------------------------------------------------------------------------------------------------- curves
@pytest.mark.parametrize(("drawing", "arms"), [(made.curves(), ARMS), (made.curves(80, LONG), LONG), (made.incidences(), ARMS)])
def test_numbers_at_risk_stand_under_their_ticks_and_are_those_of_the_curves(drawing, arms):
    figure = figure_of(drawing, arms)
    axes = figure.axes[0]
    ticks = axes.get_xticks()
    assert len(ticks) >= 3
    curves = drawing.at_risk if hasattr(drawing, "at_risk") else drawing.curves
    expected = [str(n) for c in curves for n in c.at_risk_at(np.asarray(ticks) * MONTH)]
    heading = next(t for t in texts(figure) if t.get_text() == "Number at risk")
    below = [t for t in texts(figure) if t.get_text().isdigit() and box_of(t).y1 < box_of(heading).y0]
    assert [t.get_text() for t in below] == expected
    for k, text in enumerate(below):
        tick = axes.transData.transform((ticks[k % len(ticks)], 0))[0]
        middle = (box_of(text).x0 + box_of(text).x1) / 2
        assert abs(middle - tick) < 0.1 * FINE / 25.4, text.get_text()


def test_a_curve_begins_at_100_percent_and_ends_with_its_follow_up():
    drawing = made.curves()
    lines = _steps(figure_of(drawing))
    for curve, line in zip(drawing.curves, lines, strict=True):
        xs, ys = line.get_data()
        assert (xs[0], ys[0]) == (0, 100)
        assert xs[-1] == pytest.approx(curve.time[-1] / MONTH)
        assert ys[-1] == pytest.approx(100 * curve.survival[-1])
        assert set(np.round(ys, 9)) == {100.0, *np.round(100 * curve.survival, 9)}


def test_until_cuts_the_axis_in_days():
    drawing = made.curves(until=365.25)
    figure = figure_of(drawing)
    assert figure.axes[0].get_xlim() == (0, pytest.approx(12))
    assert all(line.get_xdata()[-1] <= 12.0001 for line in _steps(figure))
    assert figure_of(replace(drawing, until=None)).axes[0].get_xlim()[1] > 30


def test_censoring_is_marked_only_where_asked_for():
    marked = [line for line in figure_of(made.curves()).axes[0].lines if line.get_marker() == "|"]
    censored = [c.time[c.censored > 0] for c in made.curves().curves]
    assert sum(len(line.get_xdata()) for line in marked) == sum(len(c) for c in censored) > 0
    figure = figure_of(made.curves(marks=False))
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "|"]
    assert "censored" not in words(figure)


def test_more_censored_than_can_be_told_apart_are_said_not_to_be_marked():
    time, event = np.arange(1.0, 204.0), np.zeros(203)
    event[0] = 1
    for n, said in ((201, "censored"), (202, "censoring not marked (over 200)")):
        figure = figure_of(made.of_survival(time[:n], event[:n], ["tocilizumab"] * n, ("tocilizumab",)))
        assert said in words(figure), n


def test_a_band_has_no_part_where_its_limits_do_not_exist():
    drawing = made.of_survival([10.0, 20.0, 30.0], [1, 1, 1], ["all"] * 3, ("all",), marks=False)
    band = next(c for c in figure_of(drawing).axes[0].collections if isinstance(c, PolyCollection))
    reach = max(path.vertices[:, 0].max() for path in band.get_paths())
    assert reach == pytest.approx(30 / MONTH)  # the limits before the last event hold up to it, then the curve is at 0 without limits
    assert min(path.vertices[:, 1].min() for path in band.get_paths()) > 0


@pytest.mark.parametrize(("time", "event"), [([0.0], [1]), ([0.0, 0.0], [0, 0]), ([5.0], [0]), ([0.0, 9.0], [1, 1])])
def test_zero_times_and_one_patient_draw(time, event):
    figure = figure_of(made.of_survival(time, event, ["all"] * len(time), ("all",)))
    low, high = figure.axes[0].get_xlim()
    assert low == 0
    assert high > 0
    assert "Number at risk" in words(figure)


@pytest.mark.parametrize("name", ["curves", "curves, cut", "curves, four long arms", "curves, many", "incidences"])
def test_legend_and_note_cover_no_curve(name):
    figure = named(name)
    axes = figure.axes[0]
    box = axes.get_window_extent()
    inside = [t for t in texts(figure) if box.contains(*box_of(t).min) and box.contains(*box_of(t).max)]
    points = np.concatenate([_along(axes.transData.transform(np.column_stack(line.get_data()))) for line in _steps(figure)])
    for text in inside:
        b = box_of(text)
        hit = (points[:, 0] > b.x0) & (points[:, 0] < b.x1) & (points[:, 1] > b.y0) & (points[:, 1] < b.y1)
        assert not hit.any(), text.get_text()


def test_medians_are_dropped_to_the_axis_only_where_reached():
    curve = kaplan_meier(Survival.of([10.0, 20.0, 30.0, 40.0], [1, 1, 1, 0])).curves[0]
    dotted = [x for x in figure_of(made.of_survival([10.0, 20.0, 30.0, 40.0], [1, 1, 1, 0], ["all"] * 4, ("all",), medians=True)).axes[0].lines
              if list(x.get_ydata()) == [50, 50, 0]]
    assert [line.get_xdata()[1] for line in dotted] == [pytest.approx(curve.median.value / MONTH)]
    never = figure_of(made.of_survival([10.0, 20.0, 30.0, 40.0], [1, 0, 0, 0], ["all"] * 4, ("all",), medians=True))
    assert not [x for x in never.axes[0].lines if list(x.get_ydata()) == [50, 50, 0]]


def test_incidences_have_a_colour_an_event_and_a_line_a_group():
    drawing = made.incidences()
    lines = _steps(figure_of(drawing))
    for pick, look in ((lambda c: c.cause, lambda x: x.get_color()), (lambda c: c.label, lambda x: str(x._unscaled_dash_pattern))):
        pairs = {(pick(c), look(x)) for c, x in zip(drawing.curves, lines, strict=True)}
        assert len(pairs) == 2
    assert all(tuple(line.get_xydata()[0]) == (0, 0) for line in lines)


# ---------------------------------------------------------------------------------------------------- flow, shares
def test_the_flow_prints_every_number_and_reason():
    said = " ".join(words(figure_of(made.flow())))
    for part in ("Screened for the study with relapsed or refractory disease (n = 61)", "progressed before the infusion (n = 1)", "Left out (n = 15)",
                 "follow-up shorter than 28 days (n = 4)", "(n = 11)", "Analysed (n = 45)", "no tocilizumab (n = 11)"):
        assert part in re.sub(r"\s+", " ", said), part


def test_counts_are_printed_in_their_segments_and_the_unknown_apart():
    said = words(figure_of(made.shares()))
    assert {"8 (47%)", "9 (53%)", "n = 17", "n = 28", "not known", "2"} <= set(said)
    assert "0" in said  # the axis alone: no empty level is printed
    assert said.count("0") == 1


def test_counts_that_do_not_add_up_are_refused():
    with pytest.raises(CohortError, match=r"'tocilizumab'.* add up to 17, but 18"):
        figure_of(Shares((("tocilizumab", 18),), ("a", "b"), ((8, 9),)))


# ---------------------------------------------------------------------------------------------------- swimmer
def test_every_dose_within_the_days_is_marked_and_the_others_are_counted():
    drawing = made.swimmer(20)
    axes = figure_of(drawing).axes[0]
    drawn = sum(len(x.get_xdata()) for x in axes.lines if x.get_markerfacecolor() == "#ffffff" and x.get_marker() in ("v", "o", "s"))
    inside = sum(d <= 28 for lane in drawing.lanes for d, _ in lane.doses)
    assert drawn == inside == sum(len(lane.doses) for lane in drawing.lanes) - 1
    assert "Not drawn: 1 dose outside days 0 to 28." in words(figure_of(drawing))


def test_what_happens_after_the_days_drawn_stands_beside_the_lane_with_its_day():
    drawing = made.swimmer(20)
    said = words(figure_of(drawing))
    later = [day for lane in drawing.lanes for day, _ in lane.events if day > 28]
    assert later
    assert sorted(w for w in said if w.startswith("day ")) == sorted(f"day {round(d)}" for d in later)


def test_no_more_than_three_later_events_stand_beside_a_lane_and_the_rest_is_counted():
    for n, remark in ((3, None), (4, "Not drawn: 1 event outside days 0 to 28.")):
        lane = replace(made.swimmer(1).lanes[0], doses=(), events=tuple((30.0 + k, "infection") for k in range(n)))
        said = words(figure_of(Swimmer((lane,), ARMS, "CRS", 28.0)))
        assert sum(w.startswith("day ") for w in said) == 3
        assert [w for w in said if w.startswith("Not drawn")] == ([remark] if remark else [])


@pytest.mark.parametrize(("n", "named"), [(80, True), (81, False)])
def test_up_to_80_lanes_have_names(n, named):
    drawing = made.swimmer(n)
    said = words(figure_of(drawing))
    assert all((lane.patient in said) is named for lane in drawing.lanes)


def test_unknown_grades_are_hatched_not_grade_0():
    lane = replace(made.swimmer(1).lanes[0], grades=((0.0, 5.0, -1),), doses=(), events=())
    figure = figure_of(Swimmer((lane,), ARMS, "CRS", 28.0))
    hatched = [c for c in figure.axes[0].patches if c.get_hatch()]
    assert len(hatched) == 1
    assert "not known" in words(figure)
    assert "0" not in [t.get_text() for t in figure.texts]


def test_thousands_of_lanes_draw_within_seconds_with_few_artists():
    drawing = made.swimmer(3000)
    begin = time.perf_counter()
    figure = figure_of(drawing)
    assert time.perf_counter() - begin < 20  # three on a free core
    assert len(figure.axes[0].get_children()) < 40


# ---------------------------------------------------------------------------------------------------- forest
@pytest.mark.parametrize(("row", "said"), [
    (ForestRow("a", 1.42, 0.61, 3.30), "1.42 (0.61 to 3.30)"), (ForestRow("a", -0.036, -0.18, 0.15), "−0.04 (−0.18 to 0.15)"),
    (ForestRow("a", 4.4, 0.5, None), "4.40 (0.50 to –)"), (ForestRow("a", math.inf, 2.1, math.inf), "∞ (2.10 to ∞)"),
    (ForestRow("a", 0.7), "0.70 (no interval)"), (ForestRow("a", None, n="45"), "not estimable"), (ForestRow("a"), ""),
    (ForestRow("a", 12.34, 9.996, 1234.5), "12.3 (10.00 to 1234)"), (ForestRow("a", 0.0, 0.0, 0.004), "0.00 (0.00 to 0.004)"),
])
def test_an_estimate_is_written_with_its_interval(row, said):
    assert written(row) == said


def test_an_arrow_head_stands_where_an_interval_leaves_the_axis_and_only_there():
    figure = figure_of(made.forest())
    low, high = figure.axes[0].get_xlim()
    heads = sorted((x.get_marker(), round(float(x.get_xdata()[0]), 6)) for x in figure.axes[0].lines if x.get_marker() in "<>")
    assert heads == [("<", round(low, 6))] * 2 + [(">", round(high, 6))] * 2  # never, wide; separated, wide
    assert not [x for x in figure_of(made.differences()).axes[0].lines if x.get_marker() in ("<", ">")]


def test_ratios_stand_on_a_logarithmic_axis_around_1_and_differences_around_0():
    ratio, difference = figure_of(made.forest()).axes[0], figure_of(made.differences()).axes[0]
    assert (ratio.get_xscale(), difference.get_xscale()) == ("log", "linear")
    assert 1 in ratio.get_xticks()
    assert 0 in difference.get_xticks()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(1, 50), st.floats(1, 50)), min_size=1, max_size=8))
def test_every_estimate_lies_on_the_axis(rows):
    drawing = Forest(tuple(ForestRow("a", v, v / low, v * high) for v, low, high in rows), "Hazard ratio")
    low, high = span_of(drawing)
    assert all(low < v < high for v, _, _ in rows)
    assert low < 1 < high


# ---------------------------------------------------------------------------------------------------- boxes, courses
def test_every_value_is_a_point_and_what_an_axis_cannot_show_is_counted():
    figure = figure_of(made.boxes())
    axes = figure.axes[0]
    points = np.concatenate([x.get_ydata() for x in axes.lines if x.get_linestyle() == "None"])
    assert len(points) == 18 + 29
    assert sum(points == axes.get_ylim()[0]) == 2
    said = words(figure)
    assert "IL-6, Cmax: 2 values of 0 or less at the lower edge of the logarithmic axis." in said
    assert "IL-6, Cmax: 2 values not known or infinite, not drawn." in said
    assert {"n = 18", "n = 29"} <= set(said)


@pytest.mark.parametrize(("n", "boxed", "median"), [(0, 0, 0), (1, 0, 0), (2, 0, 1), (4, 0, 1), (5, 1, 1)])
def test_few_values_are_points_without_a_box(n, boxed, median):
    figure = figure_of(Boxes((Box("a", "b", (("group", made.values(n), 0),)),)))
    axes = figure.axes[0]
    assert len(axes.collections) == boxed
    assert sum(x.get_linewidth() == 1.6 and x.get_linestyle() != "None" for x in axes.lines) == median
    assert f"n = {n}" in words(figure)


def test_whiskers_end_at_the_last_value_within_one_and_a_half_times_the_quartiles_distance():
    assert whiskers(np.array([0.0, 10, 20, 30, 45.0]), 10, 20, False) == (0.0, 30.0)
    assert whiskers(np.array([0.0, 10, 20, 35.0]), 10, 20, False) == (0.0, 35.0)  # on the fence itself
    assert whiskers(np.array([0.0, 10, 20, 35.1]), 10, 20, False) == (0.0, 20.0)
    assert whiskers(np.array([1.0, 10, 100, 3000.0]), 10, 100, True) == (1.0, 3000.0)
    assert whiskers(np.array([1.0, 10, 100, 3200.0]), 10, 100, True) == (1.0, 100.0)


def test_a_panel_without_a_value_above_0_still_draws_on_a_logarithmic_axis():
    said = words(figure_of(Boxes((Box("a", "b", (("group", (0.0, 0.0), 0),), log=True),))))
    assert "2 values of 0 or less at the lower edge of the logarithmic axis." in said


def test_numbers_behind_the_medians_stand_under_the_days_of_the_axis():
    drawing = made.courses(1)
    figure = figure_of(drawing)
    axes = figure.axes[0]
    for median in drawing.panels[0].medians:
        by_day = dict(zip(median.days, median.n, strict=True))
        for tick in axes.get_xticks():
            at = axes.transData.transform((tick, 1))[0]
            under = [t for t in figure.texts if t.get_text() == str(by_day[tick]) and abs(sum(box_of(t).intervalx) / 2 - at) < 0.1 * FINE / 25.4]
            assert under, (median.label, tick)


def test_censored_values_are_open_triangles():
    drawing = made.courses(1)
    lines = drawing.panels[0].lines
    axes = figure_of(drawing).axes[0]
    for way, mark in ((-1, "v"), (1, "^")):
        drawn = sum(len(x.get_xdata()) for x in axes.lines if x.get_marker() == mark and x.get_markerfacecolor() == "#ffffff")
        assert drawn == sum(c == way for line in lines for c in line.censored) > 0


def test_day_0_is_named_where_it_is_not_the_infusion():
    assert words(figure_of(made.around(2))).count("first tocilizumab") == 2
    assert "first tocilizumab" not in words(figure_of(replace(made.around(2), zero="")))


def test_missing_values_of_a_course_are_gaps():
    drawing = made.courses(1, 3)
    gap = replace(drawing.panels[0], lines=tuple(replace(line, values=(math.nan,) * len(line.days)) for line in drawing.panels[0].lines))
    figure_of(Courses((gap,), ARMS))


def test_control_characters_do_not_break_a_file(tmp_path):
    drawing = made.flow(("a\x00b\x1b[31m $x^{", "c\ud800"))
    svg = save_figure(FigurePart("f", "t\x07", "", drawing), (), tmp_path)[0].read_text(encoding="utf-8")
    ET.fromstring(svg)
    assert "ab[31m $x^{" in svg


# ---------------------------------------------------------------------------------------------------- helpers
def _hex(colour):
    from matplotlib.colors import to_hex

    return to_hex(colour)


def _colours(figure):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    found = [x.get_color() for x in figure.findobj(Line2D)] + [x.get_markerfacecolor() for x in figure.findobj(Line2D)]
    return [c for c in [*found, *(r.get_facecolor() for r in figure.findobj(Rectangle))] if str(c) != "none"]


def _steps(figure):
    return [x for x in figure.axes[0].lines if x.get_linewidth() == 1.1]


def _along(points, step=3.0):
    parts = [np.linspace(a, b, max(int(np.abs(b - a).max() / step), 1), endpoint=False) for a, b in pairwise(points)]
    return np.concatenate([*parts, points[-1:]])


def test_many_figures_are_saved_by_several_processes_as_one_would(tmp_path):
    from tocsin.cohort.parts import Shares
    from tocsin.show.cohort.several import A_PROCESS, save_figures

    parts = [FigurePart(f"figure-{i}", "Title", "", Shares((("a", 3 + i),), ("x", "y"), ((1 + i, 2),))) for i in range(2 * A_PROCESS)]
    save_figures(parts, ("a",), tmp_path / "many")
    for few in (parts[:3], parts[3:6]):
        save_figures(few, ("a",), tmp_path / "few")
    assert sorted(f.name for f in (tmp_path / "many").iterdir()) == sorted(f"figure-{i}.{k}" for i in range(2 * A_PROCESS) for k in ("svg", "png", "pdf"))
    for file in (tmp_path / "few").iterdir():
        assert file.read_bytes() == (tmp_path / "many" / file.name).read_bytes()


def test_a_figure_of_synthetic_patients_says_so_itself(tmp_path):
    from tocsin.cohort.parts import Shares
    from tocsin.show.cohort.several import save_figures

    part = FigurePart("figure-1", "Title", "", Shares((("a", 3),), ("x", "y"), ((1, 2),)))
    save_figures([part], ("a",), tmp_path, synthetic=True)
    assert "SYNTHETIC PATIENTS" in (tmp_path / "figure-1.svg").read_text()


def test_words_of_groups_and_titles_are_never_broken_and_rows_of_panels_are_even():
    box = Box("Interferon-gamma", "Cmax, pg/mL", tuple((a, made.values(20, k), k) for k, a in enumerate(ARMS)))
    for many, rows in ((2, 1), (5, 2), (6, 2)):
        figure = figure_of(Boxes((box,) * many))
        assert words(figure).count("Interferon-gamma") == many
        assert not any(w in ("b", "mab", "tocilizuma", "tocilizu") for w in words(figure))
        tops = {round(a.get_position().y1, 3) for a in figure.axes}
        assert len(tops) == rows
        assert all(sum(round(a.get_position().y1, 3) == t for a in figure.axes) >= many // rows for t in tops)


def test_an_axis_of_durations_begins_at_0():
    group = (("a", (9.0, 9.5, 10.0, 10.2, 11.0), 0),)
    assert figure_of(Boxes((Box("t", "Days", group, from_zero=True),))).axes[0].get_ylim()[0] == 0
    assert figure_of(Boxes((Box("t", "Days", group),))).axes[0].get_ylim()[0] > 5


def test_medians_at_the_middle_of_days_have_ticks_at_whole_days_with_their_numbers_beneath():
    drawing = made.courses()
    moved = replace(drawing, panels=tuple(replace(p, medians=tuple(replace(m, days=tuple(d + 0.5 for d in range(28)), n=(9,) * 28, **{
        k: tuple(np.resize(np.array(getattr(m, k)), 28).tolist()) for k in ("median", "q1", "q3")}) for m in p.medians)) for p in drawing.panels))
    figure = figure_of(moved)
    axes = next(a for a in figure.axes if a.get_xticks().size)
    assert all(t == int(t) for t in axes.get_xticks())
    assert words(figure).count("9") >= 3


def test_bands_that_would_lie_on_each_other_are_not_drawn():
    from tocsin.show.cohort import incidences

    four, two = figure_of(made.incidences()), figure_of(replace(
        made.incidences(), curves=made.incidences().curves[:2], labels=made.incidences().labels[:2]))
    assert len(made.incidences().curves) > incidences.MOST_BANDS
    assert not [c for a in four.axes for c in a.collections if isinstance(c, PolyCollection) and len(c.get_paths()) and c.get_paths()[0].vertices.size > 8]
    assert [c for a in two.axes for c in a.collections if isinstance(c, PolyCollection)]


def test_an_interval_stays_in_one_line_and_powers_of_ten_are_raised():
    from tocsin.show.cohort.sheet import clean, wrapped

    lines = wrapped("Log-rank p = 0.713; hazard ratio 0.83 (95% CI 0.30 to 2.26)", 55.0)
    assert any("(95% CI 0.30 to 2.26)" in line for line in lines)
    assert clean("Lowest, 10^9/L") == "Lowest, 10⁹/L"
