"""The differential diagnosis of an acute local swelling or dyspnoea after CAR-T cells, as data: what else it could be.

Source: lcrs2021, case and discussion.  One item for each other cause: 1 where a finding points to it, 0 where what was examined
speaks against it, open where nobody looked.  Local CRS is what remains; it has no test of its own.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.ctcae import CTCAE403, lab, lab_settings
from tocsin.derived.normal_limits import Beyond, Settings, normal_settings
from tocsin.rules import Either, Or, Predicate, charted, present, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Scale
from tocsin.timeline.schema import ATTRIBUTIONS

_CASE, _DISCUSSION = "lcrs2021:case presentation", "lcrs2021:discussion"
_EJECTION = "ejection-fraction-decreased"

SETTINGS = tuple(dict.fromkeys((
    *normal_settings("uln_eosinophils", "uln_basophils", "uln_bnp", "uln_nt_probnp", "uln_creatinine", "lln_egfr", "uln_alt", "uln_ast",
                     "uln_bilirubin_total", "uln_procalcitonin"),
    *lab_settings(_EJECTION, version=CTCAE403),
)))
"""The paper calls its values normal without a limit; these serve patients whose own are not told."""


def lcrs_differential(**given: object) -> Scale:
    """The differential with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    return Scale(
        id="lcrs-differential-2021", version="2021", title="Differential diagnosis of local CRS", syndrome="local CRS",
        cites=(_CASE, _DISCUSSION), counts=ATTRIBUTIONS,
        settings=settings, setting_docs=SETTINGS, unit="causes",
        criteria=(
            *item("ALLERGY", Points(1, _allergy(settings), "allergy"), none="no allergy", cites=_CASE, mark=Mark.SOURCE,
                  reading="Allergy as asserted, or eosinophils or basophils raised; the paper rules it out because neither was. A charted "
                          "judgement or both counts settle it."),
            *item("HEART", Points(1, _heart(settings), "heart failure"), none="heart normal", cites=_CASE, mark=Mark.SOURCE,
                  reading="The paper takes a BNP of 43.4 pg/mL as a normal heart. NT-proBNP, ejection fraction and an asserted failure are other "
                          "ways of telling; any one that is charted decides."),
            *item("KIDNEY", Points(1, _kidney(settings), "kidney failure"), none="kidney normal", cites=_CASE, mark=Mark.SOURCE,
                  reading="The paper takes creatinine and filtration rate; oliguria points to the kidney too."),
            *item("LIVER", Points(1, _liver(settings), "liver failure"), none="liver normal", cites=_CASE, mark=Mark.SOURCE,
                  reading="The paper takes a normal ALT, alone, as a normal liver; any enzyme or bilirubin that is charted decides."),
            *item("INFECTION", Points(1, _infection(settings), "infection"), none="no infection", cites=_CASE, mark=Mark.DECISION,
                  reading="The paper treats for infection without ruling it out. A raised procalcitonin points to it; a normal one does not rule "
                          "it out."),
            *item("THROMBOSIS", Points(1, present("venous_thrombosis"), "venous thrombosis"), none="no thrombosis", cites=_DISCUSSION,
                  mark=Mark.DECISION, reading="The paper does not speak of it; a swollen neck and face ask for it."),
            *item("TUMOUR", Points(1, present("tumour_at_site"), "tumour at the site"), none="no tumour at the site", cites=_CASE,
                  mark=Mark.SOURCE, reading="The paper found no tumour at the neck before the infusion; an image counts for 30 days. It misses a "
                                            "PET-CT at the time of the swelling."),
        ),
        bands=(Band("nothing else found", 0, _DISCUSSION, Mark.SOURCE, "no other cause is supported; where the range reaches higher, not all was examined"),
               Band("another cause", 1, _DISCUSSION, Mark.SOURCE, "at least one other cause is supported")),
        notes=("A sum of causes, not a severity. Local CRS is a diagnosis of exclusion: it is likely when every item is known to be 0.",
               "Findings count whatever they are put down to."),
    )


def _above(concept: str, settings: Settings) -> Predicate:
    return Beyond(concept, high=True).predicate(settings)


def _allergy(settings: Settings) -> Predicate:
    return Either(_above("eosinophils", settings) | _above("basophils", settings), present("allergy"))


def _heart(settings: Settings) -> Predicate:
    return Either(_above("bnp", settings), _above("nt_probnp", settings), lab(_EJECTION, CTCAE403, 2, settings), present("cardiac_failure"))


def _kidney(settings: Settings) -> Predicate:
    return Either(_above("creatinine", settings), Beyond("egfr", high=False).predicate(settings), present("oliguria"))


def _liver(settings: Settings) -> Predicate:
    return Either(_above("alt", settings), _above("ast", settings), _above("bilirubin_total", settings))


def _infection(settings: Settings) -> Predicate:
    return Or((Either(present("infection"), present("pulmonary_infection")), charted(_above("procalcitonin", settings))))


BUILDERS = {"lcrs-differential-2021": lcrs_differential}
