"""IEC-HS, the HLH-like syndrome of immune effector cells (ASTCT 2023): its features, and its grade, as data.

Source: hines2023, from memory.  The source lists features and gives no number of them that would make the diagnosis: "probable" is
our decision.  The features stand as flags, so that a reader sees which are met.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.ctcae import BASELINE_UNKNOWN_IS_NORMAL, CTCAE5, lab
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, LIFE_THREATENING_HYPOTENSION
from tocsin.derived.normal_limits import Beyond, normal_settings
from tocsin.derived.respiratory import ANY_OXYGEN, VENTILATOR
from tocsin.rules import AtLeast, Doses, Either, IsIn, Measure, Named, Observed, Or, PatientLimit, Predicate, Setting, charted, present, settled
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_LIMITS = normal_settings("uln_ferritin", "uln_ast", "uln_alt", "lln_fibrinogen", "uln_ldh", "uln_pt", "uln_aptt", "uln_bilirubin_direct",
                          "uln_creatinine")
SETTINGS = (
    Setting("look_back_hours", 72.0, "h", "features count together when they are met within so long", "hines2023:timing", Mark.MEMORY, minimum=1,
            maximum=720),
    Setting("most_common_needed", 2.0, "features", "how many of the four most common features, beside ferritin, make IEC-HS probable", "tocsin:iec-hs",
            Mark.DECISION, minimum=1, maximum=4),
    BASELINE_UNKNOWN_IS_NORMAL, *_LIMITS,
)
_PLACE = "hines2023:table"
_COUNTS = ("hlh", "unknown")
_NOTES = ("IEC-HS is a syndrome apart from CRS and ICANS: what the record puts down to these, to infection or to another cause does not count. It "
          "typically follows CRS that resolves or has resolved, up to about day 30.",
          "The criteria are from memory of the source: check them before relying on them.")


class _Features:
    """The features with the settings of a scale, each as met within the time to look back over."""

    def __init__(self, settings: dict[str, float | bool]) -> None:
        self.settings = settings
        ferritin = Measure("ferritin", "ng/mL")
        beyond, low = Beyond("ferritin", high=True, factor=2.0), Beyond("fibrinogen", high=False)
        self.ferritin = self._seen("ferritin above 2 x the upper limit of normal or 2 x baseline, or rising rapidly", Or((
            beyond.predicate(settings), ferritin.above(PatientLimit("baseline_ferritin", "2 x baseline", factor=2.0)),
            charted(present("ferritin_rising")))))
        self.most_common = (
            self._seen("AST or ALT above 5 x the upper limit of normal (5 x baseline where that was abnormal)", Or(tuple(
                lab(f"{name}-aminotransferase-increased", CTCAE5, 3, settings) for name in ("aspartate", "alanine")))),
            self._seen("fibrinogen below 150 mg/dL or below normal", Measure("fibrinogen", "mg/dL").below(150.0) | low.predicate(settings)),
            self._seen("haemophagocytosis in marrow or tissue", present("haemophagocytosis")),
            self._seen("new, worsening or refractory cytopenia", present("new_cytopenia")),
        )
        number = int(settings["most_common_needed"])
        enough = Named("most_common", AtLeast(number, self.most_common), says=f"at least {number} of: raised transaminases; low fibrinogen; "
                       "haemophagocytosis; new, worsening or refractory cytopenia", cites="tocsin:iec-hs", mark="D")
        self.probable = self.ferritin & enough

    def _seen(self, says: str, claim: Predicate) -> Named:
        return Named("iec_hs_feature", Observed(claim, float(self.settings["look_back_hours"])), says=says, cites=_PLACE, mark="M")

    def _above(self, concept: str) -> Predicate:
        return Beyond(concept, high=True).predicate(self.settings)

    def common(self) -> dict[str, tuple[Predicate, str]]:
        """The features that are called common, by the code of their flag."""
        reduced = IsIn("consciousness", ("voice", "tactile", "vigorous_tactile", "unarousable", "reduced"), says="reduced consciousness")
        nerves = Or((Measure("ice_score", "points").at_most(9.0), reduced, present("seizure"), present("encephalopathy")))
        lungs = Or((present("hypoxia"), ANY_OXYGEN, present("lung_infiltrates"), present("pulmonary_oedema")))
        found = {
            "ldh": (self._above("ldh"), "LDH above the upper limit of normal"),
            "clotting_times": (self._above("pt") | self._above("aptt"), "PT or APTT prolonged"),
            "direct_bilirubin": (self._above("bilirubin_direct"), "direct bilirubin above the upper limit of normal"),
            "spleen": (present("splenomegaly"), "splenomegaly"),
            "fever": (FEVER, "fever, new or persistent"),
            "neurotoxicity": (nerves, "neurotoxicity (ICE below 10, reduced consciousness, seizure or encephalopathy)"),
            "lung": (lungs, "hypoxia, oxygen, lung infiltrates or pulmonary oedema"),
            "kidney": (present("acute_kidney_injury") | self._above("creatinine"), "renal insufficiency (asserted, or creatinine above normal)"),
            "triglycerides": (Measure("triglycerides", "mg/dL").above(265.0), "triglycerides above 265 mg/dL"),
        }
        return {code: (self._seen(says, claim), says) for code, (claim, says) in found.items()}


def iec_hs(**given: object) -> Scale:
    """The features of IEC-HS with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    features = _Features(dict(settings))
    codes = ("transaminases", "fibrinogen", "haemophagocytosis", "cytopenia")
    return Scale(
        id="iec-hs-2023", version="2023", title="IEC-HS, features (ASTCT 2023)", syndrome="HLH", unit="probable", cites=(_PLACE,), counts=_COUNTS,
        settings=settings, setting_docs=SETTINGS,
        criteria=(
            Criterion("PROBABLE1", 1, features.probable, _PLACE, Mark.DECISION,
                      "1 means probable by our default: ferritin, which is required, and at least two of the four most common features within "
                      "72 h. The source publishes no number; a clinician decides.", short="ferritin and two of the most common features"),
            Criterion("NOTMET0", 0, ~features.probable, _PLACE, Mark.DECISION, "Not probable by our default; the features that are met are flags.",
                      short="not probable by the default"),
        ),
        flags=(
            Flag("required_ferritin", features.ferritin, "Required: ferritin above 2 x the upper limit of normal or 2 x baseline, or rising rapidly.",
                 _PLACE),
            *(Flag(code, claim, f"Most common: {claim.says}.", _PLACE) for code, claim in zip(codes, features.most_common, strict=True)),
            *(Flag(f"common_{code}", claim, f"Common: {says}.", _PLACE) for code, (claim, says) in features.common().items()),
            Flag("ferritin_doubled", charted(Observed(Measure("ferritin_rise", "%", ask=False).at_least(100.0), float(settings["look_back_hours"]))),
                 "Ferritin doubled within 24 h: judge whether it rises rapidly.", "tocsin:iec-hs"),
        ),
        notes=(*_NOTES, "The baseline of ferritin is that before lymphodepletion, unless the table of patients tells the one at the infusion.",
               "Rapidly rising ferritin and new cytopenia are a clinician's judgement and have to be asserted."),
    )


