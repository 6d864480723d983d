"""What the synthetic cohort rests on where the paper is silent: one row for each invention, with its ground.

What the paper prints is in ``tocsin.cohort.paper003`` and is not repeated here.  ``source`` is "assumed" for a free invention, or the place that suggests it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tocsin.cohort.paper003 import paper003


@dataclass(frozen=True, slots=True)
class Assumption:
    """One invention: of what, which values, on what ground."""

    what: str
    value: str
    ground: str
    source: str = "assumed"


_EFFICACY = "zhou2025:Results, Efficacy of CAR-T cells and post-infusion management"
_ESSENTIAL = "zhou2025:Results, Essential characteristics of patients"
_EFFECT = "zhou2025:Results, Effectiveness of tocilizumab in treating CRS"

ASSUMPTIONS = (
    Assumption("survival", "constant hazards from day 28 on, the same in both arms; a data cut-off spread over the months of accrual",
               "no time and no status is printed: PFS and OS are free inventions without any meaning, and no printed p-value was aimed at"),
    Assumption("durations of CRS", "45 lengths in tenths of days with the printed median and range of each arm, shared out by arm and grade",
               "no single duration is printed; shorter with tocilizumab in grade 3 and alike in grade 2, as the paper tells without numbers", _EFFICACY),
    Assumption("onset of CRS", "days 1 to 7, earlier with a higher grade; day 6 for Pt 4 and 11", "only the days of their tocilizumab are printed", _EFFECT),
    Assumption("signs", "grade 2 by a low pressure treated with fluid, by a cannula, or by both; grade 3 by norepinephrine, high-flow oxygen, or both",
               "the signs of a single patient are not printed; the shares are invented"),
    Assumption("chart", "temperature, pressure, saturation every 4 to 5 h and a neurological score every 8 h until the discharge on days 29 to 31",
               "dense enough that no grade is left open"),
    Assumption("tocilizumab", "8 mg/kg in whole vials of 80 mg; weights of 20 to 100 kg that give 160 to 800 mg with a median of 480 mg",
               "480 mg is read as the median of single doses", _EFFICACY),
    Assumption("number of doses", "Pt 6 six doses, Pt 4 and 9 three, six others two, the rest one", "only \"one to six\" is printed", _EFFICACY),
    Assumption("corticosteroids", "25 courses of methylprednisolone, dexamethasone and hydrocortisone with the printed median and range as cumulative "
               "methylprednisolone equivalents, larger with tocilizumab", "neither drugs nor single amounts are printed", _EFFICACY),
    Assumption("IL-6 after tocilizumab", "may rise for a day and then falls in ten; in seven it stays above the level before the dose for a week or more",
               "\"fell\" and \"still raised\" are not defined in the paper", _EFFECT),
    Assumption("levels of cytokines, CRP and ferritin", "medians by grade with a spread between patients", "levels are drawn in Figure 3 and not printed"),
    Assumption("CAR-T cells", "a peak on days 10 to 14 whatever was given, day 15 for Pt 4 and 11", "\"expansion until day 15\"", _EFFECT),
    Assumption("ICANS", "grade 3 for 7 days in Pt 13 by an ICE score of 1 to 2, grade 1 for a day in Pt 30",
               "syncope and loss of vision are no items of the scale, so an item was invented for the printed grade; the arm of the two and the grade of the "
               "second are not told", _EFFICACY),
    Assumption("tumour burden", "marrow blasts before the infusion, higher with tocilizumab", "told as higher, without numbers", _ESSENTIAL),
    Assumption("sex, risk, lines, transplants by arm", "with tocilizumab 9 of the 24 male and 14 of the 38 high-risk patients; 1, 2, 3 lines in "
               "14, 22, 9 patients; 10 transplanted",
               "the arms are told to be alike; Table 2 is not part of the text", _ESSENTIAL),
    Assumption("infections", "the four that are told during CRS, the others after it; their sites but for lung and gall bladder",
               "\"different sites of infection, such as pneumonia, cholecystitis\"", _EFFECT),
    Assumption("death of Pt 6", "day 40 to 44, in hospital", "the day is not printed; patients followed for less than 28 days were excluded", _EFFECT),
    Assumption("blood count, G-CSF, liver and kidney", "a nadir after lymphodepletion, with 5 ug/kg (300 ug from 45 kg on) of filgrastim a "
               "day from day 5 on below 0.5 x 10^9/L; liver and kidney change mildly with the grade",
               "no numbers are printed"),
)


def assumptions() -> pl.DataFrame:
    """The assumptions as a table."""
    return pl.DataFrame([{"what": a.what, "value": a.value, "ground": a.ground, "source": a.source} for a in ASSUMPTIONS])


def choices() -> tuple[str, ...]:
    """What was chosen where the paper is misprinted, contradicts itself or leaves open what is meant, and then where it is silent."""
    of_paper = tuple(f"{_begun(c.what)} ({c.verdict}; the paper: \"{c.printed}\"). {_sentence(c.says)} {_sentence(c.found)}" for c in paper003().choices())
    invented = tuple(f"{_begun(a.what)} (synthetic): {a.value}. Ground: {a.ground} ({a.source})." for a in ASSUMPTIONS)
    return of_paper + invented


def _begun(text: str) -> str:
    """With a capital at the beginning."""
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{_begun(text)}."
