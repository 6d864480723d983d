"""Drugs, blood products and cells that are given as doses.  Codes: read in public mappings where marked V (RxNorm ingredient, OMOP).

An amount per m2 of body surface is not convertible here: a source keeps it as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Domain, Kind

# CAR-T products, V[PHL]: name -> (RxNorm, OMOP).
CAR_T_PRODUCTS: Final[Mapping[str, tuple[str, int]]] = {
    "tisagenlecleucel": ("1986438", 792737),
    "axicabtagene_ciloleucel": ("1987398", 792844),
    "brexucabtagene_autoleucel": ("2387277", 37002369),
    "lisocabtagene_maraleucel": ("2479136", 739856),
    "idecabtagene_vicleucel": ("2536430", 36026868),
    "ciltacabtagene_autoleucel": ("2594775", 779144),
}


def dose(
    name: str,
    title: str,
    *aliases: str,
    unit: str | None = "mg",
    accepted: units.Units | None = None,
    plausible: tuple[float, float] | None = None,
    **more: Any,
) -> Concept:
    """Something given as an amount; it is not carried forward, what it does over time is a rule's business."""
    table = accepted if accepted is not None else units.mass(unit) if unit else {}
    return Concept(
        name,
        title,
        Kind.DOSE,
        Domain.DRUGS,
        unit,
        table,
        possible=(0.0, units.NO_LIMIT) if unit else None,
        plausible=plausible,
        aliases=aliases,
        code_mark=more.pop("code_mark", "V" if more.get("rxnorm") else ""),
        **more,
    )


ANTICYTOKINE: tuple[Concept, ...] = (
    dose(
        "tocilizumab",
        "Tocilizumab",
        "toci",
        "TCZ",
        "actemra",
        "roactemra",
        "atlizumab",
        plausible=(0.0, 800.0),
        rxnorm=("612865",),
        omop=(40171288,),
        clif=("tocilizumab",),
        note="Plausible limit: 800 mg a dose is the label's maximum (V[KYM]).",
    ),
    dose("siltuximab", "Siltuximab", "siltux", "sylvant", rxnorm=("1535218",), omop=(44818461,)),
    dose("sarilumab", "Sarilumab", "kevzara", rxnorm=("1923319",), omop=(1594587,)),
    dose("anakinra", "Anakinra", "kineret", rxnorm=("72435",), omop=(1114375,), clif=("anakinra",)),
    dose("ruxolitinib", "Ruxolitinib", "ruxo", "jakafi", "jakavi", rxnorm=("1193326",), omop=(40244464,)),
    dose("baricitinib", "Baricitinib", "olumiant", rxnorm=("2047232",), omop=(1510627,)),
    dose("emapalumab", "Emapalumab", "gamifant", "NI-0501"),
    dose("anti_tnf", "Antibody against TNF-alpha", "anti-TNF", "TNF blocker", "infliximab", "adalimumab", unit=None),
)

CORTICOSTEROIDS: tuple[Concept, ...] = (
    dose(
        "dexamethasone",
        "Dexamethasone",
        "dex",
        "dexa",
        "DXM",
        "decadron",
        rxnorm=("3264",),
        omop=(1518254,),
        clif=("dexamethasone",),
    ),
    dose(
        "methylprednisolone",
        "Methylprednisolone",
        "MP",
        "MPS",
        "methylpred",
        "solu-medrol",
        "medrol",
        rxnorm=("6902",),
        omop=(1506270,),
        clif=("methylprednisolone",),
    ),
    dose("hydrocortisone", "Hydrocortisone", "solu-cortef", rxnorm=("5492",), omop=(975125,), clif=("hydrocortisone",)),
    dose("prednisone", "Prednisone", "deltasone", rxnorm=("8640",), omop=(1551099,), clif=("prednisone",)),
    dose("prednisolone", "Prednisolone", rxnorm=("8638",), omop=(1550557,), clif=("prednisolone",)),
    dose(
        "corticosteroid",
        "Corticosteroid, agent not told",
        "corticosteroids",
        "steroid",
        "steroids",
        "glucocorticoid",
        "glucocorticoids",
        unit=None,
        note="For records that only say that a systemic steroid was given.",
    ),
    dose(
        "intrathecal_dexamethasone",
        "Dexamethasone, intrathecal",
        "IT dexamethasone",
        "dexamethasone intrathecal",
        note="Not systemic: not in the group CORTICOSTEROIDS.",
    ),
    dose("intrathecal_hydrocortisone", "Hydrocortisone, intrathecal", "IT hydrocortisone", "hydrocortisone intrathecal",
         note="Not systemic: not in the group CORTICOSTEROIDS."),
)

