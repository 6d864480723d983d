"""The management manual of paper 004 (chinthapalli2023), one chapter a file.

Its grades of CRS mean CARTOX 2018.  Compared with the CARTOX original as read in li2022 and jcm2023; where the paper errs the rule is
right and says so (``corrections``).
"""

from __future__ import annotations

from tocsin.protocols.paper004 import brain_pressure, crs, neuro, seizures
from tocsin.protocols.protocol import Protocol
from tocsin.rules import settled

SETTINGS = (*crs.SETTINGS, *neuro.SETTINGS, *seizures.SETTINGS)


def paper004(**given: object) -> Protocol:
    """The protocol of paper 004 with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    return Protocol(
        id="paper004", title="Management of toxicities after CAR-T cells (Chinthapalli 2023, CARTOX grades)",
        chapters=(crs.crs(settings), neuro.neuro(settings), seizures.seizures(settings), brain_pressure.brain_pressure()),
        cites=("chinthapalli2023:table2", "compared2019:CARTOX", "li2022:CARTOX", "jcm2023:table1", "neelapu2018:CRES",
               "cartox_copy:CRES management"),
        settings=settings, setting_docs=SETTINGS,
        corrections=(
            "Table 2, grade 1: \"broad-spectrum antibiotics like filgrastim\" is read as antibiotics and filgrastim (C1.3a, C1.3b).",
            "Table 2, grade 4: methylprednisolone is given without a taper; the CARTOX-type taper is named beside it (C4.1).",
            "Cardiac surveillance \"high-grade CRS (grade 2)\" must be grade 2 or more; \"advanced-stage hemophilia\" must be haematological "
            "malignancy. Neither is a rule here.",
            "\"High-flow and non-invasive oxygen\" stands among the grade 3 recommendations: it is management, not the grading cell.",
        ),
        notes=("Tocilizumab is not for ICANS without CRS: for neurotoxicity it is blocked where there is none (N4), and every other rule for it requires "
               "CRS of grade 1 or more.",
               "Neurotoxicity: where the paper writes ICANS the grade is that of the ASTCT, where the CARTOX table writes CRES it is that of CARTOX. Fixed "
               "doses are those for adults.",
               "HLH/MAS, cardiovascular and coagulation rules of the paper are not in this protocol."),
    )

BUILDERS = {"paper004": paper004}
