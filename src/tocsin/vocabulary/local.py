"""What local CRS and its differential diagnosis are told by: tumour lesions, their neighbours, and other causes of a swelling.

Swellings by site, effusion and compression stand with the other findings.
"""

from __future__ import annotations

from typing import Final

from tocsin.vocabulary.concept import Concept, Conversion, Domain, Kind
from tocsin.vocabulary.findings import finding

IMAGING_HOURS: Final = 720.0  # 30 days, the usual age of an image before an infusion (D)
_BY_IMAGE = f"Carry-forward: no source gives one; {IMAGING_HOURS:g} h, 30 days, because it is judged from an image (D)."


def _by_image(name: str, title: str, *aliases: str) -> Concept:
    return Concept(
        name,
        title,
        Kind.FINDING,
        Domain.FINDINGS,
        carry_forward_hours=IMAGING_HOURS,
        aliases=aliases,
        worse=1,
        note=_BY_IMAGE,
    )


CONCEPTS: tuple[Concept, ...] = (
    Concept(
        "lesion_diameter",
        "Largest diameter of the largest tumour lesion",
        Kind.MEASUREMENT,
        Domain.FINDINGS,
        "cm",
        {"cm": Conversion(), "mm": Conversion(0.1)},
        possible=(0.0, 60.0),
        plausible=(0.0, 30.0),
        carry_forward_hours=IMAGING_HOURS,
        worse=1,
        aliases=("lesion diameter", "largest lesion diameter", "tumour diameter", "tumor diameter", "maximum lesion diameter"),
        note=f"{_BY_IMAGE}  Limits D.",
    ),
    _by_image(
        "gastrointestinal_lesion_at_risk",
        "Gastrointestinal tumour at risk of bleeding or perforation",
        "GI lesion at risk",
        "GI involvement with risk of bleeding or perforation",
    ),
    _by_image(
        "threatening_swelling",
        "Tumour whose swelling is expected to threaten life",
        "threatening tumour swelling",
        "threatening tumor swelling",
    ),
    _by_image("tumour_at_site", "Tumour at the site of the swelling", "tumor at site", "tumour infiltration at site"),
    _by_image("lung_involvement", "Tumour in the lung", "lung lesion", "pulmonary involvement"),
    _by_image("heart_involvement", "Tumour in the heart", "cardiac involvement", "heart lesion"),
    _by_image("massive_abdominal_lesion", "Massive abdominal tumour", "massive abdominal tumor", "bulky abdominal lesion"),
    finding(
        "vital_organ_compression",
        "Vital organ failing because a tumour compresses it",
        "vital organ compression",
        "organ dysfunction by compression",
    ),
    finding(
        "compression_damage",
        "Oedema, bleeding or perforation around a swollen lesion",
        "bleeding or perforation around the lesion",
        note='Row "lesion" of the local CRS table.',
    ),
    finding(
        "massive_serous_effusion",
        "Massive serous effusion",
        "massive effusion",
        note='Row "lesion" of the local CRS table.',
    ),
    finding(
        "adjacent_organ_decompensation",
        "Decompensated organ beside a swollen lesion",
        "decompensated adjacent organ",
        note='Row "lesion" of the local CRS table.',
    ),
    finding("venous_thrombosis", "Venous thrombosis", "thrombosis", "deep vein thrombosis", "DVT", "jugular vein thrombosis"),
    finding(
        "car_t_expansion",
        "Expansion of CAR-T cells in the blood, as told",
        "CAR-T expansion",
        "CAR T cell expansion",
        "CAR-T cell expansion",
        note="Said, not measured: no threshold is published.",
    ),
)
