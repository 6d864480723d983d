"""Severe CRS by the criteria of Davila 2014, as data: lasting fever, a rise of cytokines and a sign of toxicity, all three.

Source: davila2014, from memory.  Each of the three counts from when it was first met, over the whole course; three of three is severe
CRS.  It is no grade: between none and three lies how much of the definition is met.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.derived.consciousness import SEDATED
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR
from tocsin.rules import (
    AtLeast,
    Either,
    IsIn,
    Lasting,
    Measure,
    Named,
    Observed,
    Or,
    PatientLimit,
    Predicate,
    Setting,
    Unless,
    charted,
    present,
    settled,
)
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Scale

PANEL = ("ifn_gamma", "il5", "il6", "il10", "flt3_ligand", "fractalkine", "gm_csf")
"""The cytokines of the panel."""
TWO_RISE, ONE_RISES = 75.0, 250.0
"""Two cytokines of the panel must reach the first multiple of their level before treatment, or one the second."""
MENTAL_STATUS = ("encephalopathy", "confusion", "somnolence")
"""Findings, of any degree, that are altered mental status beside the level of consciousness; they count where charted."""

SETTINGS = (
    Setting("fever_hours", 72.0, "h", "three consecutive days of fever, counted as this long during which fever was never more than a day away",
            "davila2014:definition", Mark.DECISION, minimum=24, maximum=240),
)


def _risen(cytokine: str, times: float) -> Predicate:
    limit = PatientLimit(f"baseline_{cytokine}", f"{times:g} x the level before treatment", factor=times)
    return Observed(Measure(cytokine, "pg/mL").at_least(limit), inf)


def davila_severe_crs(**given: object) -> Scale:
    """Severe CRS by Davila 2014 with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    hours = float(settings["fever_hours"])
    fever = Named(
        "fever_for_3_days", Observed(Lasting(Observed(FEVER, 24.0), hours), inf),
        says=f"fever of 38.0 degC or more for {hours:g} h, never more than 24 h apart", cites="davila2014:definition", mark=str(Mark.DECISION))
    cytokines = Named(
        "cytokine_rise_of_panel", AtLeast(2, tuple(_risen(c, TWO_RISE) for c in PANEL)) | Or(tuple(_risen(c, ONE_RISES) for c in PANEL)),
        says=f"two cytokines of the panel at {TWO_RISE:g} times their level before treatment, or one at {ONE_RISES:g} times", mark=str(Mark.MEMORY),
        cites="davila2014:definition")
    hypoxia = Either(Measure("spo2", "%").below(90.0), Measure("sao2", "%", ask=False).below(90.0), present("hypoxia", ask=False))
    reduced = IsIn("consciousness", ("voice", "tactile", "vigorous_tactile", "unarousable", "reduced"), says="reduced consciousness")
    mind = Unless(Or((reduced, *(charted(present(name, ask=False)) for name in MENTAL_STATUS))), SEDATED)
    seizure = present("seizure", says="a seizure")
    sign = Observed(Or((ANY_VASOPRESSOR, hypoxia, mind, seizure)), inf)
    return Scale(
        id="davila-severe-crs-2014", version="2014", title="Severe CRS, Davila 2014", syndrome="CRS", unit="of 3",
        cites=("davila2014:definition",), counts=("crs", "icans", "unknown"), settings=settings, setting_docs=SETTINGS,
        criteria=(
            *item("FEVER", Points(1, fever, "fever for 3 days"), none="no fever for 3 days", cites="davila2014:definition", mark=Mark.MEMORY,
                  reading="Fever of 38 degC or more for at least three consecutive days: in each of three periods of 24 h that follow one another "
                          "there is fever. A fever-free hour between does not break it."),
            *item("CYTOKINES", Points(1, cytokines, "cytokines raised"), none="cytokines not raised", cites="davila2014:definition", mark=Mark.MEMORY,
                  reading="Interferon-gamma, interleukins 5, 6 and 10, Flt-3 ligand, fractalkine and GM-CSF: the highest level so far over that "
                          "before treatment (the last one before lymphodepletion). A cytokine that was not measured leaves it open."),
            *item("SIGN", Points(1, sign, "a sign of toxicity"), none="no sign of toxicity", cites="davila2014:definition", mark=Mark.MEMORY,
                  reading="Hypotension that needs an intravenous vasopressor; hypoxia, printed as a PO2 below 90% and read as a saturation; or a "
                          "neurological disorder: altered mental status, obtundation or seizures. Encephalopathy, confusion and somnolence of "
                          "any degree are altered mental status where they are charted."),
        ),
        bands=(Band("not severe", 0.0, "davila2014:definition", Mark.MEMORY, "fewer than all three"),
               Band("severe", 3.0, "davila2014:definition", Mark.MEMORY, "all three: severe CRS")),
        notes=("Neurological findings count here, whatever they are put down to among CRS and ICANS.",),
    )


BUILDERS = {"davila-severe-crs-2014": davila_severe_crs}