ANTIPYRETICS: tuple[Concept, ...] = (
    dose(
        "acetaminophen",
        "Acetaminophen (paracetamol)",
        "paracetamol",
        "APAP",
        "tylenol",
        rxnorm=("161",),
        omop=(1125315,),
        clif=("acetaminophen",),
    ),
    dose("ibuprofen", "Ibuprofen", "advil", "motrin", rxnorm=("5640",), omop=(1177480,), code_mark="M"),
    dose("diclofenac", "Diclofenac", "voltaren"),
    dose("metamizole", "Metamizole", "metamizol", "dipyrone", "novalgin", "analgin"),
    dose(
        "nsaid",
        "Non-steroidal anti-inflammatory drug, agent not told",
        "NSAIDs",
        "nonsteroidal anti-inflammatory drug",
        unit=None,
    ),
    dose(
        "antipyretic",
        "Antipyretic, agent not told",
        "antipyretics",
        unit=None,
        note="For records that only say that an antipyretic was given.",
    ),
)

CHEMOTHERAPY: tuple[Concept, ...] = (
    dose(
        "cyclophosphamide",
        "Cyclophosphamide",
        "Cy",
        "cytoxan",
        "endoxan",
        rxnorm=("3002",),
        omop=(1310317,),
        note='"CTX" is no alias: it is ceftriaxone in other records.',
    ),
    dose(
        "fludarabine",
        "Fludarabine",
        "fludara",
        rxnorm=("24698",),
        omop=(1395557,),
        code_mark="M",
        note='"Flu" is no alias: it is influenza in other records.',
    ),
    dose("etoposide", "Etoposide", "VP-16", rxnorm=("4179",), omop=(1350504,)),
    dose("cytarabine", "Cytarabine", "Ara-C", rxnorm=("3041",), omop=(1311078,), code_mark="M"),
    dose("intrathecal_cytarabine", "Cytarabine, intrathecal", "IT cytarabine", "cytarabine intrathecal", "IT Ara-C"),
    dose("methotrexate", "Methotrexate", "MTX"),
    dose("dasatinib", "Dasatinib", "sprycel", rxnorm=("475342",), omop=(1358436,)),
    dose("imatinib", "Imatinib", "gleevec", "glivec"),
)

