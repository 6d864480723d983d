"""Makes the page of the manual on the calibration, and its figures, from calibration/results.json: docs/calibration.md, docs/images/calibration-*.svg.

python calibration/report.py
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fit
import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np

from tocsin.model.load import load
from tocsin.show import palette

DOCS = Path(__file__).parent.parent / "docs"
TITLES = {"il6_blood": "IL-6, pg/mL", "ifn_gamma": "Interferon-γ, pg/mL", "il10": "IL-10, pg/mL", "crp": "CRP, mg/L", "ferritin": "Ferritin, ng/mL",
          "car_blood_per_ul": "CAR-T cells, /µL", "ldh": "LDH, U/L"}
QUARTILE = 0.6745
"""Quartiles of a normal distribution, in standard deviations."""
OF_MEDIAN = 1.2533
"""Standard error of a median, of a normal distribution, beside that of its mean."""
FEW = 3
"""The median of so few patients says little."""
SETTLED = 1.1
"""Above this potential scale reduction chains do not agree."""
SETTINGS = {
    "tisa": "typical patient, B-ALL, 4-1BB product, 2.5e6 cells/kg",
    "liso": "typical patient, lymphoma, 4-1BB product, 1.4e6 cells/kg",
    "axi": "typical patient, lymphoma, CD28 product, 2e6 cells/kg",
    "axi-low": "the same, low expander",
    "tisa-course": "managed population, B-ALL, 4-1BB product",
    "lymphoma-course": "managed population, lymphoma, 4-1BB product",
    "cohort-course": "managed population, B-ALL, 4-1BB product",
    "drugs": "typical patient",
}
MANAGEMENT = "The management stands in for those of the trials, which differed and changed over the years."
LYMPHOMA = "Nothing that a lymphoma changes was fitted: the model knows only that its cells are elsewhere and grow slower."
OTHER_TREATMENT = "Another product, dose and management than the model was fitted to."
REMISSION = ("Remission is read as little tumour on day 28, the amount assumed; patients whose tumour is not cleared go on having CRS in the model, "
             "and so get tocilizumab.")
ADMISSION = "Patients are admitted for more than what makes grade 3."
WHY = {
    "liso_lag": "A lag is flat until growth begins; the model's curve falls while cells leave the blood and rises as the first divide: no lag is exact.",
    "axi_ms_ref_cmax": "The two sources disagree: one has a median of 27.5 on day 7, the other 13.8 at the peak. The model stands between them.",
    "tisa_fever_dur": "Counted from the first to the last hour of 38 °C, evening peaks of the daily rhythm included; how the trial counted is not told.",
    "tisa_hypot": "The fall of pressure was fitted to grades alone; sepsis and drugs, which lower it too, are not in the model.",
    "tisa_vaso": "As for hypotension: no vasopressor dose was fitted to.",
    "tisa_intub": "Ventilation is begun for exhaustion, consciousness and procedures too; in the model oxygenation falls by capillary leak alone.",
    "tisa_o2": "Oxygen is given by a policy of P/F alone.",
    "p003_il6_rise": "Counted two days after the first dose, of total interleukin-6, whose clearance the drug blocks; when the paper measured is not told.",
    "p003_icans": "Nothing of neurotoxicity was fitted: its numbers are assumed, and here they make a point of the ICE score lost far too common.",
    **dict.fromkeys(("tisa_icu", "tisa_icu_day"), ADMISSION),
    **dict.fromkeys(("tisa_toci", "tisa_steroid"), MANAGEMENT),
    **dict.fromkeys(("p003_mrdcr", "p003_mrdcr_without"), REMISSION),
    **dict.fromkeys([f"juliet_{n}" for n in ("crs", "crs_severe", "crs_onset", "crs_dur", "toci", "steroid", "o2", "intub", "vaso", "icu")], LYMPHOMA),
    **dict.fromkeys([f"p003_{n}" for n in ("none", "grade_1", "grade_2", "grade_3", "grade_4", "dur", "dur_without")], OTHER_TREATMENT),
}
"""Why a target is missed, as far as is known.  A target that is missed and not here stops the making of the page."""
ABSENT = (
    "of the 108 patients: dialysis (11 %), fibrinogen below 1 g/L (8 %), the length of ventilation (8 days)",
    "the highest concentration of cells in them: a number of copies, of which the model's cells have no count",
    "of those with lymphoma: dialysis (5 %)",
)
"""Published numbers of the same sources that nothing in the model stands for."""


def main() -> None:
    """Write the page and its figures."""
    results = json.loads((fit.HERE / "results.json").read_text(encoding="utf-8"))
    images = DOCS / "images"
    with plt.rc_context({**palette.STYLE, "svg.hashsalt": "tocsin", "svg.fonttype": "path"}):
        for name, draw in (("targets", draw_targets), ("cohort", draw_cohort), ("parameters", draw_parameters), ("sensitivity", draw_sensitivity)):
            figure = draw(results)
            figure.savefig(images / f"calibration-{name}.svg", metadata={"Date": None})
            plt.close(figure)
    (DOCS / "calibration.md").write_text(page(results), encoding="utf-8")


# ------------------------------------------------------------ figures

def _size(height_mm: float) -> tuple[float, float]:
    return palette.WIDTH / 25.4, height_mm / 25.4


def draw_targets(results: Mapping[str, Any]) -> Any:
    """Each target as the ratio of prediction to target, with the band within which it counts as met."""
    known = {k: r for k, r in fit.targets().items() if r["value"] > 0}
    names = list(known)[::-1]
    figure, axes = plt.subplots(figsize=_size(8 + 3.6 * len(names)), layout="constrained")
    for y, name in enumerate(names):
        row, value = known[name], results["predicted"].get(name)
        low, high = (max(row[k] / row["value"], 0.05) for k in ("low", "high"))
        axes.plot([low, high], [y, y], color=palette.LEVEL_COLOURS[3], linewidth=4, solid_capstyle="butt", zorder=1)
        if value is not None and np.isfinite(value):
            met = row["low"] <= value <= row["high"]
            ratio = max(value / row["value"], 0.05)
            fitted = row["use"] == "fit"
            axes.plot(ratio, y, marker="o" if fitted else "D", markersize=4, zorder=3, markerfacecolor=palette.SERIES[0] if fitted else "white",
                      markeredgecolor=palette.SERIES[0] if met else palette.SERIES[1])
            if not met:
                axes.plot(ratio, y, marker="x", markersize=7, color=palette.SERIES[1], zorder=2)
    axes.axvline(1.0, color=palette.QUIET, linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2, 5], ["0 to 0.05", "0.1", "0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), [known[n]["text"] + f" ({n.split('_')[0]})" for n in names], fontsize=palette.SMALL)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.set_xlabel("Prediction / target.  Filled: fitted to; hollow: only compared; bar: band; cross: outside it", loc="right")
    return figure


def draw_cohort(results: Mapping[str, Any]) -> Any:
    """Quartiles of the cohort in windows of days, and of virtual patients drawn from the fitted population."""
    check = results["cohort"]["check"]
    names = [n for n in ("ifn_gamma", "il6_blood", "il10", "crp", "ferritin", "car_blood_per_ul") if n in check]
    figure, grid = plt.subplots(2, 3, figsize=_size(98), layout="constrained")
    for axes, name in zip(grid.flat, names, strict=False):
        bands = check[name]["bands"]
        day, real, made = np.array(bands["day"]), np.array(bands["cohort"]), np.array(bands["model"])
        floor = max(real[real > 0].min() / 2, 1e-2)
        axes.fill_between(day, np.maximum(made[:, 0], floor), np.maximum(made[:, 2], floor), color=palette.SERIES[0], alpha=0.25, linewidth=0)
        axes.plot(day, np.maximum(made[:, 1], floor), color=palette.SERIES[0], linewidth=1.2)
        low, middle, high = np.maximum(real.T, floor)
        axes.errorbar(day, middle, yerr=[middle - low, high - middle], fmt="o", color=palette.INK, markersize=3, linewidth=0.7)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda v, _: f"{v:,g}")
        axes.yaxis.set_minor_formatter(lambda v, _: "")
        axes.set_xlim(-1, 32)
        axes.set_title(TITLES[name], fontsize=palette.TEXT)
        axes.set_xlabel("Day")
    return figure


def draw_parameters(results: Mapping[str, Any]) -> Any:
    """Medians of the population: prior (grey, 95 %) and posterior (blue, 95 %), each relative to the prior median."""
    rows = results["cohort"]["parameters"]
    names = list(rows)[::-1]
    figure, axes = plt.subplots(figsize=_size(10 + 3.6 * len(names)), layout="constrained")
    for y, name in enumerate(names):
        r = rows[name]
        wide = np.exp(1.96 * r["prior_sd"])
        axes.plot([1 / wide, wide], [y, y], color=palette.RULE, linewidth=4, solid_capstyle="butt")
        axes.plot([r["low"] / r["prior"], r["high"] / r["prior"]], [y, y], color=palette.SERIES[0], linewidth=1.6)
        axes.plot(r["median"] / r["prior"], y, "o", color=palette.SERIES[0], markersize=3.4)
    axes.axvline(1.0, color=palette.QUIET, linewidth=0.6)
    axes.set_xscale("log")
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2, 5], ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names, fontsize=palette.SMALL)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.set_xlabel("Median of the population / prior median.  Grey: prior, blue: posterior, 95 % of each")
    return figure


LOGS = ("car_blood_per_ul peak", "il6_blood peak", "ifn_gamma peak", "il10 peak", "crp peak", "ferritin peak")
OTHERS = {"highest temperature": ("highest temperature, °C", 0.1), "lowest pressure": ("lowest pressure, mmHg", 1.0), "lowest P/F": ("lowest P/F, mmHg", 10.0),
          "onset": ("onset, days", 0.25), "duration": ("duration, days", 0.25)}


def strongest(results: Mapping[str, Any], most: int = 34) -> list[str]:
    """The parameters that move anything most, in order, without those that only say what is normal."""
    table = {n: row for n, row in results["sensitivity"].items() if not n.endswith("_normal") and n != "blood_volume_reference"}

    def weight(name: str) -> float:
        return max(*(abs(table[name][k]) for k in LOGS), *(abs(table[name][k]) / scale for k, (_, scale) in OTHERS.items()))

    return sorted(table, key=weight, reverse=True)[:most]


def draw_sensitivity(results: Mapping[str, Any]) -> Any:
    """Elasticities of the peaks, and for the others the change for 10 % more of a parameter."""
    names, table = strongest(results), results["sensitivity"]
    columns = [(k, TITLES[k.removesuffix(" peak")].split(",")[0] + " peak", 1.0) for k in LOGS] + [(k, text, scale) for k, (text, scale) in OTHERS.items()]
    shown = np.array([[table[n][k] / scale for k, _, scale in columns] for n in names])
    figure, axes = plt.subplots(figsize=_size(34 + 3.7 * len(names)), layout="constrained")
    axes.imshow(np.clip(shown, -2, 2), cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto")
    for i, name in enumerate(names):
        for j, (k, _, _) in enumerate(columns):
            value = table[name][k]
            if abs(shown[i, j]) >= 0.15:
                axes.text(j, i, f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}", ha="center", va="center", fontsize=palette.TINY,
                          color="white" if abs(shown[i, j]) > 1.3 else palette.INK)
    axes.set_xticks(range(len(columns)), [c[1] for c in columns], rotation=40, ha="left", fontsize=palette.SMALL)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(names)), names, fontsize=palette.SMALL)
    axes.tick_params(length=0)
    return figure


# ------------------------------------------------------------ page

def _n(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows)])


def _target_rows(results: Mapping[str, Any], use: str) -> list[list[str]]:
    rows = []
    for name, r in fit.targets().items():
        if r["use"] != use:
            continue
        value = results["predicted"].get(name, float("nan"))
        met = r["low"] <= value <= r["high"]
        band = f"{_n(max(r['low'], 0))} to {_n(min(r['high'], 100) if r['unit'] == '%' else r['high'])}"
        rows.append([r["text"], SETTINGS[r["setting"]], f"{_n(r['value'])} {r['unit']}", band, _n(value), "yes" if met else "**no**", r["source"]])
    return rows


def _misfits(results: Mapping[str, Any]) -> list[str]:
    out = []
    for name, r in fit.targets().items():
        value = results["predicted"].get(name, float("nan"))
        if not r["low"] <= value <= r["high"]:
            if name not in WHY:
                raise SystemExit(f"{name} misses its band and WHY has no reason for it")
            out.append(f"* **{r['text']}** ({SETTINGS[r['setting']]}): {_n(value)} instead of {_n(r['value'])} {r['unit']}. {WHY[name]}")
    lasting = results["lasting"]
    out.append(f"* **CRS without end**: in {lasting['of_crs']:.0f} in a hundred of those with CRS it is not over on day {fit.clinical.LAST_DAY}; in "
               f"{lasting['uncleared']:.0f} % of these the tumour is not cleared and goes on feeding it. The longest CRS of 108 patients was 36 days.")
    out.append(f"* **Not in the model, so not predicted**: {'; '.join(ABSENT)}.")
    return [*out, *_cohort_misfits(results)]


def _cohort_misfits(results: Mapping[str, Any]) -> list[str]:
    """What the patients had otherwise, a line a quantity, with how well so few patients tell it."""
    check = results["cohort"]["check"]
    out = []
    for name, rows in itertools.groupby((r for r in _cohort_rows(results) if not r.near), key=lambda r: r.name):
        low, _, high = check[name]["cohort"]
        sd = np.log(high / low) / (2 * QUARTILE)
        missed = list(rows)
        factor = {n: float(np.exp(1.96 * OF_MEDIAN * sd / np.sqrt(n))) for n in sorted({r.n for r in missed if r.n > FEW}, reverse=True)}
        beyond = [r.of for r in missed if r.n in factor and not r.within(factor[r.n])]
        known = " and ".join(f"{f:.2g} for {n}" for n, f in factor.items())
        why = [f"By the spread of the patients, their median is known within a factor of {known} (95 %)." if known else "",
               f"More than that, and unexplained: {', '.join(beyond)}." if beyond else "",
               f"Medians of {FEW} patients or fewer say little." if any(r.n <= FEW for r in missed) else ""]
        out.append(f"* **{missed[0].title}**: " + "; ".join(f"{r.of} {r.model} instead of {r.cohort}" for r in missed) + ". " + " ".join(w for w in why if w))
    return out


@dataclass(frozen=True)
class CohortRow:
    """A summary of the patients beside the model's: of which of them (``of``, ``n``), their numbers (``found``) and those of the model (``made``)."""

    name: str
    title: str
    of: str
    n: int
    found: tuple[float, ...]
    made: tuple[float, ...]

    @property
    def cohort(self) -> str:
        """In words: of the patients."""
        return " / ".join(map(_n, self.found))

    @property
    def model(self) -> str:
        """In words: of the model."""
        return " / ".join(map(_n, self.made))

    @property
    def near(self) -> bool:
        """Whether within a factor of 1.5."""
        return self.within(1.5)

    def within(self, factor: float) -> bool:
        """Whether each number of the model is within a factor of that of the patients."""
        return all(b / factor <= a <= b * factor for a, b in zip(self.made, self.found, strict=True))

    def cells(self) -> list[str]:
        """The row of the table."""
        return [f"{self.title}, {self.of}", self.cohort, self.model, "yes" if self.near else "**no**"]


