"""What OMOP concept ids mean here: by id, by their code, by an ancestor, by "Maps to"; and units, routes, answers and operators.

Where the vocabulary tables (concept, concept_ancestor, concept_relationship) stand beside the data, a drug product means its
ingredient and a condition its ancestors.  Without them the ids of the vocabulary of Tocsin and the tables below have to do.

Facts about OMOP concept ids below were seen with their names in: [A] the concept table of the Synthea27Nj database of
OHDSI/EunomiaDatasets; [B] the custom mappings of OHDSI/MIMIC (units, routes, procedures); [C] the OMOP CDM 5.4 specification,
Field_Level; [D] OHDSI/Covid-19, concept set "Invasive ventilation".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from tocsin.sources.codes import Codes, Item, known_codes
from tocsin.sources.omop_store import ID, NUMBER, TEXT, Store
from tocsin.vocabulary import Kind, find
from tocsin.vocabulary.spelling import unit_key

OPERATORS: Mapping[str, int] = {"4171754": -1, "4171756": -1, "4172703": 0, "4172704": 1, "4171755": 1}
"""Operator of a measurement to ``censored``: <=, <, =, >, >= (domain Meas Value Operator, [C]; 4172703 is "=")."""

UNITS: Mapping[str, str] = {
    "8876": "mm[Hg]", "8554": "%", "9557": "meq/L", "8840": "mg/dL", "8541": "/min", "8483": "/min", "8848": "10*3/uL", "44777590": "cm[H2O]",
    "8713": "g/dL", "8555": "s", "8923": "[iU]/L", "8645": "U/L", "8587": "mL", "9289": "[degF]", "586323": "Cel", "8653": "Cel", "8698": "L/min",
    "8815": "10*6/uL", "8753": "mmol/L", "8510": "U", "8842": "ng/mL", "8859": "ug/mL", "8837": "ug/dL", "8784": "/uL", "8785": "/uL", "8647": "/uL",
    "8845": "pg/mL", "8817": "ng/dL", "8725": "ng/L", "8751": "mg/L", "8636": "g/L", "8748": "ug/L", "8749": "umol/L", "8736": "nmol/L",
    "8729": "pmol/L", "8763": "U/mL", "8985": "[iU]/mL", "9550": "m[iU]/mL", "9529": "kg", "8504": "g", "8576": "mg", "9655": "ug", "8519": "L",
    "8582": "cm", "9546": "m", "9327": "in", "9330": "in", "8739": "lb", "8505": "h", "8512": "d", "8550": "min", "8795": "mL/min",
    "44777613": "mL/h", "9444": "10*9/L", "8961": "10*3/uL", "8816": "10*6/mL", "32707": "ng/mL FEU", "8523": "ratio", "8718": "[iU]",
    "44777566": "score",
}
"""Unit concepts to their UCUM code or a spelling of it [A, B]; every OMOP unit that a concept of ours accepts and these lists name."""

_SPELLED: Mapping[str, str] = {
    "[in_i]": "in", "[in_us]": "in", "[lb_av]": "lb", "[lb_us]": "lb", "[U]": "U", "[U]/L": "U/L", "[U]/mL": "U/mL", "10*-3.eq/L": "meq/L",
    "10*-3.[iU]/mL": "m[iU]/mL", "ng{FEU}/mL": "ng/mL FEU", "ug{FEU}/mL": "ug/mL FEU", "mg{FEU}/L": "mg/L FEU", "{cells}/uL": "/uL",
    "{counts}/min": "/min", "[score]": "score", "{ratio}": "ratio", "{fraction}": "fraction", "[degC]": "Cel",
}
"""Codes of the vocabulary's unit concepts [A] that are not UCUM's own or that UCUM spells in a way of its own, to a plain spelling."""

ANSWERS: Mapping[str, str] = {"4181412": "present", "4132135": "absent", "9191": "positive", "9189": "negative", "4188539": "yes", "4188540": "no"}
"""Values as concepts, for a database without its vocabulary: SNOMED Present, Absent, Positive, Negative, Yes, No (domain Meas Value)."""

TYPES: Mapping[str, str] = {
    "32817": "EHR", "32818": "EHR administration record", "32821": "EHR billing record", "32838": "EHR prescription", "32869": "pharmacy claim",
    "38000177": "prescription written", "38000180": "inpatient administration",
}
BILLED: frozenset[str] = frozenset({"32821", "32810", "32019"})
"""Types of record that stand for a bill (EHR billing record, claim, EHR billing diagnosis): they tell that, not when."""

LOCAL_ROUTES: Mapping[str, str] = {
    "4263689": "topical", "4184451": "ophthalmic", "4302785": "intravitreal", "4023156": "otic", "4262914": "nasal", "45956874": "inhalation",
    "4157758": "intralesional", "4156706": "intradermal",
}
"""Routes by which a drug acts where it is put [B]: such a steroid is no treatment of CRS and hides no fever."""
LOCAL_FORMS = r"(?i)\b(topical|ophthalmic|otic|nasal|inhalation|inhaler|intravitreal|vaginal)\b"
"""Dose forms in the normalised name of a drug product (RxNorm) that act where they are put."""
INTRATHECAL = "4217202"

HOSPITAL = ("9201", "262", "8717")
"""Visit concepts that are a stay in hospital: inpatient, emergency room and inpatient, inpatient hospital."""
ICU = ("32037", "40481392", "4149943", "4305366", "763903")
"""Visit concepts that are a stay in intensive care: intensive care, and the medical, cardiac, surgical and trauma units [B]."""

_INVASIVE, _DIALYSIS = Item("oxygen_device", text="invasive_ventilation"), Item("dialysis")
PROCEDURES: Mapping[str, Item] = {
    # insertion of endotracheal tube, controlled ventilation [B]; respiratory assistance by tube, invasive ventilation [D]
    "4013354": _INVASIVE, "4097246": _INVASIVE, "4080957": _INVASIVE, "44790095": _INVASIVE,
    "2008006": _INVASIVE, "2008007": _INVASIVE, "2008008": _INVASIVE, "2008009": _INVASIVE,
    # intermittent haemodialysis, continuous renal replacement therapy, peritoneal dialysis [B]
    "4051326": _DIALYSIS, "37018292": _DIALYSIS, "4324124": _DIALYSIS,
}
PROCEDURE_CODES: Mapping[str, Item] = {
    **dict.fromkeys(("112798008", "26763009", "182686001"), _INVASIVE),
    **dict.fromkeys(("233575001", "714749008", "71192002"), _DIALYSIS),
    # Giving CAR-T cells: CPT 0540T; ICD-10-PCS and HCPCS as CMS lists them for NCD 110.24.
    **dict.fromkeys((
        "0540T", "XW033C3", "XW043C3", "XW033H7", "XW043H7", "XW033J7", "XW043J7", "XW033K7", "XW043K7", "XW033M7", "XW043M7", "XW033A7", "XW043A7",
        "XW033N7", "XW043N7", "XW23346", "XW24346", "XW23376", "XW24376", "Q2041", "Q2042", "Q2053", "Q2054", "Q2055", "Q2056",
    ), Item("car_t_infusion")),
}
"""Procedures by the code of their vocabulary or of the source: SNOMED [B, D], CPT, ICD-10-PCS, HCPCS."""

GRADE_CODES: Mapping[str, tuple[str, int]] = {
    **{f"D89.83{n}": ("reported_crs_grade", n) for n in range(1, 6)}, **{f"G92.0{n}": ("reported_icans_grade", n) for n in range(1, 6)},
}
"""Grades that ICD-10-CM codes say: D89.831-D89.835 cytokine release syndrome, G92.01-G92.05 ICANS, grade 1 to 5."""

UPWARDS = frozenset({"Is a", "RxNorm is a", "RxNorm has ing", "Consists of", "Quantified form of", "Tradename of", "Box of", "Marketed form of"})
"""Relationships from a concept to what it is one of, or to what is in it: the way to its ingredient where concept_ancestor is empty."""
_MOST_STEPS = 6

_SYSTEMS: Mapping[str, str] = {"LOINC": "loinc", "RxNorm": "rxnorm", "SNOMED": "snomed"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that an OMOP concept means: the code under which it is understood, and what it says by itself.

    ``ingredient`` is the concept id reached, for the strength of a drug product.
    """

    code: str
    text: str | None = None
    value: float | None = None
    ingredient: str | None = None


