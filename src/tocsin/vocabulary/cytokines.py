"""Cytokines and CAR-T expansion.  Codes: read in public mappings where marked V; none was found for sIL-2R, CSF IL-6 and MCP-1."""

from __future__ import annotations

from typing import Any

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Conversion
from tocsin.vocabulary.labs import lab


def cytokine(name: str, title: str, **more: Any) -> Concept:
    """A cytokine in pg/mL, on a log scale; assays differ, so limits (D) only catch a wrong unit."""
    return lab(
        name,
        title,
        "pg/mL",
        units.mass_per_volume("pg/mL"),
        (0, 1e7),
        (0, 1e6),
        worse=1,
        log_scale=True,
        us_unit="pg/mL",
        si_unit="ng/L",
        **more,
    )


CYTOKINES: tuple[Concept, ...] = (
    cytokine(
        "il6",
        "Interleukin-6",
        aliases=("IL-6",),
        loinc=("26881-3",),
        omop=(3023091,),
        clif=("interleukin_06",),
        note="After tocilizumab the level rises because the receptor is blocked: higher is then not worse (M).",
    ),
    cytokine("il10", "Interleukin-10", aliases=("IL-10",), loinc=("26848-2",), omop=(3004578,)),
    cytokine(
        "ifn_gamma",
        "Interferon-gamma",
        aliases=("IFN-g", "IFN-γ", "IFNg", "interferon gamma"),
        loinc=("27415-9",),
        omop=(3010105,),
    ),
    cytokine(
        "tnf_alpha",
        "Tumour necrosis factor alpha",
        aliases=(
            "TNF",
            "TNF-a",
            "TNF-α",
            "TNFa",
            "tumor necrosis factor alpha",
            "tumour necrosis factor",
            "tumor necrosis factor",
        ),
        loinc=("3074-2",),
        omop=(3004282,),
    ),
    cytokine("il1b", "Interleukin-1 beta", aliases=("IL-1b", "IL-1β", "IL-1 beta", "IL1 beta")),
    cytokine("il2", "Interleukin-2", aliases=("IL-2",)),
    cytokine("il5", "Interleukin-5", aliases=("IL-5",), note="No code found."),
    cytokine("il8", "Interleukin-8", aliases=("IL-8", "CXCL8")),
    cytokine("il15", "Interleukin-15", aliases=("IL-15",)),
    cytokine("gm_csf", "Granulocyte-macrophage colony-stimulating factor, level", aliases=("GM-CSF", "CSF2")),
    cytokine(
        "mcp1", "Monocyte chemoattractant protein 1", aliases=("MCP-1", "CCL2"), note="No code found."
    ),
    cytokine("flt3_ligand", "Flt-3 ligand", aliases=("Flt-3L", "Flt3L", "FLT3LG"), note="No code found."),
    cytokine("fractalkine", "Fractalkine", aliases=("CX3CL1",), note="No code found."),
    cytokine("granzyme_b", "Granzyme B", aliases=("GzmB", "GZMB")),
    cytokine(
        "csf_il6",
        "Interleukin-6 in cerebrospinal fluid",
        aliases=("CSF IL-6", "IL-6 CSF", "cerebrospinal fluid IL-6"),
        note="No code found.",
    ),
    lab(
        "sil2r",
        "Soluble interleukin-2 receptor",
        "U/mL",
        {"U/mL": units.SAME, "kU/L": units.SAME, "U/L": Conversion(0.001)},
        (0, 1e7),
        (0, 5e5),
        worse=1,
        log_scale=True,
        aliases=("sIL-2R", "sIL2Ra", "sIL-2Ra", "sCD25", "soluble CD25", "soluble IL-2 receptor", "soluble IL-2R"),
        note="No code found.  pg/mL depends on the assay and is not converted.",
    ),
    lab(
        "sil6r",
        "Soluble interleukin-6 receptor",
        "ng/mL",
        units.mass_per_volume("ng/mL"),
        (0, 1e7),
        (0, 1e5),
        log_scale=True,
        aliases=("sIL-6R", "sIL-6Ra", "soluble IL-6 receptor", "soluble IL-6R"),
        note="No code found.  After tocilizumab it rises, because the complex is cleared more slowly (nishimoto2008).",
    ),
)

EXPANSION: tuple[Concept, ...] = (
    lab(
        "car_t_percent",
        "CAR-positive cells among lymphocytes",
        "%",
        units.PERCENT,
        (0, 100),
        (0, 100),
        aliases=("CAR-T %", "CAR+ %", "CAR T percent", "CAR percent", "CAR positive percent", "percent CAR+"),
        note="Paper 000 calls the denominator leukocytes in the text, lymphocytes in the caption.",
    ),
    lab(
        "car_t_copies",
        "CAR transgene copies",
        "copies/ug",
        units.COPIES,
        (0, 1e9),
        (0, 1e8),
        log_scale=True,
        aliases=(
            "CAR copies",
            "CAR-T copies",
            "CAR T copy number",
            "transgene copies",
            "vector copies",
            "CAR copy number",
        ),
    ),
    lab(
        "car_t_count",
        "CAR-positive T cells in blood",
        "/uL",
        units.CELLS_PER_MICROLITRE,
        (0, 1e7),
        (0, 1e5),
        log_scale=True,
        aliases=("CAR-T count", "CAR T count", "CAR-T cells/uL", "CAR+ T cells", "CAR-T absolute count"),
        note="No code found.",
    ),
)

CONCEPTS: tuple[Concept, ...] = CYTOKINES + EXPANSION
