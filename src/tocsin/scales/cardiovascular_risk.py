"""Risk of cardiovascular toxicity before CAR-T cells by the rule of paper 004, as data.

Source: chinthapalli2023, section on cardiovascular toxicities.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Fact, Measure, present, settled
from tocsin.scales.scale import Band, Criterion, Scale
from tocsin.timeline import ATTRIBUTIONS

_PLACE = "chinthapalli2023:cardiovascular toxicities"


def cardiovascular_risk(**given: object) -> Scale:
    """High cardiovascular risk before treatment; it has no settings."""
    age = Fact("age_years", ">", 60.0, "age above 60 years")
    ventricle = present("left_ventricular_insufficiency")
    diseases = Measure("high_risk_comorbidities", "1").at_least(2.0)
    return Scale(
        id="cardiovascular-risk-2023", version="2023", title="Cardiovascular risk before CAR-T cells, 2023", syndrome="cardiovascular risk",
        unit="risk class", cites=(_PLACE,), counts=ATTRIBUTIONS, settings=settled((), given),
        criteria=(
            Criterion("AGE1", 1, age, _PLACE, Mark.SOURCE, "\"Above the age of 60\": 60 itself is not above.", short="older than 60 years"),
            Criterion("VENTRICLE1", 1, ventricle, _PLACE, Mark.SOURCE,
                      "Established before treatment; the source gives no ejection fraction, so it is the clinician's statement.",
                      short="left ventricular insufficiency"),
            Criterion("DISEASES1", 1, diseases, _PLACE, Mark.SOURCE,
                      "The source does not list the diseases: their number is the clinician's statement.",
                      short="two or more high-risk concurrent diseases"),
            Criterion("NONE0", 0, ~(age | ventricle | diseases), _PLACE, Mark.SOURCE, "None of the three.", short="none of the three"),
        ),
        bands=(
            Band("not high", 0, _PLACE, Mark.SOURCE, "none of the three"),
            Band("high", 1, _PLACE, Mark.SOURCE, "assessment by a cardio-oncologist before treatment"),
        ),
        notes=("The source asks for an ECG, chemistry and an echocardiogram in every patient before treatment.",
               "It calls this a proposal: there are no established standards."),
    )


BUILDERS = {"cardiovascular-risk-2023": cardiovascular_risk}
