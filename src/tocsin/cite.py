"""The references behind every criterion, dose and code, and how sure each number is.

A citation is written ``key:place`` ("lee2019:table"); the key stands in ``REFERENCES``.  A hospital cites its own document with
the key ``local``, and the place names the document, so that nothing is added to the table.  A ``Mark`` says how the number was
obtained; it survives into every explanation that Tocsin prints.
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
    Reference("porter2018", "Porter D, Frey N, Wood PA, Weng Y, Grupp SA. Grading of cytokine release syndrome associated with the CAR T cell "
              "therapy tisagenlecleucel. J Hematol Oncol 2018;11:35; a correction appeared on 13 June 2018.", doi="10.1186/s13045-018-0571-y"),
    Reference("park2018", "Park JH, Riviere I, Gonen M, et al. Long-term follow-up of CD19 CAR therapy in acute lymphoblastic leukemia. "
              "N Engl J Med 2018;378:449-459.", doi="10.1056/NEJMoa1709919"),
    Reference("davila2014", "Davila ML, Riviere I, Wang X, et al. Efficacy and toxicity management of 19-28z CAR T cell therapy in B cell "
              "acute lymphoblastic leukemia. Sci Transl Med 2014;6:224ra25.", doi="10.1126/scitranslmed.3008226"),
    Reference("neelapu2017", "Neelapu SS, Locke FL, Bartlett NL, et al. Axicabtagene ciloleucel CAR T-cell therapy in refractory large "
              "B-cell lymphoma (ZUMA-1). N Engl J Med 2017;377:2531-2544.", doi="10.1056/NEJMoa1707447"),
    Reference("yescarta2017", "YESCARTA (axicabtagene ciloleucel) US prescribing information, first label 2017: grades of cytokine release "
              "syndrome, read in fragments.", url="http://www.nxtbook.com/nxtbooks/customnews/ashnewsdaily2017_Monday"),
    Reference("compared2019", "MSKCC, Lee 2014, Penn, CARTOX and ASTCT criteria of cytokine release syndrome side by side, table 2.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC7006459/table/T2"),
    Reference("compared2018", "Penn, CTCAE v4.03, Lee 2014 and MD Anderson criteria of cytokine release syndrome side by side, table 1. "
              "J Hematol Oncol 2018.", doi="10.1186/s13045-018-0653-x"),
    Reference("compared_blood", "Penn, Lee 2014 and ASTCT criteria of cytokine release syndrome side by side.",
              url="http://ashpublications.com/view-large/9593269"),
    Reference("eliana_table", "Characterisation of cytokine release syndrome in tisagenlecleucel trials: the agents of the Penn definition of "
              "high-dose vasopressors.", url="https://jitc.bmj.com/highwire/markup/25529/expansion"),
    Reference("goradia2021", "Goradia S, Sardaneh AA, Narayan SW, Penm J, Patanwala AE. Vasopressor dose equivalence: a scoping review and "
              "suggested formula. J Crit Care 2021;61:233-240; read in the MIMIC-IV concepts.", doi="10.1016/j.jcrc.2020.11.002"),
    Reference("ctcae403", "Common Terminology Criteria for Adverse Events (CTCAE) v4.03. US National Cancer Institute; 2010."),
    Reference("ctcae5", "Common Terminology Criteria for Adverse Events (CTCAE) v5.0. US National Cancer Institute; 2017."),
    Reference("admiral", "pharmaverse admiral: the CTCAE criteria of laboratory terms in machine-readable form, with expected grades.",
              url="https://github.com/pharmaverse/admiral"),
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
    Reference("asco_pocket", "ASCO guideline on immune-related adverse events of CAR T-cell therapy (asco2021), pocket guide: pages 4 to 7, 9 and "
              "10; page 8, ICANS grade 4, could not be read.",
              url="https://eguideline.guidelinecentral.com/i/1475467-immune-related-adverse-events-car-t-cell-therapy/"),
    Reference("uf2026", "UF Health guide to CRS and ICANS, version 1.0, February 2026.", url="https://sstaal.org/"),
    Reference("brudno2016", "Brudno JN, Kochenderfer JN. Toxicities of chimeric antigen receptor T cells: recognition and management. Blood "
              "2016;127:3321-3330; table 3.", doi="10.1182/blood-2016-04-703751", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC4929924/table/T3"),
    Reference("yescarta2017_facility", "YESCARTA (axicabtagene ciloleucel) US prescribing information, first label 2017, as printed in a journal "
              "(ACN 4.1): tocilizumab on site, the certified facility, and how long signs are looked for.", url="https://viewer.joomag.com"),
    Reference("yescarta_label", "YESCARTA (axicabtagene ciloleucel) US prescribing information, management of cytokine release syndrome by grade; "
              "from memory, the edition was not read."),
    Reference("kymriah", "KYMRIAH (tisagenlecleucel) US prescribing information, first label 2017, section 2.4: tocilizumab "
              "dose by weight, interval and number."),
    Reference("actemra", "ACTEMRA (tocilizumab) US prescribing information, cytokine release syndrome."),
    Reference("icans_adult", "ASTCT ICANS consensus table for adults with footnotes, as reprinted.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC8403007/table/t0004"),
    Reference("icans_child", "ASTCT ICANS consensus table for children, as reprinted.",
              url="https://www.mdedge.com/hematology-oncology/article/192202/"),
    Reference("astct_table", "ASTCT CRS consensus table with footnotes, as reprinted.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC8021214/table/Tab1"),
    Reference("lcrs_nhl2023", "Li P, Liu Y, Liang Y, et al. 2022 Chinese expert consensus and guidelines on clinical management of toxicity in "
              "anti-CD19 chimeric antigen receptor T-cell therapy for B-cell non-Hodgkin lymphoma. Cancer Biol Med 2023;20:129-146.",
              doi="10.20892/j.issn.2095-3941.2022.0585"),
    Reference("wei2020", "Wei J, Liu Y, Wang C, et al. The model of cytokine release syndrome in CAR T-cell treatment for "
              "B-cell non-Hodgkin lymphoma. Signal Transduct Target Ther 2020;5:134.", doi="10.1038/s41392-020-00256-x"),
    Reference("vasst2008", "Russell JA, Walley KR, Singer J, et al. Vasopressin versus norepinephrine infusion in patients "
              "with septic shock (VASST): norepinephrine equivalents. N Engl J Med 2008;358:877-887.",
              doi="10.1056/NEJMoa067373"),
    Reference("nasalfio2", "Rule of thumb for the inspired oxygen fraction of a low-flow nasal cannula: 0.20 + 0.04 per L/min."),
    Reference("pennisi2020", "Pennisi M, Jain T, Santomasso BD, et al. Comparing CAR T-cell toxicity grading systems. "
              "Blood Adv 2020;4:676-686.", doi="10.1182/bloodadvances.2019000952"),
    Reference("cartox_copy", "Table of CARTOX-10 and CRES grades with their management, as reprinted in a Chinese consensus. Cancer Biol Med.",
              url="https://www.cancerbiomed.org/highwire/markup/7893/expansion"),
    Reference("frisen", "Stages of papilloedema by Frisen, as reprinted.", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC10332214/table/t0003"),
    Reference("cartox_hlh_copy", "The CARTOX rule for HLH/MAS after CAR-T therapy, as reprinted.", url="https://www.grepmed.com/images/9558/"),
    Reference("henter2007", "Henter JI, Horne A, Arico M, et al. HLH-2004: diagnostic and therapeutic guidelines for hemophagocytic "
              "lymphohistiocytosis. Pediatr Blood Cancer 2007;48:124-131.", doi="10.1002/pbc.21039"),
    Reference("hlh2004_copy", "HLH-2004 criteria, as reprinted.", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC10101193/table/TAB1"),
    Reference("fardet2014", "Fardet L, Galicier L, Lambotte O, et al. Development and validation of the HScore, a score for the diagnosis of "
              "reactive hemophagocytic syndrome. Arthritis Rheumatol 2014;66:2613-2620.", doi="10.1002/art.38690"),
    Reference("hscore_copy", "HScore, as reprinted.", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC7589537/table/Tab4"),
    Reference("hines2023", "Hines MR, Knight TE, McNerney KO, et al. Immune effector cell-associated hemophagocytic lymphohistiocytosis-like "
              "syndrome. Transplant Cell Ther 2023;29:438.e1."),
    Reference("isth2001", "Taylor FB, Toh CH, Hoots WK, Wada H, Levi M. Towards definition, clinical and laboratory criteria, and a scoring system "
              "for disseminated intravascular coagulation. Thromb Haemost 2001;86:1327-1330."),
    Reference("isth_copy", "ISTH score for overt DIC, as reprinted in Blood.", url="http://ashpublications.net/view-large/7527030"),
    Reference("isth_marker", "One published mapping of D-dimer to the fibrin marker of the ISTH score.",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC8607173/table/T1"),
    Reference("gando2006", "Gando S, Iba T, Eguchi Y, et al. A multicenter, prospective validation of disseminated intravascular coagulation "
              "diagnostic criteria for critically ill patients (JAAM). Crit Care Med 2006;34:625-631.", doi="10.1097/01.CCM.0000202209.42491.38"),
    Reference("jaam_copy", "JAAM score for DIC, as reprinted with other points.", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC3962548/table/T4"),
    Reference("jsth2017", "Diagnostic criteria for DIC of the Japanese Society on Thrombosis and Hemostasis, 2017 edition, table 1. Thromb J.",
              doi="10.1186/s12959-017-0142-4"),
    Reference("sirs1992", "Bone RC, Balk RA, Cerra FB, et al. Definitions for sepsis and organ failure (ACCP/SCCM). Chest 1992;101:1644-1655."),
    Reference("jiang2019", "Jiang H, Liu L, Guo T, et al. Improving the safety of CAR-T cell therapy by controlling CRS-related coagulopathy. "
              "Ann Hematol 2019;98:1721-1732."),
    Reference("buechner2021", "Buechner J, et al. Practical guidelines for monitoring and management of coagulopathy following tisagenlecleucel CAR "
              "T-cell therapy. Blood Adv 2021;5:593-601.", doi="10.1182/bloodadvances.2020002757",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC7839371"),
    Reference("hashmi2020", "Hashmi H, Mirza AS, Darwin A, et al. Venous thromboembolism associated with CD19-directed CAR T-cell therapy in large "
              "B-cell lymphoma. Blood Adv 2020;4:4086-4090.", doi="10.1182/bloodadvances.2020002060",
              url="https://pmc.ncbi.nlm.nih.gov/articles/PMC7479945"),
    Reference("fibrinogen_doses", "Doses of cryoprecipitate and of fibrinogen concentrate as a secondary source (Dr.Oracle) gives them.",
              url="https://www.droracle.ai"),
    Reference("platelet_practice", "Usual limits of platelet transfusion: 10 x 10^9/L without bleeding, 20 with fever, 50 with bleeding or before a "
              "lumbar puncture; from memory, no source was read."),
    Reference("mosteller1987", "Mosteller RD. Simplified calculation of body-surface area. N Engl J Med 1987;317:1098."),
    Reference("wang2020", "Wang Y, Qi K, Cheng H, et al. Coagulation disorders after chimeric antigen receptor T cell therapy: analysis of 100 patients "
              "with relapsed and refractory hematologic malignancies. Biol Blood Marrow Transplant 2020;26:865-875; read in its abstract."),
    Reference("johnsrud2021", "Johnsrud A, Craig J, Baird J, et al. Incidence and risk factors associated with bleeding and thrombosis following "
              "chimeric antigen receptor T-cell therapy. Blood Adv 2021;5:4465-4475."),
    Reference("zhou2025", "Zhou Q, An Y, et al. Efficacy and safety of tocilizumab in managing cytokine release syndrome after CD19 CAR-T therapy for "
              "relapsed or refractory B-cell acute lymphoblastic leukemia. Front Immunol 2025.", doi="10.3389/fimmu.2025.1530623"),
    Reference("rejeski2023", "Rejeski K, Subklewe M, Aljurf M, et al. Immune effector cell-associated hematotoxicity: EHA/EBMT consensus "
              "grading and best practice recommendations. Blood 2023;142:865-877.", doi="10.1182/blood.2023020578"),
    Reference("liang2024", "Liang EC. Automated approach to grade early and late ICAHT by EHA/EBMT criteria: the published program that makes "
              "the ICAHT table computable. Fred Hutchinson Cancer Center; 2024.",
              url="https://github.com/emilyliangmd/automatedicahtgrading"),
    Reference("ticaht2025", "Rejeski K, Sanz J, Fei T, et al. T-ICAHT: grading and prognostic impact of thrombocytopenia after CAR T-cell therapy. "
              "Blood 2025; table 1, as reprinted (www.ash-sap.org/view-large/12809257).", doi="10.1182/blood.2025028833"),
    Reference("rejeski2021", "Rejeski K, Perez A, Sesques P, et al. CAR-HEMATOTOX: a model for CAR T-cell-related hematologic toxicity in "
              "relapsed/refractory large B-cell lymphoma. Blood 2021;138:2499-2513.", doi="10.1182/blood.2020010543"),
    Reference("hematotox_page", "The CAR-HEMATOTOX score: when to use it, its risk groups and their performance, as described by the European MCL "
              "Network.", url="https://www.european-mcl.net/home/scores-car-hematotox-286.html"),
    Reference("luft2017", "Luft T, Benner A, Jodele S, et al. EASIX in patients with acute graft-versus-host disease: a retrospective cohort "
              "analysis. Lancet Haematol 2017;4:e414-e423."),
    Reference("pennisi2021", "Pennisi M, Sanchez-Escamilla M, Flynn JR, et al. Modified EASIX predicts severe cytokine release syndrome and "
              "neurotoxicity after chimeric antigen receptor T cells. Blood Adv 2021;5:3397-3406.",
              doi="10.1182/bloodadvances.2020003885"),
    Reference("hay2017", "Hay KA, Hanafi LA, Li D, et al. Kinetics and biomarkers of severe cytokine release syndrome after CD19 chimeric antigen "
              "receptor-modified T-cell therapy. Blood 2017;130:2295-2306.",
              url="http://ashpublications.net/blood/article-split/130/21/2295/36661/"),
    Reference("delirium_screen", "How often children are screened for delirium after CAR-T therapy, as reported by MDedge (article 184796)."),
    Reference("cibmtr_anc", "CIBMTR Forms Instruction Manual: initial ANC recovery.",
              url="https://www.cibmtr.org/manuals/fim/1/en/topic/q8-11-initial-anc-recovery"),
    Reference("platelet_recovery", "Definition of platelet recovery after transplantation: the first of three consecutive days at 20 x 10^9/L or "
              "above without a transfusion for seven days.", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC11161398"),
    Reference("kaplan1958", "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc 1958;53:457-481.",
              doi="10.1080/01621459.1958.10501452"),
    Reference("greenwood1926", "Greenwood M. The natural duration of cancer. Reports on Public Health and Medical Subjects 1926;33:1-26."),
    Reference("brookmeyer1982", "Brookmeyer R, Crowley J. A confidence interval for the median survival time. Biometrics 1982;38:29-41.",
              doi="10.2307/2530286"),
    Reference("klein2003", "Klein JP, Moeschberger ML. Survival analysis: techniques for censored and truncated data. 2nd ed. New York: Springer; "
              "2003."),
    Reference("schemper1996", "Schemper M, Smith TL. A note on quantifying follow-up in studies of failure time. Control Clin Trials 1996;17:343-346.",
              doi="10.1016/0197-2456(96)00075-X"),
    Reference("royston2013", "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard ratio for the design and analysis "
              "of randomized trials with a time-to-event outcome. BMC Med Res Methodol 2013;13:152.",
              doi="10.1186/1471-2288-13-152"),
    Reference("mantel1966", "Mantel N. Evaluation of survival data and two new rank order statistics arising in its consideration. Cancer Chemother "
              "Rep 1966;50:163-170."),
    Reference("peto1972", "Peto R, Peto J. Asymptotically efficient rank invariant test procedures. J R Stat Soc A 1972;135:185-207.",
              doi="10.2307/2344317"),
    Reference("harrington1982", "Harrington DP, Fleming TR. A class of rank test procedures for censored survival data. Biometrika 1982;69:553-566.",
              doi="10.1093/biomet/69.3.553"),
    Reference("tarone1975", "Tarone RE. Tests for trend in life table analysis. Biometrika 1975;62:679-690.",
              doi="10.1093/biomet/62.3.679"),
    Reference("mantel1974", "Mantel N, Byar DP. Evaluation of response-time data involving transient states: an illustration using heart-transplant "
              "data. J Am Stat Assoc 1974;69:81-86.",
              doi="10.1080/01621459.1974.10480131"),
    Reference("simon1984", "Simon R, Makuch RW. A non-parametric graphical representation of the relationship between survival and the occurrence "
              "of an event. Stat Med 1984;3:35-44.",
              doi="10.1002/sim.4780030106"),
    Reference("strasser1999", "Strasser H, Weber C. On the asymptotic theory of permutation statistics. Math Methods Stat 1999;8:220-250."),
    Reference("vandewiel2001", "van de Wiel MA. The split-up algorithm: a fast symbolic method for computing p-values of distribution-free statistics. "
              "Comput Stat 2001;16:519-538."),
    Reference("heinze2003", "Heinze G, Gnant M, Schemper M. Exact log-rank tests for unequal follow-up. Biometrics 2003;59:1151-1157."),
    Reference("phipson2010", "Phipson B, Smyth GK. Permutation p-values should never be zero: calculating exact p-values when permutations are "
              "randomly drawn. Stat Appl Genet Mol Biol 2010;9:39.",
              doi="10.2202/1544-6115.1585"),
    Reference("cox1972", "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220.",
              doi="10.1111/j.2517-6161.1972.tb00899.x"),
    Reference("efron1977", "Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc 1977;72:557-565.",
              doi="10.1080/01621459.1977.10480613"),
    Reference("breslow1974", "Breslow N. Covariance analysis of censored survival data. Biometrics 1974;30:89-99.",
              doi="10.2307/2529620"),
    Reference("andersen1982", "Andersen PK, Gill RD. Cox's regression model for counting processes: a large sample study. Ann Stat 1982;10:1100-1120.",
              doi="10.1214/aos/1176345976"),
    Reference("lin1989", "Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc 1989;84:1074-1078.",
              doi="10.1080/01621459.1989.10478874"),
    Reference("therneau1990", "Therneau TM, Grambsch PM, Fleming TR. Martingale-based residuals for survival models. Biometrika 1990;77:147-160.",
              doi="10.1093/biomet/77.1.147"),
    Reference("therneau2000", "Therneau TM, Grambsch PM. Modeling survival data: extending the Cox model. New York: Springer; 2000."),
    Reference("therneau2024", "Therneau TM. survival: survival analysis, a package for R, version 3, with its vignettes."),
    Reference("peduzzi1995", "Peduzzi P, Concato J, Feinstein AR, Holford TR. Importance of events per independent variable in proportional hazards "
              "regression analysis. II. J Clin Epidemiol 1995;48:1503-1510.",
              doi="10.1016/0895-4356(95)00048-8"),
    Reference("grambsch1994", "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on weighted residuals. Biometrika "
              "1994;81:515-526.",
              doi="10.1093/biomet/81.3.515"),
    Reference("harrell1996", "Harrell FE, Lee KL, Mark DB. Multivariable prognostic models: issues in developing models, evaluating assumptions and "
              "adequacy, and measuring and reducing errors. Stat Med 1996;15:361-387."),
    Reference("firth1993", "Firth D. Bias reduction of maximum likelihood estimates. Biometrika 1993;80:27-38.",
              doi="10.1093/biomet/80.1.27"),
    Reference("heinze2001", "Heinze G, Schemper M. A solution to the problem of monotone likelihood in Cox regression. Biometrics 2001;57:114-119.",
              doi="10.1111/j.0006-341X.2001.00114.x"),
    Reference("aalen1978", "Aalen OO, Johansen S. An empirical transition matrix for non-homogeneous Markov chains based on censored observations. "
              "Scand J Stat 1978;5:141-150."),
    Reference("aalen1978b", "Aalen OO. Nonparametric estimation of partial transition probabilities in multiple decrement models. Ann Stat "
              "1978;6:534-545.",
              doi="10.1214/aos/1176344198"),
    Reference("gray1988", "Gray RJ. A class of K-sample tests for comparing the cumulative incidence of a competing risk. Ann Stat "
              "1988;16:1141-1154.",
              doi="10.1214/aos/1176350951"),
    Reference("fine1999", "Fine JP, Gray RJ. A proportional hazards model for the subdistribution of a competing risk. J Am Stat Assoc "
              "1999;94:496-509.",
              doi="10.1080/01621459.1999.10474144"),
    Reference("latouche2013", "Latouche A, Allignol A, Beyersmann J, Labopin M, Fine JP. A competing risks analysis should report results on all "
              "cause-specific hazards and cumulative incidence functions. J Clin Epidemiol 2013;66:648-653.",
              doi="10.1016/j.jclinepi.2012.09.017"),
    Reference("suissa2008", "Suissa S. Immortal time bias in pharmaco-epidemiology. Am J Epidemiol 2008;167:492-499.",
              doi="10.1093/aje/kwm324"),
    Reference("anderson1983", "Anderson JR, Cain KC, Gelber RD. Analysis of survival by tumor response. J Clin Oncol 1983;1:710-719.",
              doi="10.1200/JCO.1983.1.11.710"),
    Reference("cohen1968", "Cohen J. Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial credit. "
              "Psychol Bull 1968;70:213-220.", doi="10.1037/h0026256"),
    Reference("fleiss1969", "Fleiss JL, Cohen J, Everitt BS. Large sample standard errors of kappa and weighted kappa. Psychol Bull "
              "1969;72:323-327.", doi="10.1037/h0028106"),
    Reference("student1908", "Student. The probable error of a mean. Biometrika 1908;6:1-25.", doi="10.1093/biomet/6.1.1"),
    Reference("pearson1900", "Pearson K. On the criterion that a given system of deviations from the probable is such that it can be reasonably "
              "supposed to have arisen from random sampling. Philos Mag 1900;50:157-175.", doi="10.1080/14786440009463897"),
    Reference("spearman1904", "Spearman C. The proof and measurement of association between two things. Am J Psychol 1904;15:72-101.",
              doi="10.2307/1412159"),
    Reference("fisher1925", "Fisher RA. Statistical Methods for Research Workers. Oliver and Boyd; 1925."),
    Reference("wilson1927", "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212.",
              doi="10.1080/01621459.1927.10502953"),
    Reference("clopper1934", "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial. Biometrika "
              "1934;26:404-413.", doi="10.1093/biomet/26.4.404"),
    Reference("yates1934", "Yates F. Contingency tables involving small numbers and the chi-square test. Suppl J R Stat Soc 1934;1:217-235.",
              doi="10.2307/2983604"),
    Reference("fisher1935", "Fisher RA. The logic of inductive inference. J R Stat Soc 1935;98:39-82.", doi="10.2307/2342435"),
    Reference("wilks1938", "Wilks SS. The large-sample distribution of the likelihood ratio for testing composite hypotheses. Ann Math Stat "
              "1938;9:60-62.", doi="10.1214/aoms/1177732360"),
    Reference("wilcoxon1945", "Wilcoxon F. Individual comparisons by ranking methods. Biometrics Bull 1945;1:80-83.", doi="10.2307/3001968"),
    Reference("welch1947", "Welch BL. The generalization of Student's problem when several different population variances are involved. Biometrika "
              "1947;34:28-35.", doi="10.1093/biomet/34.1-2.28"),
    Reference("mann1947", "Mann HB, Whitney DR. On a test of whether one of two random variables is stochastically larger than the other. Ann Math "
              "Stat 1947;18:50-60.", doi="10.1214/aoms/1177730491"),
    Reference("freeman1951", "Freeman GH, Halton JH. Note on an exact treatment of contingency, goodness of fit and other problems of significance. "
              "Biometrika 1951;38:141-149.", doi="10.1093/biomet/38.1-2.141"),
    Reference("welch1951", "Welch BL. On the comparison of several mean values: an alternative approach. Biometrika 1951;38:330-336.",
              doi="10.1093/biomet/38.3-4.330"),
    Reference("kruskal1952", "Kruskal WH, Wallis WA. Use of ranks in one-criterion variance analysis. J Am Stat Assoc 1952;47:583-621.",
              doi="10.1080/01621459.1952.10483441"),
    Reference("cochran1954", "Cochran WG. Some methods for strengthening the common chi-square tests. Biometrics 1954;10:417-451.",
              doi="10.2307/3001616"),
    Reference("armitage1955", "Armitage P. Tests for linear trends in proportions and frequencies. Biometrics 1955;11:375-386.", doi="10.2307/3001775"),
    Reference("cornfield1956", "Cornfield J. A statistical problem arising from retrospective studies. Proc Third Berkeley Symp Math Stat Probab "
              "1956;4:135-148."),
    Reference("lancaster1961", "Lancaster HO. Significance tests in discrete distributions. J Am Stat Assoc 1961;56:223-234.",
              doi="10.1080/01621459.1961.10482105"),
    Reference("hodges1963", "Hodges JL, Lehmann EL. Estimates of location based on rank tests. Ann Math Stat 1963;34:598-611.",
              doi="10.1214/aoms/1177704172"),
    Reference("mantel1963", "Mantel N. Chi-square tests with one degree of freedom; extensions of the Mantel-Haenszel procedure. J Am Stat Assoc "
              "1963;58:690-700.", doi="10.1080/01621459.1963.10500879"),
    Reference("holm1979", "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70."),
    Reference("patefield1981", "Patefield WM. Algorithm AS 159: an efficient method of generating random R x C tables with given row and column "
              "totals. J R Stat Soc C 1981;30:91-97.", doi="10.2307/2346669"),
    Reference("mehta1983", "Mehta CR, Patel NR. A network algorithm for performing Fisher's exact test in r x c contingency tables. J Am Stat Assoc "
              "1983;78:427-434.", doi="10.1080/01621459.1983.10477989"),
    Reference("albert1984", "Albert A, Anderson JA. On the existence of maximum likelihood estimates in logistic regression models. Biometrika "
              "1984;71:1-10.", doi="10.1093/biomet/71.1.1"),
    Reference("hedges1985", "Hedges LV, Olkin I. Statistical Methods for Meta-Analysis. Academic Press; 1985."),
    Reference("benjamini1995", "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful approach to multiple "
              "testing. J R Stat Soc B 1995;57:289-300.", doi="10.1111/j.2517-6161.1995.tb02031.x"),
    Reference("tukey1977", "Tukey JW. Exploratory data analysis. Reading, MA: Addison-Wesley; 1977."),
    Reference("hyndman1996", "Hyndman RJ, Fan Y. Sample quantiles in statistical packages. Am Stat 1996;50:361-365.",
              doi="10.1080/00031305.1996.10473566"),
    Reference("peduzzi1996", "Peduzzi P, Concato J, Kemper E, Holford TR, Feinstein AR. A simulation study of the number of events per variable in "
              "logistic regression analysis. J Clin Epidemiol 1996;49:1373-1379.", doi="10.1016/S0895-4356(96)00236-3"),
    Reference("newcombe1998", "Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven methods. "
              "Stat Med 1998;17:873-890.", doi="10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I"),
    Reference("bonett2000", "Bonett DG, Wright TA. Sample size requirements for estimating Pearson, Kendall and Spearman correlations. "
              "Psychometrika 2000;65:23-28.", doi="10.1007/BF02294183"),
    Reference("heinze2002", "Heinze G, Schemper M. A solution to the problem of separation in logistic regression. Stat Med 2002;21:2409-2419.",
              doi="10.1002/sim.1047"),
    Reference("edgington2007", "Edgington ES, Onghena P. Randomization Tests. 4th ed. Chapman and Hall/CRC; 2007."),
    Reference("konis2007", "Konis K. Linear programming algorithms for detecting separated data in binary logistic regression models. DPhil thesis, "
              "University of Oxford; 2007."),
    Reference("austin2009", "Austin PC. Balance diagnostics for comparing the distribution of baseline covariates between treatment groups in "
              "propensity-score matched samples. Stat Med 2009;28:3083-3107.", doi="10.1002/sim.3697"),
    Reference("rochon2012", "Rochon J, Gondan M, Kieser M. To test or not to test: preliminary assessment of normality when comparing two "
              "independent samples. BMC Med Res Methodol 2012;12:81.", doi="10.1186/1471-2288-12-81"),
    Reference("yang2012", "Yang D, Dalton JE. A unified approach to measuring the effect size between two groups using SAS. SAS Global Forum 2012, "
              "paper 335-2012."),
    Reference("rcore", "R Core Team. R: a language and environment for statistical computing. R Foundation for Statistical Computing, Vienna.",
              url="https://www.R-project.org"),
    Reference("steroid_equivalents", "Equivalent doses of corticosteroids, as a secondary source (Dr.Oracle) quotes them from the US prescribing "
              "information of prednisolone.", url="https://www.droracle.ai/articles/632347/"),
    Reference("mueller2017", "Mueller KT, Maude SL, Porter DL, et al. Cellular kinetics of CTL019 in relapsed/refractory B-cell acute lymphoblastic "
              "leukemia and chronic lymphocytic leukemia. Blood 2017;130:2317-2325.", doi="10.1182/blood-2017-06-786129"),
    Reference("nishimoto2008", "Nishimoto N, Terao K, Mima T, Nakahara H, Takagi N, Kakehi T. Mechanisms and pathologic significances in increase in "
              "serum interleukin-6 (IL-6) and soluble IL-6 receptor after administration of an anti-IL-6 receptor antibody, tocilizumab, in patients "
              "with rheumatoid arthritis and Castleman disease. Blood 2008;112:3959-3964.", doi="10.1182/blood-2008-05-155846"),
    Reference("tocsin", "A stated choice of this software, made to turn prose into a computable rule; each is a named setting."),
)

REFERENCES: Mapping[str, Reference] = MappingProxyType({r.key: r for r in _ALL})
"""Every source by key."""
if len(REFERENCES) != len(_ALL):
    raise RuleError("a reference stands twice in cite.py")


LOCAL = "local"
"""The key of a hospital's own document, which the citation itself names: ``local:Ward SOP 12, 2025-03-01``."""


