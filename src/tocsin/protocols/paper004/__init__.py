"""The management manual of paper 004 (chinthapalli2023), one chapter a file.

Its grades of CRS mean CARTOX 2018.  Compared with the CARTOX original as read in li2022 and jcm2023; where the paper errs the rule is
right and says so (``corrections``).
"""

from __future__ import annotations

from tocsin.protocols.paper004 import crs, heart, infection, intensive_care, organs, steroids, third_line
from tocsin.protocols.protocol import Protocol
from tocsin.rules import settled

SETTINGS = (*crs.SETTINGS, *steroids.SETTINGS, *intensive_care.SETTINGS, *heart.SETTINGS)


def paper004(**given: object) -> Protocol:
    """The protocol of paper 004 with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    return Protocol(
        id="paper004", title="Management of toxicities after CAR-T cells (Chinthapalli 2023, CARTOX grades)",
        chapters=(
            crs.crs(settings), steroids.steroids(settings), third_line.third_line(settings),
            intensive_care.admission(), intensive_care.icans_admission(), intensive_care.intensive_care(settings),
            organs.organs(settings), infection.infection(settings), heart.before_infusion(settings), heart.heart(settings),
        ),
        cites=("chinthapalli2023:table2", "li2022:CARTOX", "jcm2023:table1"),
        settings=settings, setting_docs=SETTINGS,
        corrections=(
            "Table 2, grade 1: \"broad-spectrum antibiotics like filgrastim\" is read as antibiotics and filgrastim (C1.3a, C1.3b).",
            "Table 2, grade 4: methylprednisolone is given without a taper; the steps of the CARTOX-type taper are rules after it (C4.1b to C4.1e).",
            "Cardiac surveillance \"high-grade CRS (grade 2)\" is read as grade 2 or more (V3).",
            "\"Advanced-stage hemophilia\" must be haematological malignancy. It is no rule here.",
            "\"High-flow and non-invasive oxygen\" stands among the grade 3 recommendations: it is management, not the grading cell.",
        ),
        notes=("Tocilizumab is not for ICANS without CRS: every tocilizumab rule here requires CRS of grade 1 or more.",
               "Neurotoxicity, HLH/MAS and coagulation rules of the paper are not in this protocol.",
               "Tocilizumab is the first line for severe CRS with cardiac involvement too: its rules are those of CRS by grade. No study tells what "
               "tocilizumab, corticosteroids or preventive heart-failure treatment do to the cardiac toxicity of the cells.",
               "Renal toxicity, table 1: inadequate adrenal function is named among its signs; the paper gives no criterion, so it is no rule.",
               "Pulmonary toxicity, table 1: respiratory failure; its rules are those of hypoxia and of the pulmonary grade."),
    )

BUILDERS = {"paper004": paper004}
