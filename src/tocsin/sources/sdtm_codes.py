"""What the tests, terms and units of SDTM mean here.

Tests and units are CDISC Controlled Terminology (codelists VSTESTCD C66741, LBTESTCD C65047, VSRESU C66770, UNIT C71620).  The
mark says how a code is known: V, seen with its name in a copy of the codelist or in published SDTM data; M, from memory.
Terms of AE are preferred terms of MedDRA, from memory: those that are a name or alias of a concept need no entry here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from tocsin.errors import VocabularyError
from tocsin.sources.codes import Codes, Item
from tocsin.vocabulary import CAR_T_PRODUCTS, CONCEPTS, Concept, Domain, Kind, find

VS_TESTS: Mapping[str, tuple[str, str]] = {
    "TEMP": ("temperature", "V"), "TEMPCB": ("temperature", "V"), "SYSBP": ("systolic_bp", "V"), "DIABP": ("diastolic_bp", "V"),
    "MAP": ("mean_arterial_pressure", "V"), "PULSE": ("heart_rate", "V"), "HR": ("heart_rate", "V"), "RESP": ("respiratory_rate", "V"),
    "OXYSAT": ("spo2", "V"), "WEIGHT": ("weight", "V"), "HEIGHT": ("height", "V"), "FIO2": ("fio2", "V"),
}
LB_TESTS: Mapping[str, tuple[str, str]] = {
    "WBC": ("leukocytes", "V"), "NEUT": ("neutrophils", "V"), "LYM": ("lymphocytes", "V"), "CD4": ("cd4_lymphocytes", "V"),
    "MONO": ("monocytes", "V"), "EOS": ("eosinophils", "V"), "BASO": ("basophils", "V"), "PLAT": ("platelets", "V"),
    "HGB": ("haemoglobin", "V"), "DDIMER": ("d_dimer", "V"), "FDP": ("fdp", "V"), "FIBRINO": ("fibrinogen", "V"), "PT": ("pt", "V"),
    "INR": ("inr", "V"), "APTT": ("aptt", "V"), "FERRITIN": ("ferritin", "V"), "CRP": ("crp", "V"), "PCT": ("procalcitonin", "V"),
    "LDH": ("ldh", "V"), "ALT": ("alt", "V"), "AST": ("ast", "V"), "BILI": ("bilirubin_total", "V"), "BILDIR": ("bilirubin_direct", "V"),
    "ALB": ("albumin", "V"), "CREAT": ("creatinine", "V"), "UREAN": ("urea_nitrogen", "V"), "BUN": ("urea_nitrogen", "V"),
    "TROPONI": ("troponin_i", "V"), "TROPONT": ("troponin_t", "V"), "BNP": ("bnp", "M"), "BNPPRONT": ("nt_probnp", "M"),
    "CK": ("creatine_kinase", "V"), "CKMB": ("ck_mb", "M"), "TRIG": ("triglycerides", "V"), "LACTICAC": ("lactate", "V"),
    "IGG": ("igg", "V"), "HAPTOG": ("haptoglobin", "V"), "SODIUM": ("sodium", "V"), "K": ("potassium", "V"), "CA": ("calcium", "V"),
    "CACR": ("calcium_corrected", "V"), "CAION": ("calcium_ionised", "V"), "MG": ("magnesium", "V"), "PHOS": ("phosphate", "V"),
    "GLUC": ("glucose", "V"), "CHOL": ("cholesterol", "V"), "URATE": ("uric_acid", "V"), "ALP": ("alkaline_phosphatase", "V"),
    "GGT": ("ggt", "V"), "AMYLASE": ("amylase", "V"), "LIPASET": ("lipase", "V"), "GFRE": ("egfr", "M"),
    "INTLK6": ("il6", "V"), "INTLK10": ("il10", "V"), "INTLK1B": ("il1b", "V"), "INTLK2": ("il2", "V"), "INTLK5": ("il5", "V"),
    "INTLK8": ("il8", "V"), "INTLK15": ("il15", "V"), "IFNG": ("ifn_gamma", "V"), "TNF": ("tnf_alpha", "V"), "GMCSF": ("gm_csf", "V"),
    "IL2SR": ("sil2r", "V"), "MCP1": ("mcp1", "M"),
}
# Tests that mean this only in that specimen (LBSPEC): a pH of urine is no blood gas.
LB_SPECIMENS: Mapping[tuple[str, str], str] = {
    ("BLOOD ARTERIAL", "PO2"): "pao2", ("BLOOD ARTERIAL", "PCO2"): "paco2", ("BLOOD ARTERIAL", "PH"): "ph", ("BLOOD ARTERIAL", "OXYSAT"): "sao2",
    ("BLOOD", "PH"): "ph", ("CEREBROSPINAL FLUID", "PROT"): "csf_protein", ("CEREBROSPINAL FLUID", "INTLK6"): "csf_il6",
}
NEEDS_SPECIMEN = tuple(sorted({test for _, test in LB_SPECIMENS if test not in LB_TESTS}))
"""Tests whose specimen decides what they are."""

# Terms whose concept has more values than present and absent: the value that the term is by itself.
TERMS: Mapping[str, Item] = {
    "CYTOKINE RELEASE SYNDROME": Item("reported_crs_grade"),
    "IMMUNE EFFECTOR CELL-ASSOCIATED NEUROTOXICITY SYNDROME": Item("reported_icans_grade"),
    "SEIZURE": Item("seizure", text="unspecified"),
    "GENERALISED TONIC-CLONIC SEIZURE": Item("seizure", text="unspecified"),
    "PARTIAL SEIZURES": Item("seizure", text="partial"), "COMPLEX PARTIAL SEIZURES": Item("seizure", text="partial"),
    "PARTIAL SEIZURES WITH SECONDARY GENERALISATION": Item("seizure", text="partial"),
    "STATUS EPILEPTICUS": Item("seizure", text="prolonged"),
    "BRAIN OEDEMA": Item("cerebral_oedema", text="unspecified"),
    "CEREBRAL OEDEMA": Item("cerebral_oedema", text="unspecified"),
    "DEPRESSED LEVEL OF CONSCIOUSNESS": Item("consciousness", text="reduced"),
    "CONFUSIONAL STATE": Item("confusion"),
    "HAEMOPHAGOCYTIC LYMPHOHISTIOCYTOSIS": Item("hlh"),
    "RASH MACULO-PAPULAR": Item("rash"), "RASH ERYTHEMATOUS": Item("rash"), "RASH PAPULAR": Item("rash"), "RASH PRURITIC": Item("rash"),
    "CARDIAC FAILURE CONGESTIVE": Item("cardiac_failure"), "DEATH": Item("death"),
}
PROCEDURES: Mapping[str, Item] = {
    **dict.fromkeys(("MECHANICAL VENTILATION", "INVASIVE MECHANICAL VENTILATION", "INTUBATION", "ENDOTRACHEAL INTUBATION", "ARTIFICIAL RESPIRATION"),
                    Item("oxygen_device", text="invasive_ventilation")),
    **dict.fromkeys(("NON-INVASIVE VENTILATION", "NONINVASIVE VENTILATION", "NON-INVASIVE MECHANICAL VENTILATION"),
                    Item("oxygen_device", text="noninvasive_ventilation")),
    **dict.fromkeys(("OXYGEN THERAPY", "OXYGEN SUPPLEMENTATION", "SUPPLEMENTAL OXYGEN"), Item("oxygen_device", text="oxygen_unspecified")),
}
# Brand names of the CAR-T products (doses.CAR_T_PRODUCTS), to the names there; from memory.
BRANDS: Mapping[str, str] = {
    "KYMRIAH": "tisagenlecleucel", "YESCARTA": "axicabtagene_ciloleucel", "TECARTUS": "brexucabtagene_autoleucel",
    "BREYANZI": "lisocabtagene_maraleucel", "ABECMA": "idecabtagene_vicleucel", "CARVYKTI": "ciltacabtagene_autoleucel",
}
# Results of RSTESTCD OVRLRESP (codelist ONCRSR C96785) beside CR, PR, SD, PD: Lugano by PET and IMWG; from memory.
RESPONSES: Mapping[str, str] = {
    "cmr": "complete_remission", "pmr": "partial_remission", "nmr": "stable_disease", "pmd": "progressive_disease",
    "scr": "complete_remission", "vgpr": "partial_remission", "ne": "unknown",
}
# CDISC units whose spelling is none that a concept here has.
UNITS: Mapping[str, str] = {"GI/L": "10^9/L", "NO UNITS": "1"}
GRADED = frozenset(c.name for c in CONCEPTS.values() if c.unit == "grade")
"""Concepts whose value is a grade, which an event tells in --TOXGR."""
_DRUGS = frozenset(c.name for c in CONCEPTS.values() if c.domain is Domain.DRUGS)
_SAID = frozenset(c.name for c in CONCEPTS.values() if c.kind in (Kind.FINDING, Kind.STATE) and c.domain is not Domain.DRUGS)
# Routes (codelist ROUTE C66729) by which a drug acts where it is put: a cream with hydrocortisone is no systemic steroid.
LOCAL_ROUTES = frozenset({
    "TOPICAL", "OPHTHALMIC", "CONJUNCTIVAL", "INTRAVITREAL", "INTRAOCULAR", "AURICULAR (OTIC)", "AURICULAR", "OTIC", "NASAL", "INTRANASAL", "DENTAL",
    "ORAL GARGLE", "OROPHARYNGEAL", "RESPIRATORY (INHALATION)", "INHALATION", "INTRA-ARTICULAR", "INTRAARTICULAR", "INTRABURSAL", "INTRALESIONAL",
    "INTRADERMAL", "VAGINAL", "CUTANEOUS", "PERIODONTAL", "EPIDURAL",
})


@cache
def items() -> dict[str, Item]:
    """Every test and term above under its code: "sdtm:VS/TEMP", "sdtm:LB/BLOOD ARTERIAL/PO2", "sdtm:AE/SEIZURE"."""
    out = {f"sdtm:VS/{test}": Item(name) for test, (name, _) in VS_TESTS.items()}
    out |= {f"sdtm:LB/{test}": Item(name) for test, (name, _) in LB_TESTS.items()}
    out |= {f"sdtm:LB/{specimen}/{test}": Item(name) for (specimen, test), name in LB_SPECIMENS.items()}
    for domain in ("AE", "CE", "DS"):
        out |= {f"sdtm:{domain}/{term}": item for term, item in TERMS.items()}
    out |= {f"sdtm:FA/{test}/{term}": item for term, item in TERMS.items() for test in ("OCCUR", "TOXGR", "GRADE")}
    out |= {f"sdtm:PR/{device.upper()}": Item("oxygen_device", text=device) for device in CONCEPTS["oxygen_device"].values}
    out |= {f"sdtm:PR/{term}": item for term, item in PROCEDURES.items()}
    out |= {f"sdtm:EX/{brand}": Item("car_t_infusion") for brand in BRANDS}
    out["sdtm:RS/OVRLRESP"] = Item("response")
    return out


def meanings(codes: Codes) -> Codes:
    """The mapping with what SDTM means beside it; the mapping's own words stand first."""
    values = {**codes.values, "response": {**RESPONSES, **codes.values.get("response", {})}}
    return replace(codes.with_items(items()), units={**UNITS, **codes.units}, values=values)


