"""CRS of B-cell lymphoma by the Chinese table of 2023, as data: the rows of ASTCT and one for the tumour lesions (local CRS).

Source: lcrs_nhl2023, table 1.  Fever stands in every column; then the worst of pressure, oxygen and lesion is the grade.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, FEVER_MASKED, FEVER_OR_MASKED, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, SYSTOLIC_LOW, VASOPRESSIN, bolus_given, multiple_vasopressors, vasopressors
from tocsin.derived.respiratory import ANY_OXYGEN, HIGH_FLOW, MASK, POSITIVE_PRESSURE
from tocsin.rules import Constant, Either, Elsewhere, Named, Or, Predicate, Setting, present, settled
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

SETTINGS = (
    Setting("masked_fever_counts", True, "", "fever that treatment hides after the onset counts as fever, as in the ASTCT table that this one "
            "extends; the table itself does not say", "lcrs_nhl2023:table 1", Mark.DECISION),
    Setting("vasopressin_counts_as_multiple", True, "", "vasopressin beside one other vasopressor is \"multiple vasopressors\" (the table makes no "
            "exception)", "lcrs_nhl2023:table 1", Mark.DECISION),
    Setting("vasopressor_overlap_minutes", 0.0, "min", "two vasopressors count as multiple only when they overlap longer than this",
            "tocsin:vasopressors", Mark.DECISION, maximum=1440),
    *QUIET_SETTINGS,
)
LESION_CONCEPTS = ("lesion_swelling", "compression_symptoms", "serous_effusion", "massive_serous_effusion", "compression_damage",
                   "adjacent_organ_decompensation")
COUNTED_CONCEPTS = ("temperature", "fever", "hypotension", "systolic_bp", "oxygen_device", *VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor",
                    *LESION_CONCEPTS)
_TABLE = "lcrs_nhl2023:table 1"

_PRESSING = present("compression_symptoms") | present("serous_effusion") | present("massive_serous_effusion")
_SWOLLEN = present("lesion_swelling") | _PRESSING
_DAMAGE = Or((present("compression_damage"), present("massive_serous_effusion"), present("adjacent_organ_decompensation")))


def lcrs_nhl(**given: object) -> Scale:
    """The scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    hidden: Predicate = FEVER_MASKED if settings["masked_fever_counts"] else Constant(False)
    gate: Predicate = FEVER_OR_MASKED if settings["masked_fever_counts"] else FEVER
    low = Named("hypotension_by_age", Either(SYSTOLIC_LOW, present("hypotension")),
                says="systolic pressure below the limit for age (adults 90 mmHg), or hypotension asserted", cites=_TABLE, mark="V")
    several = multiple_vasopressors(float(settings["vasopressor_overlap_minutes"]))
    if settings["vasopressin_counts_as_multiple"]:
        several = several | (vasopressors(1) & VASOPRESSIN)
    sign = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN, bolus_given(4.0), _SWOLLEN))
    return Scale(
        id="lcrs-nhl-2023", version="2023", title="CRS of B-cell lymphoma with its local form, 2023", syndrome="local CRS",
        cites=("lcrs_nhl2023:table 1", "wei2020:table 2"), counts=("crs", "local_crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(FEVER, sign, SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("FEVER1", 1, FEVER, _TABLE, Mark.VERIFIED, "Fever of 38.0 degC or more stands in every column of the table.", short="fever"),
            Criterion("MASKED1", 1, hidden, "tocsin:masking", Mark.DECISION,
                      "The table does not say what follows an antipyretic or tocilizumab; we read it as the ASTCT table that it extends, also "
                      "where charting stops.",
                      short="fever hidden by treatment; CRS not yet resolved"),
            Criterion("HYPO2", 2, gate & (low | ANY_VASOPRESSOR), _TABLE, Mark.VERIFIED,
                      "A systolic pressure below 90 mmHg (children by age) that needs no vasopressor. The pressure alone is enough.",
                      short="hypotension"),
            Criterion("HYPO3", 3, gate & ANY_VASOPRESSOR, _TABLE, Mark.VERIFIED, "Response to one type of vasopressor, at any dose.",
                      short="a vasopressor"),
            Criterion("HYPO4", 4, gate & several, _TABLE, Mark.VERIFIED, "Two or more types at the same time.", short="multiple vasopressors"),
            Criterion("HYPOX2", 2, gate & ANY_OXYGEN, _TABLE, Mark.VERIFIED,
                      "Low-flow cannula (6 L/min or less); any greater support is at least this.", short="oxygen"),
            Criterion("HYPOX3", 3, gate & (HIGH_FLOW | MASK | POSITIVE_PRESSURE), _TABLE, Mark.VERIFIED,
                      "Cannula above 6 L/min, mask, non-rebreather or Venturi mask.", short="high-flow cannula or mask"),
            Criterion("HYPOX4", 4, gate & POSITIVE_PRESSURE, _TABLE, Mark.VERIFIED,
                      "Positive pressure: non-invasive, or intubation and mechanical ventilation.", short="positive pressure"),
            Criterion("LESION2", 2, gate & _SWOLLEN, _TABLE, Mark.VERIFIED,
                      "A lesion has swollen without compression or effect on the organs around it; compression or effusion is at least this.",
                      short="swollen lesion"),
            Criterion("LESION3", 3, gate & _PRESSING, _TABLE, Mark.VERIFIED,
                      "A swollen lesion compresses its neighbours, or a serous effusion lies around the tumour; adjacent organs compensate.",
                      short="compression or effusion"),
            Criterion("LESION4", 4, gate & _PRESSING & _DAMAGE, _TABLE, Mark.VERIFIED,
                      "Compression with oedema, bleeding or perforation, a massive effusion, or organs around that decompensate: any one of "
                      "these is enough, because each sets the column of grade 4 apart from that of grade 3. While a lesion compresses, "
                      "what nobody charted of these leaves grade 4 open.", short="damage, massive effusion or decompensation by a lesion"),
            Criterion("AFEBRILE0", 0, ~gate, _TABLE, Mark.VERIFIED, "No fever, and none that treatment could be hiding.",
                      short="no fever, and none hidden"),
            Criterion("ELSEWHERE0", 0, Elsewhere(COUNTED_CONCEPTS, "the findings are put down to another cause"), _TABLE, Mark.DECISION,
                      "Findings put down to infection or another cause are neither CRS nor local CRS; the table does not speak of them.",
                      short="findings put down to another cause"),
        ),
        flags=(
            Flag("lesion_without_fever", _SWOLLEN & ~gate, "A lesion has swollen, compresses or has an effusion around it without fever; the "
                 "table asks for fever in every column.", _TABLE),
            Flag("counted_elsewhere", Elsewhere(COUNTED_CONCEPTS, "findings put down to another cause"), "Findings put down to another "
                 "cause (attribution) are not counted.", _TABLE),
        ),
        notes=("Findings put down to CRS or to local CRS count.",
               "The table was made for B-cell lymphoma; how likely severe local CRS is before it begins is the scale lcrs-risk-wei2020."),
    )


BUILDERS = {"lcrs-nhl-2023": lcrs_nhl}
