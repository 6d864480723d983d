"""What is watched after CAR-T cells and how often, as data: one item for each sentence of a source.

Sources: the labels of axicabtagene and tisagenlecleucel as far as they could be read, ASCO 2021 (pocket guide), the reprinted table of
CRES management, the paper on coagulation in the tisagenlecleucel trials, and paper 004 for the heart.  Intervals that no source gives
are decisions and named settings.  Grades are those of the ASTCT.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.protocols.parts import ICANS_FINDINGS
from tocsin.protocols.watching import Item, Schedule
from tocsin.rules import Fact, Measure, Named, Predicate, Setting, settled
from tocsin.scales import scale
from tocsin.timeline import HOURS_A_DAY

_S, _V, _M, _D = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY, Mark.DECISION
_FACILITY, _COAGULATION, _HEART = "yescarta2017_facility:monitoring", "buechner2021:monitoring", "chinthapalli2023:cardiovascular"
WEEK, FOUR_WEEKS = 24.0 * 7, 24.0 * 28

SETTINGS = (
    Setting("vitals_hours", 4.0, "h", "vital signs in hospital, from one set to the next", "asco2021:monitoring", _M, minimum=0.25, maximum=24),
    Setting("grade_hours", 12.0, "h", "CRS is graded at least this often", "asco2021:monitoring", _M, minimum=1, maximum=24),
    Setting("grade_days", 21.0, "days", "for so many days CRS is graded that often", "asco2021:monitoring", _M, minimum=1, maximum=60),
    Setting("ice_hours", 12.0, "h", "the ICE score at least this often (ASCO twice a day; others every 8 h)", "asco_pocket:6", _V, minimum=1, maximum=24),
    Setting("capd_hours", 12.0, "h", "a child's delirium screen in hospital at least this often", "delirium_screen:frequency", _V, minimum=1, maximum=24),
    Setting("labs_hours", 24.0, "h", "blood count, chemistry, coagulation, CRP and ferritin", "asco2021:monitoring", _M, minimum=1, maximum=168),
    Setting("labs_severe_hours", 12.0, "h", "the same in CRS of grade 3 or more", "asco2021:monitoring", _M, minimum=1, maximum=48),
    Setting("coagulation_hours", 24.0, "h", "coagulation while there is CRS", _COAGULATION, _D, minimum=1, maximum=72),
    Setting("coagulation_low_hours", 12.0, "h", "the same while fibrinogen is low", _COAGULATION, _D, minimum=1, maximum=48),
    Setting("fibrinogen_low", 1.5, "g/L", "fibrinogen below this is low", "buechner2021:replacement", _V, minimum=0.1, maximum=4),
    Setting("heart_hours", 24.0, "h", "ECG, echocardiography or a cardiac marker in CRS of grade 2 or more; the paper gives no interval", _HEART, _D,
            minimum=1, maximum=168),
    Setting("telemetry_hours", 24.0, "h", "continuous telemetry is charted at least this often, or as a course", "tocsin:telemetry", _D, minimum=1,
            maximum=72),
    Setting("eeg_hours", 24.0, "h", "EEG of 30 minutes while there is neurotoxicity", "cartox_copy:EEG", _V, minimum=1, maximum=168),
    Setting("imaging_hours", 72.0, "h", "imaging again while ICANS is grade 3 or more: every 2 to 3 days, the longer taken", "asco_pocket:7", _V,
            minimum=24, maximum=168),
    Setting("levetiracetam_hours", 12.0, "h", "levetiracetam, from one dose to the next", "cartox_copy:prophylaxis", _V, minimum=1, maximum=48),
    Setting("levetiracetam_days", 30.0, "days", "levetiracetam is given for so long after the infusion", "tocsin:levetiracetam", _M, minimum=1,
            maximum=90),
    Setting("baseline_days", 30.0, "days", "an examination so long before the infusion counts as the baseline", "tocsin:baseline", _D, minimum=1,
            maximum=365),
    Setting("grace_part", 0.25, "", "what is due becomes overdue after this part of its interval; what is daily, when the day is over",
            "tocsin:overdue", _D, maximum=2),
    Setting("grace_once_hours", 12.0, "h", "what is asked for once becomes overdue after this time", "tocsin:overdue", _D, maximum=72),
    Setting("once_before_hours", 24.0, "h", "what is asked for once is done if it was done up to so long before", "tocsin:overdue", _D, maximum=168),
)

_COUNT = (("leukocytes", "neutrophils"), ("haemoglobin",), ("platelets",))
_CHEMISTRY = (("creatinine",), ("ast", "alt"), ("sodium", "potassium"))
_LABS = (*_COUNT, *_CHEMISTRY, ("pt", "inr"), ("aptt",), ("crp",), ("ferritin",))
_CLOTTING = (("platelets",), ("pt", "inr"), ("aptt",), ("fibrinogen",), ("d_dimer", "d_dimer_ddu"))
_ECHO = ("echocardiogram", "lvef")
_MARKERS = ("ecg", *_ECHO, "troponin_i", "troponin_t", "nt_probnp", "bnp")
_SEEN = ("facility_visit", "reported_crs_grade", "ice_score", "capd_score", "temperature", "systolic_bp")
_VITALS = (("temperature",), ("heart_rate",), ("respiratory_rate",), ("systolic_bp", "mean_arterial_pressure"), ("spo2",))


def schedule(**given: object) -> Schedule:
    """The schedule with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    number = {name: float(value) for name, value in settings.items()}
    astct, neuro = scale("astct-crs-2019"), scale("astct-icans-2019")
    part, baseline = number["grace_part"], 24.0 * number["baseline_days"]

    def crs(grade: int) -> Predicate:
        return Named(f"crs_{grade}", astct.at_least(grade), f"ASTCT CRS grade {grade} or more", cites="lee2019:table", mark="V")

    def icans(grade: int) -> Predicate:
        return Named(f"icans_{grade}", neuro.at_least(grade), f"ASTCT ICANS grade {grade} or more", cites="icans_adult:table", mark="V")

    def item(code: str, what: str, done_by: tuple[tuple[str, ...], ...], every: float, cites: str, mark: Mark, text: str, **more: object) -> Item:
        grace = HOURS_A_DAY if every % HOURS_A_DAY == 0 else part * every
        return Item(code, what, done_by, every, cites, mark, text, grace=grace, **more)  # type: ignore[arg-type]

    def before(
        code: str, what: str, done_by: tuple[tuple[str, ...], ...], cites: str, mark: Mark, text: str, reading: str = "", least: float | None = None,
    ) -> Item:
        late = "Overdue from the infusion on; what is charted only after it ends the asking" + (" and is no baseline." if least is None else ".")
        return Item(code, what, done_by, inf, cites, mark, text, start=-baseline, end=FOUR_WEEKS, grace=baseline, least=least,
                    reading=f"{reading} {late}".strip())

    def once(code: str, what: str, done_by: tuple[tuple[str, ...], ...], when: Predicate, cites: str, mark: Mark, text: str, reading: str = "") -> Item:
        return Item(code, what, done_by, inf, cites, mark, text, when=when, grace=number["grace_once_hours"], before=number["once_before_hours"],
                    reading=f"{reading} Once in each time in which it holds.".strip())

    child = Named("child", Fact("age_years", "<", 12.0, "age below 12 years") | Fact(
        "developmental_delay", "==", True, "developmental delay", assume=False), "age below 12 years, or developmental delay",
        cites="icans_child:table", mark="V")
    low_fibrinogen = crs(1) & Measure("fibrinogen", "mg/dL").below(100.0 * number["fibrinogen_low"])
    by_grade = "The interval is a choice; the source asks for it in every case of this degree."
    items = (
        before("M1", "Two doses of tocilizumab on site before the infusion", (("tocilizumab_on_site",),), _FACILITY, _V,
               "Two doses of tocilizumab available before the infusion", least=2.0),
        before("M2", "Echocardiography before the infusion", (_ECHO,), _HEART, _S, "Initial ... transthoracic echocardiography"),
        before("M3", "ECG before the infusion", (("ecg",),), _HEART, _S, "Initial ECG"),
        before("M4", "Blood chemistry before the infusion", _CHEMISTRY, _HEART, _S, "Chemical panel",
               reading="Which values the panel has is not told: creatinine, a transaminase and sodium or potassium are taken."),
        item("M5", "Seen at the certified facility", (_SEEN,), 24.0, _FACILITY, _V, "At least daily for 7 days at the certified facility", end=WEEK,
             reading="Any vital sign, neurological score or grade charted on the day counts as seen."),
        item("M6", "Signs of CRS looked for", (_SEEN,), 24.0, _FACILITY, _V, "Signs of CRS for 4 weeks; stay near the facility for 4 weeks",
             start=WEEK, end=FOUR_WEEKS, reading="The label gives no interval for weeks 2 to 4; daily is a choice."),
        item("M7", "CRS grade", (("reported_crs_grade",),), number["grade_hours"], "asco2021:monitoring", _M,
             "At least twice a day, and at every change of status", end=24.0 * number["grade_days"], place="hospital",
             reading="A grade that was charted; one that this software works out is none that a clinician gave."),
        item("M8", "ICE score", (("ice_score",),), number["ice_hours"], "asco_pocket:6", _V, "Neurological examination with ICE at least twice a day",
             when=~child, end=FOUR_WEEKS, place="hospital", reading="ICE at least every 12 h; a setting for every 8 h."),
        item("M9", "CAPD score of a child", (("capd_score",),), number["capd_hours"], "delirium_screen:frequency", _V,
             "Children: delirium screen at least twice in 24 h in hospital", when=child, end=FOUR_WEEKS, place="hospital",
             reading="Below 12 years, or with developmental delay, as the ASTCT has it."),
        item("M10", "CAPD score of a child at home", (("capd_score",),), 24.0, "delirium_screen:frequency", _V, "Children: daily as outpatients", when=child,
             end=FOUR_WEEKS, place="home"),
        item("M11", "Vital signs: temperature, heart and respiratory rate, blood pressure, saturation", _VITALS, number["vitals_hours"],
             "asco2021:monitoring", _M, "Vital signs every 4 h", end=FOUR_WEEKS, place="hospital"),
        item("M12", "Continuous telemetry and oximetry", (("telemetry",), ("spo2",)), number["telemetry_hours"], "asco_pocket:4", _V,
             "Telemetry and oximetry for grade 2 or more", when=crs(2), reading="Charted as a course, or once in 24 h (a choice)."),
        item("M13", "Blood count, chemistry, coagulation, CRP and ferritin", _LABS, number["labs_hours"], "asco2021:monitoring", _M, "Daily",
             end=FOUR_WEEKS, place="hospital"),
        item("M14", "Blood count, chemistry, coagulation, CRP and ferritin in severe CRS", _LABS, number["labs_severe_hours"], "asco2021:monitoring", _M,
             "Every 12 h in CRS of grade 3 or more", when=crs(3)),
        item("M15", "Coagulation: platelets, PT, APTT, fibrinogen, D-dimer", _CLOTTING, number["coagulation_hours"], _COAGULATION, _D,
             "Coagulation is followed during CRS", when=crs(1), reading="At least daily while there is CRS: the principle was read, the interval is a choice."),
        item("M16", "Coagulation while fibrinogen is low", _CLOTTING, number["coagulation_low_hours"], _COAGULATION, _D,
             "Fibrinogen below 1.5 g/L during CRS is replaced", when=low_fibrinogen, reading="Every 12 h: the limit was read, the interval is a choice."),
        item("M17", "Fibrinogen in moderate or severe CRS", (("fibrinogen",),), number["coagulation_hours"], _COAGULATION, _V,
             "Fibrinogen in every moderate or severe CRS", when=crs(2), reading=f"Moderate is read as grade 2 or more. {by_grade}"),
        item("M18", "EEG of 30 minutes", (("eeg",),), number["eeg_hours"], "cartox_copy:EEG", _V, "Daily EEG of 30 minutes until symptoms resolve",
             when=icans(1), reading="The source says CRES of grade 1 or more; ICANS is taken, because charts hold ICE."),
        once("M19", "Imaging of the brain", (("imaging",),), icans(2), "asco_pocket:6", _V, "MRI or CT for grade 2 or more",
             "Any imaging report counts: the part of the body is not coded."),
        item("M20", "Imaging of the brain again", (("imaging",),), number["imaging_hours"], "asco_pocket:7", _V,
             "Every 2 to 3 days if grade 3 or more persists", when=icans(3), reading="Any imaging report counts: the part of the body is not coded."),
        item("M21", "Heart: ECG, echocardiography or a cardiac marker", (_MARKERS,), number["heart_hours"], _HEART, _S,
             "Under close observation with cardiac biomarkers, ECG or echocardiography", when=crs(2),
             reading="The paper's \"high-grade CRS (grade 2)\" is read as 2 or more; it gives no interval: daily is a choice. Any one of them counts."),
        once("M22", "Echocardiography in severe CRS", (_ECHO,), crs(3), "asco_pocket:5", _V, "Echocardiography in grade 3 or more"),
        item("M23", "Levetiracetam as seizure prophylaxis", (("levetiracetam",),), number["levetiracetam_hours"], "tocsin:levetiracetam", _M,
             "Day 0 to day 30", end=24.0 * number["levetiracetam_days"],
             reading="Days from memory; every 12 h as the CRES table has it for prophylaxis (cartox_copy)."),
    )
    return Schedule(
        items, astct, ICANS_FINDINGS, settings, SETTINGS,
        notes=("What was done and not written down counts as not done.",
               "Until a discharge is charted the patient counts as in hospital."),
    )