def _cohort_rows(results: Mapping[str, Any]) -> list[CohortRow]:
    check, everybody = results["cohort"]["check"], results["cohort"]["patients"]
    rows = []
    for name in ("onset", "il6_blood", "ifn_gamma", "il10", "crp", "ferritin", "car_blood_per_ul"):
        title = "Onset of CRS, day" if name == "onset" else f"Peak of {TITLES[name]}"
        rows.append(CohortRow(name, title, "quartiles", everybody, tuple(check[name]["cohort"]), tuple(check[name]["model"])))
        for grade, n in enumerate(check["grades"]["cohort"] if name != "onset" else ()):
            a, b = (check[name]["by_grade"][whose][grade] for whose in ("model", "cohort"))
            if a is not None and b is not None:
                rows.append(CohortRow(name, title, f"median at grade {grade} (n = {n})", n, (b,), (a,)))
    return rows


def _agreement(rows: Mapping[str, Mapping[str, float]]) -> str:
    apart = [n for n, r in rows.items() if r["rhat"] > SETTLED]
    worst = max(rows, key=lambda n: rows[n]["rhat"])
    if not apart:
        return f"All are below {SETTLED:g}."
    return (f"Of {len(apart)} of {len(rows)} it exceeds {SETTLED:g}, most of `{worst}` ({rows[worst]['rhat']:.2f}): of these, the chains have not found the "
            "whole of what is possible, and the interval is rather too narrow than too wide.")