def is_local(cites: str) -> bool:
    """Whether a citation names a hospital's own document."""
    return cites.startswith(f"{LOCAL}:")


def reference(cites: str) -> Reference:
    """The reference behind ``key:place``; RuleError when the key is not known, so a rule cannot cite nothing."""
    key, _, place = cites.partition(":")
    if key == LOCAL:
        if not place.strip() or ";" in place or not place.isprintable():
            raise RuleError(f"the citation {cites!r} names no document; write {LOCAL}:Title of the document, date (on one line, without a semicolon)")
        return Reference(cites, f"Local document: {place.strip()}")
    found = REFERENCES.get(key)
    if found is None:
        raise RuleError(f"the citation {cites!r} has no reference {key!r} in tocsin.cite; a hospital's own document is cited as "
                        f"{LOCAL}:Title of the document, date")
    return found


def bibliography(cites: Iterable[str]) -> list[Reference]:
    """The references behind several citations, each once, in the order first met."""
    parts = [part.strip() for one in cites for part in one.split(";") if part.strip()]
    return [reference(k) for k in dict.fromkeys(p if is_local(p) else p.split(":", 1)[0] for p in parts)]


def how_sure(mark: Mark, cites: str) -> str:
    """What the mark of a number means, for a reader: a hospital's own decision is said to be one."""
    return "a local decision of the hospital, by its own document" if mark is Mark.DECISION and is_local(cites) else mark.sentence
