"""What a laboratory value does to the patient, as a clinician asserts it: symptomatic, life-threatening.

CTCAE grades some values by that, which no number tells.  No codes are given.
"""

from __future__ import annotations

from typing import Final

from tocsin.vocabulary.concept import Concept
from tocsin.vocabulary.findings import finding

ASYMPTOMATIC: Final = "asymptomatic"
SYMPTOMATIC: Final = "symptomatic"
LIFE_THREATENING: Final = "life_threatening"
_VALUES = ("absent", "present", ASYMPTOMATIC, SYMPTOMATIC, LIFE_THREATENING)


def disorder(name: str, title: str, *aliases: str, note: str = "") -> Concept:
    """A disorder that a laboratory value shows, with what it does to the patient; "present" does not say what."""
    return finding(name, title, *aliases, values=_VALUES, value_aliases={"life threatening": LIFE_THREATENING}, note=note)


CONCEPTS: tuple[Concept, ...] = (
    disorder("anaemia", "Anaemia, as asserted", "anemia"),
    disorder("leucostasis", "Leucostasis, as asserted", "leukostasis"),
    disorder("pancreatitis", "Signs or symptoms of pancreatitis, as asserted", "pancreatitis symptoms"),
    disorder("acidosis", "Acidosis, as asserted"),
    disorder("alkalosis", "Alkalosis, as asserted"),
    disorder("hypercalcaemia", "Hypercalcaemia, as asserted", "hypercalcemia"),
    disorder("hypocalcaemia", "Hypocalcaemia, as asserted", "hypocalcemia"),
    disorder("hyperglycaemia", "Hyperglycaemia, as asserted", "hyperglycemia"),
    disorder("hypoglycaemia", "Hypoglycaemia, as asserted", "hypoglycemia"),
    disorder("hyperkalaemia", "Hyperkalaemia, as asserted", "hyperkalemia"),
    disorder("hypokalaemia", "Hypokalaemia, as asserted", "hypokalemia"),
    disorder("hypermagnesaemia", "Hypermagnesaemia, as asserted", "hypermagnesemia"),
    disorder("hypomagnesaemia", "Hypomagnesaemia, as asserted", "hypomagnesemia"),
    disorder("hypernatraemia", "Hypernatraemia, as asserted", "hypernatremia"),
    disorder("hyponatraemia", "Hyponatraemia, as asserted", "hyponatremia"),
    disorder("hypertriglyceridaemia", "Hypertriglyceridaemia, as asserted", "hypertriglyceridemia"),
    disorder("hyperuricaemia", "Hyperuricaemia, as asserted", "hyperuricemia", note="symptomatic: with physiologic consequences."),
    disorder("hypoalbuminaemia", "Hypoalbuminaemia, as asserted", "hypoalbuminemia"),
    disorder("hypophosphataemia", "Hypophosphataemia, as asserted", "hypophosphatemia"),
    finding("anticoagulation", "Treatment with an anticoagulant", "on anticoagulation", "anticoagulated", "anticoagulant"),
    finding("myocardial_infarction", "Myocardial infarction, or troponin at its level", "heart attack", "troponin at infarction level"),
)