SUPPORT: tuple[Concept, ...] = (
    dose("levetiracetam", "Levetiracetam", "keppra", rxnorm=("114477",), omop=(711584,)),
    dose("lorazepam", "Lorazepam", "ativan", rxnorm=("6470",), omop=(791967,), clif=("lorazepam",)),
    dose("filgrastim", "Filgrastim", "G-CSF", "neupogen", unit="ug", rxnorm=("68442",), omop=(1304850,), code_mark="M"),
    dose("antibiotic", "Antibiotic, agent as text", "antibiotics", "antibacterial", "antimicrobial", unit=None,
         clif=("cms_sepsis_qualifying_antibiotics",), note="The CLIF code is a med_group: its agents have no concept of their own."),
    dose("cefmetazole", "Cefmetazole", clif=("cefmetazole",)),
    dose("imipenem", "Imipenem", "imipenem cilastatin", clif=("imipenem",)),
    dose("metoprolol", "Metoprolol", "lopressor", "betaloc"),
    dose("torasemide", "Torasemide", "torsemide", "demadex", clif=("torsemide",)),
    dose("furosemide", "Furosemide", "frusemide", "lasix", clif=("furosemide",)),
    dose(
        "parenteral_nutrition",
        "Parenteral nutrition",
        "total parenteral nutrition",
        "TPN",
        unit="mL",
        accepted=units.VOLUME,
        clif=("tpn",),
    ),
    dose(
        "heparin",
        "Heparin",
        "UFH",
        "unfractionated heparin",
        unit="U",
        accepted=units.HEPARIN,
        rxnorm=("5224",),
        omop=(1367571,),
        clif=("heparin",),
    ),
    dose(
        "fluid_bolus",
        "Fluid bolus",
        "bolus",
        "IV bolus",
        "fluid resuscitation",
        "crystalloid bolus",
        "saline bolus",
        "normal saline bolus",
        unit="mL",
        accepted=units.VOLUME,
    ),
    dose("phenobarbital", "Phenobarbital", "phenobarbitone", "luminal"),
    dose("haloperidol", "Haloperidol", "haldol", clif=("haloperidol",)),
    dose("acetazolamide", "Acetazolamide", "diamox"),
    dose("mannitol", "Mannitol", "osmitrol", unit="g"),
    dose("hypertonic_saline", "Hypertonic saline", "hypertonic sodium chloride", "HTS", "3% saline", "23.4% saline", unit="mL", accepted=units.VOLUME),
)

BLOOD_AND_CELLS: tuple[Concept, ...] = (
    dose(
        "fresh_frozen_plasma",
        "Fresh frozen plasma",
        "FFP",
        "plasma",
        "plasma transfusion",
        unit="mL",
        accepted=units.VOLUME,
        clif=("plasma",),
    ),
    dose("cryoprecipitate", "Cryoprecipitate", "cryo", unit="unit", accepted=units.BLOOD_UNITS, clif=("cryoprecipitate",)),
    dose("fibrinogen_concentrate", "Fibrinogen concentrate", "fibryga", "riastap"),
    dose(
        "platelet_transfusion",
        "Platelet transfusion",
        "platelets transfused",
        "platelet concentrate",
        unit="unit",
        accepted=units.BLOOD_UNITS,
        clif=("platelets",),
    ),
    dose(
        "red_cell_transfusion",
        "Red cell transfusion",
        "PRBC",
        "pRBCs",
        "RBC transfusion",
        "packed red cells",
        "packed red blood cells",
        unit="unit",
        accepted=units.BLOOD_UNITS,
        clif=("prbc",),
    ),
    dose(
        "msc",
        "Mesenchymal stromal cells",
        "MSCs",
        "mesenchymal stem cells",
        "UC-MSC",
        unit="cells/kg",
        accepted=units.CELLS_PER_KG,
    ),
    dose(
        "car_t_infusion",
        "CAR-T cell infusion",
        "CAR-T",
        "CAR-T cells",
        "CART",
        "CAR-T dose",
        "CAR T cell therapy",
        *CAR_T_PRODUCTS,
        unit="cells/kg",
        accepted=units.CELLS_PER_KG,
        clif=tuple(CAR_T_PRODUCTS),
        rxnorm=tuple(rxnorm for rxnorm, _ in CAR_T_PRODUCTS.values()),
        omop=tuple(omop for _, omop in CAR_T_PRODUCTS.values()),
        note="Codes are those of the products, one by one in CAR_T_PRODUCTS.  A fixed dose in cells needs the weight.",
    ),
)

CONCEPTS: tuple[Concept, ...] = ANTICYTOKINE + CORTICOSTEROIDS + ANTIPYRETICS + CHEMOTHERAPY + SUPPORT + BLOOD_AND_CELLS
