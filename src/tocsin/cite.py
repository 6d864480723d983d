"""The references behind every criterion, dose and code, and how sure each number is.

A citation is written ``key:place`` ("lee2019:table"); the key stands in ``REFERENCES``.  A ``Mark`` says how the number
was obtained; it survives into every explanation that Tocsin prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tocsin.errors import RuleError


class Mark(StrEnum):
    """How sure a number is."""

    VERIFIED = "V"   # read at a source, often a printed secondary copy of the primary table
    MEMORY = "M"     # from memory of the source; not re-read
    DECISION = "D"   # not published: a decision that makes a prose rule computable; always a named setting
    SOURCE = "S"     # read in one of the five source papers

    @property
    def sentence(self) -> str:
        """What the mark means, for a reader."""
        return _MARK_SENTENCES[self]


_MARK_SENTENCES = {
    Mark.VERIFIED: "read at a published source",
    Mark.MEMORY: "from memory of the source, not re-read: check before relying on it",
    Mark.DECISION: "not published: a stated choice of this software, which a setting can change",
    Mark.SOURCE: "read in the cited paper",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One published source."""

    key: str
    text: str
    doi: str = ""
    url: str = ""

    @property
    def link(self) -> str:
        """Where to read it; empty when no address is known."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url


_ALL = (
    Reference("lee2019", "Lee DW, Santomasso BD, Locke FL, et al. ASTCT consensus grading for cytokine release syndrome and "
              "neurologic toxicity associated with immune effector cells. Biol Blood Marrow Transplant 2019;25:625-638.",
              doi="10.1016/j.bbmt.2018.12.758"),
    Reference("neelapu2018", "Neelapu SS, Tummala S, Kebriaei P, et al. Chimeric antigen receptor T-cell therapy: assessment "
              "and management of toxicities. Nat Rev Clin Oncol 2018;15:47-62.", doi="10.1038/nrclinonc.2017.148"),
    Reference("mahadeo2019", "Mahadeo KM, Khazal SJ, Abdel-Azim H, et al. Management guidelines for paediatric patients "
              "receiving chimeric antigen receptor T cell therapy. Nat Rev Clin Oncol 2019;16:45-63.",
              doi="10.1038/s41571-018-0075-2"),
    Reference("lee2014", "Lee DW, Gardner R, Porter DL, et al. Current concepts in the diagnosis and management of cytokine "
              "release syndrome. Blood 2014;124:188-195.", doi="10.1182/blood-2014-05-552729"),
    Reference("pals", "Pediatric Advanced Life Support: age-specific limits of systolic blood pressure."),
    Reference("ctcae403", "Common Terminology Criteria for Adverse Events (CTCAE) v4.03. US National Cancer Institute; 2010."),
    Reference("ctcae5", "Common Terminology Criteria for Adverse Events (CTCAE) v5.0. US National Cancer Institute; 2017."),
    Reference("chinthapalli2023", "Chinthapalli MT, Lena L, Hoxha E, et al. Management of emergency adverse effects of CAR T "
              "cell therapy in hematologic cancers. J Pharm Negat Results 2023;14(4).", doi="10.47750/pnr.2023.14.04.52"),
    Reference("hu2024", "Hu C, Luo X, Xian N, et al. Induction of cytokine storm with organ dysfunction and ineffective "
              "response to tocilizumab and steroids by CAR-T cell therapy is rescued by mesenchymal stem cells: a case "
              "report. SCIEPublish 2024."),
    Reference("lcrs2021", "Local cytokine release syndrome in a patient with B-cell acute lymphoblastic leukaemia after "
              "CAR-T therapy: case report and model (ChiCTR1800016315)."),
    Reference("zi2021", "Zi FM, Ye LL, Zheng JF, Cheng J, Wang QM. Using JAK inhibitor to treat cytokine release syndrome "
              "developed after chimeric antigen receptor T cell therapy for patients with refractory acute lymphoblastic "
              "leukemia: a case report. Medicine 2021;100:19(e25786).", doi="10.1097/MD.0000000000025786"),
    Reference("li2022", "Li et al. 2022, table of Lee, CARTOX, ASTCT and ASCO management (reference 5 of chinthapalli2023).",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC9616161/table/T4"),
    Reference("jcm2023", "Steroid doses and tapers of the CARTOX type, table 1. J Clin Med 2023;12:6124.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC10573998/table/jcm-12-06124-t001"),
    Reference("asco2021", "Santomasso BD, Nastoupil LJ, Adkins S, et al. Management of immune-related adverse events in "
              "patients treated with chimeric antigen receptor T-cell therapy: ASCO guideline. J Clin Oncol "
              "2021;39:3978-3992.", doi="10.1200/JCO.21.01992"),
    Reference("kymriah", "KYMRIAH (tisagenlecleucel) US prescribing information, first label 2017, section 2.4: tocilizumab "
              "dose by weight, interval and number."),
    Reference("actemra", "ACTEMRA (tocilizumab) US prescribing information, cytokine release syndrome."),
    Reference("icans_adult", "ASTCT ICANS consensus table for adults with footnotes, as reprinted.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC8403007/table/t0004"),
    Reference("icans_child", "ASTCT ICANS consensus table for children, as reprinted.",
              url="https://www.mdedge.com/hematology-oncology/article/192202/"),
    Reference("astct_table", "ASTCT CRS consensus table with footnotes, as reprinted.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC8021214/table/Tab1"),
    Reference("wei2020", "Wei J, Liu Y, Wang C, et al. The model of cytokine release syndrome in CAR T-cell treatment for "
              "B-cell non-Hodgkin lymphoma. Signal Transduct Target Ther 2020;5:134.", doi="10.1038/s41392-020-00256-x"),
    Reference("vasst2008", "Russell JA, Walley KR, Singer J, et al. Vasopressin versus norepinephrine infusion in patients "
              "with septic shock (VASST): norepinephrine equivalents. N Engl J Med 2008;358:877-887.",
              doi="10.1056/NEJMoa067373"),
    Reference("nasalfio2", "Rule of thumb for the inspired oxygen fraction of a low-flow nasal cannula: 0.20 + 0.04 per L/min."),
    Reference("pennisi2020", "Pennisi M, Jain T, Santomasso BD, et al. Comparing CAR T-cell toxicity grading systems. "
              "Blood Adv 2020;4:676-686.", doi="10.1182/bloodadvances.2019000952"),
    Reference("tocsin", "A stated choice of this software, made to turn prose into a computable rule; each is a named setting."),
)

REFERENCES: Mapping[str, Reference] = MappingProxyType({r.key: r for r in _ALL})
"""Every source by key."""


def reference(cites: str) -> Reference:
    """The reference behind ``key:place``; RuleError when the key is not known, so a rule cannot cite nothing."""
    key = cites.split(":", 1)[0]
    found = REFERENCES.get(key)
    if found is None:
        raise RuleError(f"the citation {cites!r} has no reference {key!r} in tocsin.cite")
    return found


def bibliography(cites: Iterable[str]) -> list[Reference]:
    """The references behind several citations, each once, in the order first met."""
    keys = dict.fromkeys(part.strip().split(":", 1)[0] for one in cites for part in one.split(";") if part.strip())
    return [reference(k) for k in keys]