def of_item(item: Item) -> Meaning:
    """The meaning of one of the tables here, under our own name."""
    return Meaning(f"concept:{item.concept}", item.text)


@dataclass(frozen=True)
class Vocabulary:
    """Names of concepts, what each of them means here, units and answers by concept id, and strengths of drug products."""

    names: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, tuple[Meaning, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=lambda: UNITS)
    answers: Mapping[str, str] = field(default_factory=lambda: ANSWERS)
    icu: frozenset[str] = frozenset(ICU)
    hospital: frozenset[str] = frozenset(HOSPITAL)
    told: tuple[str, ...] = ()

    def of(self, concept: str | None) -> tuple[Meaning, ...]:
        """What a concept id means here; nothing when nobody knows."""
        return self.meanings.get(concept, ()) if concept is not None else ()


def _by_id(concept: str, codes: Codes) -> Meaning | None:
    item = codes.item(f"omop:{concept}")
    if item is not None:
        return Meaning(f"omop:{concept}", ingredient=concept)
    return of_item(PROCEDURES[concept]) if concept in PROCEDURES else None


def load(store: Store, seen: Collection[str], codes: Codes, icu: Iterable[str] = ()) -> Vocabulary:
    """The vocabulary of a store, as far as the concepts that it uses (``seen``) and those known here need it."""
    mapped = _maps_to(store, seen)
    wanted = {*seen, *(target for targets in mapped.values() for target in targets)}
    concepts = _concepts(store, wanted)
    names = {row["concept_id"]: row["concept_name"] for row in concepts.iter_rows(named=True) if row["concept_name"]}
    own = _own_meanings(wanted, concepts, codes)
    anchors = _anchors(concepts, own, codes)
    icu_all = {*ICU, *icu}
    roots = {*anchors, *icu_all, *HOSPITAL}
    below = _ancestors(store, roots, wanted) or _walked(store, roots, wanted)
    by_name = {row["concept_id"]: _ingredients(row["concept_name"]) for row in concepts.iter_rows(named=True)
               if row["concept_name"] and row["vocabulary_id"] in ("RxNorm", "RxNorm Extension")}
    meanings: dict[str, tuple[Meaning, ...]] = {}
    for concept in wanted:
        found = own.get(concept)
        if found is None:
            nearest: dict[str, tuple[int, Meaning]] = {}
            for ancestor, levels in below.get(concept, ()):
                if ancestor in anchors:
                    what, meaning = anchors[ancestor]
                    if what not in nearest or levels < nearest[what][0]:
                        nearest[what] = levels, meaning
            found = tuple(nearest[what][1] for what in sorted(nearest)) or by_name.get(concept, ())
        if found:
            meanings[concept] = found
    for concept, targets in mapped.items():
        if concept not in meanings:
            reached = tuple(dict.fromkeys(m for target in sorted(targets) for m in meanings.get(target, ())))
            if reached:
                meanings[concept] = reached

    def with_descendants(roots: Collection[str]) -> frozenset[str]:
        return frozenset({*roots, *(c for c, ups in below.items() if any(a in roots for a, _ in ups))})

    used = [table for table, found in (("concept", len(concepts)), ("concept_ancestor or concept_relationship", below), ("\"Maps to\"", mapped)) if found]
    told = (f"the vocabulary beside the data was used: {', '.join(used)}" if used else "no vocabulary beside the data: concepts are known by their ids only",)
    ucum = {row["concept_id"]: row["concept_code"] for row in concepts.iter_rows(named=True) if row["vocabulary_id"] == "UCUM" and row["concept_code"]}
    answers = {row["concept_id"]: row["concept_name"] for row in concepts.iter_rows(named=True) if row["domain_id"] == "Meas Value" and row["concept_name"]}
    return Vocabulary(names, meanings, {**{i: _SPELLED.get(c, c) for i, c in ucum.items()}, **UNITS}, {**answers, **ANSWERS},
                      with_descendants(icu_all), with_descendants(HOSPITAL), told)