def test_of(concept: str) -> tuple[str, str, str] | None:
    """Domain, specimen ("" when any) and test code under which a measurement of this concept is written; None when CDISC has none."""
    return _TESTS.get(concept)


_TESTS: dict[str, tuple[str, str, str]] = {}
for _domain, _table in (("VS", VS_TESTS), ("LB", LB_TESTS)):
    for _test, (_name, _) in _table.items():
        _TESTS.setdefault(_name, (_domain, "", _test))
for (_specimen, _test), _name in LB_SPECIMENS.items():
    _TESTS.setdefault(_name, ("LB", _specimen, _test))


def known(codes: Codes, candidates: Iterable[str | None], name: str | None) -> str | None:
    """The first of these codes that means something, none of them when one is left out on purpose; None when nobody knows."""
    tried = [code for code in candidates if code is not None]
    if name in codes.ignored or any(code in codes.ignored for code in tried):
        return None
    return next((code for code in tried if codes.item(code, name) is not None), None)


def by_word(term: str | None, domain: str) -> str | None:
    """The code of the concept whose name or alias the term is, where a row of this domain can be about it."""
    found = find(term) if term is not None else None
    if found is None or not _fits(found, domain):
        return None
    return f"concept:{found.name}"


def _fits(one: Concept, domain: str) -> bool:
    if domain in ("VS", "LB"):
        return one.kind is Kind.MEASUREMENT and one.domain in (Domain.VITALS, Domain.LABS, Domain.DEVICES)
    if domain in ("CM", "EX"):
        return one.name in _DRUGS
    if domain == "PR":
        return one.name in _DRUGS or one.name in ("dialysis", "ecg", "echocardiogram")
    if domain in ("AE", "CE"):
        return one.name in _SAID and "present" in one.values
    return domain == "FA"


def car_t(treatment: str | None) -> str | None:
    """The CAR-T product that EXTRT tells ("" when only that it is one: "CAR-T cells"); None for every other treatment."""
    if treatment is None:
        return None
    word = treatment.strip().upper()
    named = BRANDS.get(word, word.lower().replace(" ", "_").replace("-", "_"))
    if named in CAR_T_PRODUCTS:
        return named
    found = find(word)
    if found is not None and found.name == "car_t_infusion":
        return ""
    plain = word.replace("-", " ")
    return treatment.strip() if word.endswith("LEUCEL") or "CAR T" in plain or "CHIMERIC ANTIGEN RECEPTOR" in plain else None


def accepted(codes: Codes, code: str | None, name: str | None, unit: str | None) -> bool:
    """Whether a number in this unit is one of the concept that the code is about; no unit is one only for what has none."""
    item = codes.item(code, name)
    if item is None:
        return False
    one = CONCEPTS.get(item.concept)
    if one is None or one.unit is None:
        return False
    said = codes.unit(unit) if unit is not None else item.unit
    try:
        one.conversion(said if said is not None else "")
    except VocabularyError:
        return False
    return True