def iec_hs_grade(**given: object) -> Scale:
    """The grade of IEC-HS with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    there = Named("iec_hs_there", Either(present("iec_hs"), _Features(dict(settings)).probable), says="IEC-HS asserted, or probable by its features",
                  cites="tocsin:iec-hs", mark="D")
    treated = Doses(("anakinra", "ruxolitinib", "etoposide", "emapalumab", *CORTICOSTEROIDS), "anakinra", "immunosuppression", hours=24.0)
    replaced = Doses(("cryoprecipitate", "fibrinogen_concentrate", "fresh_frozen_plasma"), "cryoprecipitate", "cryoprecipitate, fibrinogen or plasma",
                     hours=24.0)
    bleeding = IsIn("bleeding", ("transfused", "life_threatening"), ("present",), says="bleeding that needs transfusion")
    low = present("hypotension") | ANY_VASOPRESSOR
    deadly_bleeding = IsIn("bleeding", ("life_threatening",), ("present", "transfused"), says="life-threatening bleeding")
    deadly_pressure = Named("life_threatening_hypotension", charted(LIFE_THREATENING_HYPOTENSION) | (LIFE_THREATENING_HYPOTENSION & low & ANY_VASOPRESSOR),
                            says="hypotension asserted to be life-threatening", cites="hines2023:grades", mark="M")

    def one(code: str, grade: int, claim: Predicate, short: str, reading: str = "") -> Criterion:
        return Criterion(code, grade, there & claim, "hines2023:grades", Mark.MEMORY, reading, short)

    return Scale(
        id="iec-hs-grade-2023", version="2023", title="IEC-HS, grade (ASTCT 2023)", syndrome="HLH", cites=("hines2023:grades",), counts=_COUNTS,
        settings=settings, setting_docs=SETTINGS,
        criteria=(
            Criterion("IECHS1", 1, there, "hines2023:grades", Mark.DECISION, "Any IEC-HS is at least grade 1 (observation only). It is there when a "
                      "clinician asserts it, or when it is probable by its features (iec-hs-2023).", "IEC-HS"),
            one("TREATED2", 2, treated | replaced, "treated, or fibrinogen replaced",
                "Intervention indicated: immunosuppression for IEC-HS, or transfusion for asymptomatic low fibrinogen, within the last 24 h. A "
                "corticosteroid given for another reason cannot be told apart."),
            one("BLEEDING3", 3, bleeding, "bleeding that needs transfusion",
                "Coagulopathy with bleeding that needs transfusion, as charted."),
            one("KIDNEY3", 3, present("acute_kidney_injury"), "acute kidney injury", "New acute kidney injury in hospital, as asserted."),
            one("PRESSURE3", 3, low, "hypotension or a vasopressor",
                "Hypotension in hospital: asserted, or a vasopressor runs. What is put down to CRS does not count."),
            one("LUNG3", 3, ANY_OXYGEN, "oxygen", "Respiratory distress in hospital, taken as support with oxygen."),
            one("BLEEDING4", 4, deadly_bleeding, "life-threatening bleeding", "As a clinician asserts it."),
            one("PRESSURE4", 4, deadly_pressure, "life-threatening hypotension", "As a clinician asserts it, never derived from numbers."),
            one("LUNG4", 4, VENTILATOR, "mechanical ventilation", "Intubation for IEC-HS."),
            one("KIDNEY4", 4, present("dialysis"), "dialysis", "Dialysis or haemofiltration for IEC-HS."),
            Criterion("DEATH5", 5, charted(present("death", says="death, stated to be caused by IEC-HS")), "hines2023:grades", Mark.MEMORY,
                      "Only where the record states that IEC-HS was the cause (attribution hlh); never derived.", "death caused by IEC-HS"),
            Criterion("NONE0", 0, ~there, "hines2023:grades", Mark.DECISION, "No IEC-HS: neither asserted nor probable by its features.",
                      "no IEC-HS"),
        ),
        notes=_NOTES,
    )


BUILDERS = {"iec-hs-2023": iec_hs, "iec-hs-grade-2023": iec_hs_grade}
