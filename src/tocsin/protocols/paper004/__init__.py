"""The management manual of paper 004 (chinthapalli2023), one chapter a file.

Its grades of CRS mean CARTOX 2018.  Compared with the CARTOX original as read in li2022 and jcm2023; where the paper errs the rule is
right and says so (``corrections``).
"""

from __future__ import annotations

from tocsin.protocols.paper004 import brain_pressure, coagulation, crs, heart, hlh, infection, intensive_care, neuro, organs, seizures, steroids, third_line
from tocsin.protocols.paper004.printed import TABLE2
from tocsin.protocols.protocol import Protocol
from tocsin.rules import settled

SETTINGS = (
    *crs.SETTINGS, *steroids.SETTINGS, *intensive_care.SETTINGS, *neuro.SETTINGS, *seizures.SETTINGS, *hlh.SETTINGS, *coagulation.SETTINGS,
    *heart.SETTINGS,
)


def paper004(**given: object) -> Protocol:
    """The protocol of paper 004 with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    return Protocol(
        id="paper004", title="Management of toxicities after CAR-T cells (Chinthapalli 2023, CARTOX grades)",
        chapters=(
            crs.crs(settings), organs.organs(settings), infection.infection(settings), steroids.steroids(settings), third_line.third_line(settings),
            intensive_care.admission(settings), intensive_care.icans_admission(), intensive_care.intensive_care(settings),
            neuro.neuro(settings), seizures.seizures(settings), brain_pressure.brain_pressure(),
            hlh.hlh(settings), coagulation.coagulation(settings), heart.before_infusion(settings), heart.heart(settings),
        ),
        cites=("chinthapalli2023:table2", "compared2019:CARTOX", "li2022:CARTOX", "jcm2023:table1", "neelapu2018:CRES",
               "cartox_copy:CRES management", "neelapu2018:HLH", "mosteller1987:formula", "buechner2021:fibrinogen", "fibrinogen_doses:doses",
               "platelet_practice:limits", "hashmi2020:table 1"),
        settings=settings, setting_docs=SETTINGS, printed=TABLE2,
        corrections=(
            "Table 2, grade 1: \"broad-spectrum antibiotics like filgrastim\" is read as antibiotics and filgrastim (C1.3a, C1.3b).",
            "Table 2, grade 4: methylprednisolone is given without a taper; the steps of the CARTOX-type taper are rules after it (C4.1b to C4.1e).",
            "Cardiac surveillance \"high-grade CRS (grade 2)\" is read as grade 2 or more (V3).",
            "HLH/MAS: \"grade 3 organ toxicities\" is read as grade 3 or more (exactly 3 would leave out the worst), and \"a pair of the subsequent "
            "symptoms\" as any two of liver, kidney, lung and haemophagocytosis.",
            "HLH/MAS: \"advanced-stage hemophilia\" must be haematological malignancy; no rule rests on it.",
            "\"High-flow and non-invasive oxygen\" stands among the grade 3 recommendations: it is management, not the grading cell.",
        ),
        notes=("Tocilizumab is not for ICANS without CRS: for neurotoxicity it is blocked where there is none (N4), and every other rule for it requires "
               "CRS of grade 1 or more.",
               "Neurotoxicity: where the paper writes ICANS the grade is that of the ASTCT, where the CARTOX table writes CRES it is that of CARTOX. Fixed "
               "doses are those for adults.",
               "Etoposide is for HLH/MAS alone: no rule of CRS asks for it.",
               "The paper says that early tocilizumab in milder CRS becomes routine and that it is being considered before CRS; it gives no criterion for "
               "either, so they are no rules. It calls corticosteroids a last resort in CRS and, for severe CRS after tocilizumab, weakly proven.",
               "The paper asks for haemato-oncologist, neurologist and emergency team to work together from the beginning, and lets lower grades of CRS and "
               "ICANS be treated on the ward.",
               "Tocilizumab is the first line for severe CRS with cardiac involvement too: its rules are those of CRS by grade. No study tells what "
               "tocilizumab, corticosteroids or preventive heart-failure treatment do to the cardiac toxicity of the cells.",
               "Renal toxicity, table 1: inadequate adrenal function is named among its signs; the paper gives no criterion, so it is no rule.",
               "Pulmonary toxicity, table 1: respiratory failure; its rules are those of hypoxia and of the pulmonary grade."),
    )


BUILDERS = {"paper004": paper004}