def _own_meanings(wanted: Collection[str], concepts: pl.DataFrame, codes: Codes) -> dict[str, tuple[Meaning, ...]]:
    """What is known of a concept by its id or by its own code."""
    own: dict[str, tuple[Meaning, ...]] = {}
    for concept in wanted:
        by_id = _by_id(concept, codes)
        if by_id is not None:
            own[concept] = (by_id,)
    for row in concepts.iter_rows(named=True):
        concept, code = row["concept_id"], row["concept_code"]
        if concept in own or code is None:
            continue
        known = f"{_SYSTEMS.get(row['vocabulary_id'], '-')}:{code}"
        if codes.item(known) is not None:
            own[concept] = (Meaning(known, ingredient=concept),)
        else:
            said = by_source(code)
            if said and row["domain_id"] in ("Procedure", "Condition", "Drug", None):
                own[concept] = said
    return own


def _ingredients(name: str) -> tuple[Meaning, ...]:
    """The ingredients in the normalised name of a drug product, "acetaminophen 325 MG / codeine phosphate 15 MG Oral Tablet".

    RxNorm builds it as ingredient, strength, dose form, of a quantified product the quantity first (RxNorm Technical Documentation).
    """
    out = []
    for piece in re.sub(r"^\d[\d.]* \S+ ", "", name).split(" / "):
        one = find(re.split(r" \d", piece)[0])
        if one is not None and one.kind in (Kind.DOSE, Kind.INFUSION):
            out.append(Meaning(f"concept:{one.name}"))
    return tuple(dict.fromkeys(out))


