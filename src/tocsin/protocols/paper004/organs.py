"""Organ toxicity by class and grade: the organ cells of table 2, and for each organ what its grade asks for.

Grades are those of CTCAE v4.03 (``tocsin.derived.organs``).  Heart and coagulation have chapters of their own.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.derived.ctcae import CTCAE403, lab
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR
from tocsin.derived.organs import Organ, one_organ, organ_toxicity
from tocsin.derived.respiratory import ANY_OXYGEN
from tocsin.protocols.paper004.shared import LOW, TABLE2, Settings, anti_il6_rules, cartox, crs_episode
from tocsin.protocols.protocol import Chapter, Rule
from tocsin.rules import Either, Named, Observed, Or, Predicate, charted, present

_NAMES = ((Organ.LIVER, "HEP", "Hepatic"), (Organ.KIDNEY, "REN", "Renal"), (Organ.GUT, "GI", "Gastrointestinal"), (Organ.SKIN, "SKIN", "Skin"),
          (Organ.LUNG, "PULM", "Pulmonary"))
_CELLS = {
    1: ("symptomatic treatment", f"{TABLE2}:G1", "Symptomatic therapy of organ toxicity and constitutional symptoms"),
    2: ("care in accordance with accepted practice, beside anti-IL-6 treatment (C2.8t)", f"{TABLE2}:G2-organ",
        "Symptomatic therapy of organ toxicities in accordance with accepted practices"),
    3: ("intensive care; anti-IL-6 treatment with a corticosteroid (C3.4t, C3.2)", f"{TABLE2}:G3-organ",
        "The previously mentioned combination of tocilizumab or siltuximab with corticosteroids, along with supportive care"),
    4: ("the most intensive care; methylprednisolone with anti-IL-6 treatment (C4.1, C4.1t)", f"{TABLE2}:G4-organ",
        "The previously mentioned combination of tocilizumab or siltuximab with corticosteroids, along with supportive therapy"),
}
_AT_LEAST = "Each grade asks for what stands here beside what the grades below it ask for. "
_READINGS = {
    Organ.LIVER: "By AST, ALT, bilirubin, or as reported. From grade 4 on by bilirubin: AST or ALT alone never make CRS of grade 4, and their grade 4 "
                 "stands with grade 3.",
    Organ.KIDNEY: "By creatinine, urine output, asserted oliguria, or as reported.",
    Organ.GUT: "As reported: the record tells no number for it.",
    Organ.SKIN: "As reported; a rash without a grade is at least grade 1.",
    Organ.LUNG: "As reported; pulmonary oedema or pleural effusion without a grade is at least grade 1. Oxygen and ventilation are hypoxia, not organ "
                "toxicity (C2.7, C3.3, C4.2).",
}
_ELECTROLYTES = (
    (("hyperkalemia", "hypokalemia"), ("hyperkalaemia", "hypokalaemia")), (("hypernatremia", "hyponatremia"), ("hypernatraemia", "hyponatraemia")),
    (("hypermagnesemia", "hypomagnesemia"), ("hypermagnesaemia", "hypomagnesaemia")), (("hypophosphatemia",), ("hypophosphataemia",)),
)


def any_organ(grade: int) -> Named:
    """Organ toxicity of this grade or more, of any class."""
    return Named(f"any_organ_{grade}", organ_toxicity(grade, cartox().settings), f"organ toxicity of grade {grade} or more by CTCAE v4.03 (liver, "
                 "kidney, heart, lung, gut, skin or coagulation)", cites="ctcae403:grades", mark="V")


ORGAN_ALONE = (~charted(Observed(Or((FEVER, LOW, ANY_VASOPRESSOR, ANY_OXYGEN)), inf)),
               "No fever, low pressure, vasopressor or oxygen is on record: by CARTOX an organ alone makes this CRS. Look for another cause first.")
"""Said beside an IL-6 blocker that organ toxicity alone asks for."""


def organs(settings: Settings) -> Chapter:
    """The chapter of organ toxicity."""
    graded = cartox()

    rules = (
        Rule("C2.8", "Organ care in accordance with accepted practice", any_organ(2), f"{TABLE2}:G2-organ", Mark.SOURCE,
             "Symptomatic therapy of organ toxicities in accordance with accepted practices",
             reading="Any organ class, heart and coagulation among them; the rules O-... name the class."),
        *anti_il6_rules(settings, "C2.8t", any_organ(2), "G2-organ", "Tocilizumab or siltuximab and supportive treatment, as for hypotension",
                        remarks=(ORGAN_ALONE,)),
        *anti_il6_rules(settings, "C3.4t", any_organ(3), "G3-organ", "Tocilizumab or siltuximab with corticosteroids, and organ care",
                        remarks=(ORGAN_ALONE,)),
        *(_one(which, code, name, grade) for which, code, name in _NAMES for grade in (1, 2, 3, 4)),
        Rule("O-REN5", "Acidosis: treat it", _acidosis(), "chinthapalli2023:table1:renal", Mark.SOURCE,
             "Acidosis ... Symptomatic therapy is typically employed", reading="Acidosis as asserted, or an arterial pH below normal (CTCAE v4.03 grade 1)."),
        Rule("O-REN6", "Electrolyte imbalance: correct it", _electrolytes(), "chinthapalli2023:table1:renal", Mark.SOURCE,
             "Electrolyte imbalances ... Symptomatic therapy is typically employed",
             reading="Potassium, sodium, magnesium, phosphate or calcium out of its limits (CTCAE v4.03 grade 1), or an imbalance asserted. None of them is "
                     "taken as normal before it was measured."),
    )
    return Chapter("Organ toxicity", graded, rules, crs_episode())


def _one(organ: Organ, code: str, name: str, grade: int) -> Rule:
    """What one class of organs asks for from one grade on."""
    asks, cites, text = _CELLS[grade]
    claim = one_organ(organ, grade, cartox().settings, transaminases=grade < 4)
    named = Named(f"{organ.name.lower()}_toxicity_{grade}", claim, f"{name.lower()} toxicity of grade {grade} or more by CTCAE v4.03",
                  cites="ctcae403:grades", mark="V")
    return Rule(f"O-{code}{grade}", f"{name} toxicity of grade {grade}{' or more' if grade < 4 else ''}: {asks}", named, cites, Mark.SOURCE, text,
                reading=_AT_LEAST + _READINGS[organ])


def _acidosis() -> Predicate:
    return Either(present("acidosis"), lab("acidosis", CTCAE403, 1, cartox().settings))


def _electrolytes() -> Predicate:
    settings = cartox().settings

    def beyond(term: str) -> Predicate:
        return lab(term, CTCAE403, 1, settings)

    several = [Either(Or(tuple(beyond(t) for t in terms)), Or(tuple(present(n, ask=False) for n in asserted))) for terms, asserted in _ELECTROLYTES]
    calcium = Either(*(Or((beyond(f"hypercalcemia{kind}"), beyond(f"hypocalcemia{kind}"))) for kind in ("", "-ionized")),
                     Or((present("hypercalcaemia", ask=False), present("hypocalcaemia", ask=False))))
    return Named("electrolyte_imbalance", Or((*several, calcium)), "potassium, sodium, magnesium, phosphate or calcium out of its limits, or an "
                 "imbalance asserted", cites="ctcae403:grades", mark="V")