def page(results: Mapping[str, Any]) -> str:
    """The page, as Markdown."""
    first, system = results["cohort"], load()
    rows = first["parameters"]
    statuses = {s: sum(p.status == s for p in system.parameters) for s in ("fitted", "assumed", "memory", "transcribed", "read")}
    sources = {p.name: p.source for p in fit.PRIORS}
    parameters = [[f"`{n}`", f"{_n(r['prior'])} (×/÷ {np.exp(r['prior_sd']):.2g})", sources[n], _n(r["median"]), f"{_n(r['low'])} to {_n(r['high'])}",
                   f"{100 * np.sqrt(np.expm1(r['omega'] ** 2)):.0f} %", f"{100 * r['contraction']:.0f} %", f"{100 * r['shrinkage']:.0f} %", f"{r['rhat']:.2f}"]
                  for n, r in rows.items()]
    products = results["products"]
    names = list(products["4-1bb"]["values"])
    names += [n for n in products["cd28"]["values"] if n not in names and ":" not in n]
    made = [[f"`{n}`", *(_n(products[p]["values"].get(n)) for p in ("4-1bb", "cd28", "4-1bb-cd22"))] for n in names]
    grades = first["check"]["grades"]
    fit_rows, check_rows, cohort_rows = _target_rows(results, "fit"), _target_rows(results, "check"), _cohort_rows(results)
    met = sum(r[5] == "yes" for r in fit_rows)
    met_check, met_cohort = sum(r[5] == "yes" for r in check_rows), sum(r.near for r in cohort_rows)
    weak = [n for n, r in rows.items() if r["contraction"] < 0.5]
    errors = ', '.join(f"{TITLES.get(n, n).split(',')[0]} {v:.2f}" for n, v in first["errors"].items())
    text = (fit.HERE / "page.md").read_text(encoding="utf-8")
    return text.format(
        **statuses,
        met=met,
        targets=len(fit_rows),
        met_cohort=met_cohort,
        summaries=len(cohort_rows),
        met_check=met_check,
        checks=len(check_rows),
        minutes=f"{results['minutes']:.0f}",
        seed=results['seed'],
        parameters_in_all=len(system.parameters),
        values=first['values'],
        moved=len(rows),
        prior_freedom=f"{fit.hierarchical.PRIOR_FREEDOM:g}",
        error_freedom=f"{fit.hierarchical.ERROR_FREEDOM:g}",
        freedom=f"{fit.hierarchical.FREEDOM:g}",
        chains=first['chains'],
        sweeps=f"{first['sweeps']:,}",
        people=fit.PEOPLE,
        fit_table=_table(["", "setting", "published", "band", "model", "met", "source"], fit_rows),
        check_table=_table(["", "setting", "published", "band", "model", "met", "source"], check_rows),
        cohort_table=_table(["", "cohort", "model", "within a factor of 1.5"], [r.cells() for r in cohort_rows]),
        grades=' / '.join(str(v) for v in grades['cohort']),
        patients=first['patients'],
        grade_shares=' / '.join(f'{100 * v:.0f} %' for v in grades['model']),
        errors=errors,
        parameter_table=_table(["parameter", "prior median", "its source", "median", "95 %", "CV between patients", "known by the data", "shrinkage", "R̂"],
                               parameters),
        agreement=_agreement(rows),
        weak=', '.join(f'`{n}`' for n in weak) if weak else 'none',
        product_table=_table(["parameter", "4-1bb", "cd28", "4-1bb-cd22"], made),
        strongest=len(strongest(results)),
        misfits=chr(10).join(_misfits(results)),
    )


if __name__ == "__main__":
    main()