def by_source(code: str | None) -> tuple[Meaning, ...]:
    """What a code of a source vocabulary (ICD-10-CM, ICD-10-PCS, CPT, HCPCS, SNOMED) says by itself, dotted or not."""
    if code is None:
        return ()
    plain = code.strip().upper()
    if plain in PROCEDURE_CODES:
        return (of_item(PROCEDURE_CODES[plain]),)
    dotted = plain if "." in plain else f"{plain[:3]}.{plain[3:]}"
    if dotted in GRADE_CODES:
        concept, grade = GRADE_CODES[dotted]
        return (Meaning(f"concept:{concept}", value=float(grade)),)
    return ()


def _anchors(concepts: pl.DataFrame, own: Mapping[str, tuple[Meaning, ...]], codes: Codes) -> dict[str, tuple[str, Meaning]]:
    """Concept ids whose descendants mean the same: id -> (the concept of Tocsin, its meaning)."""
    out: dict[str, tuple[str, Meaning]] = {}
    known = {*(k.removeprefix("omop:") for k in (*known_codes(), *codes.items) if k.startswith("omop:")), *PROCEDURES}
    by_id = {concept: _by_id(concept, codes) for concept in known}
    for concept, meaning in [*((c, m) for c, m in by_id.items() if m is not None), *((c, m) for c, ms in own.items() for m in ms)]:
        item = codes.item(meaning.code)
        if item is not None:
            out.setdefault(concept, (item.concept, meaning))
    return out


def _maps_to(store: Store, seen: Collection[str]) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for part in store.parts("concept_relationship"):
        wanted = {"concept_id_1": ID, "concept_id_2": ID, "relationship_id": TEXT, "invalid_reason": TEXT}
        for piece in store.rows("concept_relationship", part, wanted, {"concept_id_1": seen}):
            valid = (pl.col("relationship_id") == "Maps to") & pl.col("invalid_reason").is_null()
            good = piece.filter(valid & (pl.col("concept_id_1") != pl.col("concept_id_2")))
            for concept, target in good.select("concept_id_1", "concept_id_2").iter_rows():
                out.setdefault(concept, set()).add(target)
    return out


def _concepts(store: Store, wanted: Collection[str]) -> pl.DataFrame:
    """The rows of the concept table that are wanted, that have one of our codes, or that are units or answers."""
    columns = {"concept_id": ID, "concept_name": TEXT, "domain_id": TEXT, "vocabulary_id": TEXT, "concept_code": TEXT}
    ours = {code.partition(":")[2] for code in known_codes() if code.startswith(("loinc:", "rxnorm:", "snomed:"))} | set(PROCEDURE_CODES)
    where = {"concept_id": wanted, "concept_code": ours, "vocabulary_id": ["UCUM"], "domain_id": ["Meas Value", "Type Concept"]}
    pieces = [pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))]
    for part in store.parts("concept"):
        pieces += [piece.select(list(columns)) for piece in store.rows("concept", part, columns, where)]
    return pl.concat(pieces).drop_nulls("concept_id").unique("concept_id", keep="first", maintain_order=True)


def _ancestors(store: Store, anchors: Collection[str], wanted: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """Of each wanted concept: its ancestors among the anchors, with the least number of levels between."""
    columns = {"ancestor_concept_id": ID, "descendant_concept_id": ID, "min_levels_of_separation": NUMBER}
    out: dict[str, list[tuple[str, int]]] = {}
    among = pl.Series(sorted(wanted), dtype=pl.String)
    for part in store.parts("concept_ancestor"):
        for piece in store.rows("concept_ancestor", part, columns, {"ancestor_concept_id": anchors}):
            good = piece.filter(pl.col("descendant_concept_id").is_in(among.implode()))
            for up, down, levels in good.select(list(columns)).iter_rows():
                out.setdefault(down, []).append((up, int(levels or 0)))
    return out


def _walked(store: Store, anchors: Collection[str], wanted: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """As ``_ancestors``, step by step along concept_relationship."""
    parts = store.parts("concept_relationship")
    columns = {"concept_id_1": ID, "concept_id_2": ID, "relationship_id": TEXT, "invalid_reason": TEXT}
    up: dict[str, set[str]] = {}
    asked: set[str] = set()
    frontier = set(wanted)
    for _ in range(_MOST_STEPS):
        if not frontier:
            break
        asked |= frontier
        reached: set[str] = set()
        for part in parts:
            for piece in store.rows("concept_relationship", part, columns, {"concept_id_1": frontier}):
                good = piece.filter(pl.col("relationship_id").is_in(list(UPWARDS)) & pl.col("invalid_reason").is_null())
                for one, other in good.select("concept_id_1", "concept_id_2").drop_nulls().iter_rows():
                    up.setdefault(one, set()).add(other)
                    reached.add(other)
        frontier = reached - asked
    out: dict[str, list[tuple[str, int]]] = {}
    roots = set(anchors)
    for concept in wanted:
        here, levels, met = {concept}, 0, {concept}
        while here and levels < _MOST_STEPS:
            levels += 1
            here = {other for one in here for other in up.get(one, ())} - met
            met |= here
            out.setdefault(concept, []).extend((other, levels) for other in sorted(here & roots))
    return {concept: found for concept, found in out.items() if found}


def unit_ids() -> dict[str, str]:
    """Key of a unit's spelling to its OMOP concept id, for writing; the first id of UNITS counts."""
    out: dict[str, str] = {}
    for concept, unit in UNITS.items():
        out.setdefault(unit_key(unit), concept)
    return out
