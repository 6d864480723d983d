"""ICAHT: grade of neutropenia after CAR-T cells by its depth and duration, early (days 0 to 30) and late (days 31 to 100), as data.

Source: rejeski2023, the grading table; how days are counted: liang2024, a published program for it.  The early grade is the length of
the longest run of days, the late grade the lowest count.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import IsIn, Setting, present, settled
from tocsin.scales.days import Days, DaysLow, EndedBefore, StillLow, ValuesLow
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.timeline import ATTRIBUTIONS

BRIDGE = Setting("bridge_days", 7, "days", "up to so many days without a value are filled by a straight line (a weekly blood count)",
                 "liang2024:interpolation", Mark.VERIFIED, maximum=30)
JOINED = Setting("joined_days", 2, "days", "a recovery of at most so many days does not end a run, and its days count (recovery is 3 "
                 "consecutive days)", "liang2024:exceedances", Mark.VERIFIED, maximum=30)
LAST_VALUE_ENDS = Setting("last_value_ends_follow_up", False, "", "the last value ends the observation, as in a closed record; otherwise the days "
                          "after it are unknown unless death or a last follow-up is told", "tocsin:follow-up", Mark.DECISION)

EARLY_SETTINGS = (
    BRIDGE, JOINED,
    Setting("round_measured_values", False, "", "round measured counts to 0.01 x 10^9/L like the filled ones, as the published program does: "
            "0.505 then counts as 0.50", "liang2024:rounding", Mark.DECISION),
    Setting("unrecovered_begun_by_day", 3, "day", "a run that had begun by this day and never ended is grade 4", "liang2024:grade 4", Mark.VERIFIED,
            maximum=30),
    LAST_VALUE_ENDS,
)
LATE_SETTINGS = (
    Setting("seen_within_days", 7, "days", "the window counts as observed to its end when the last value lies at most so many days before it",
            "tocsin:follow-up", Mark.DECISION, maximum=70),
    LAST_VALUE_ENDS,
)

DIED = present("death", says="death")
FOLLOW_UP_ENDED = present("last_follow_up", says="the last follow-up")
NEXT_THERAPY = present("next_therapy", says="the next line of treatment")
PROGRESSED = IsIn("response", ("progressive_disease", "relapse"), says="progression or relapse")

UNIT = "10^9/L"
_RUN = "Longest run of days; a recovery of up to two days does not end it, and its days count. Values between blood counts up to eight days " \
       "apart lie on a straight line; in a longer gap they are unknown."
_NADIR = "The lowest count of the window grades it. A second day at or below 1.5 must confirm it; where only one day was measured, that one " \
         "suffices. Counts between measurements are not inferred."


def icaht_early(**given: object) -> Scale:
    """Early ICAHT, days 0 to 30; SettingError for a setting that does not exist."""
    settings = settled(EARLY_SETTINGS, given)
    joined = int(settings["joined_days"])

    def severe(number: int) -> DaysLow:
        return DaysLow("neutrophils", 0.5, UNIT, number=number, joined=joined)

    def profound(number: int) -> DaysLow:
        return DaysLow("neutrophils", 0.1, UNIT, number=number, joined=joined)

    return Scale(
        id="icaht-early-2023", version="2023", title="Early ICAHT (neutropenia, days 0 to 30), EHA/EBMT consensus 2023", syndrome="ICAHT",
        cites=("rejeski2023:grading table", "liang2024:early ICAHT"), counts=ATTRIBUTIONS, settings=settings, setting_docs=EARLY_SETTINGS,
        days=Days("neutrophils", 0, 30, bridge=int(settings["bridge_days"]), round_to=0.01,
                  round_measured=bool(settings["round_measured_values"]), ends=(DIED, FOLLOW_UP_ENDED),
                  last_value_ends=bool(settings["last_value_ends_follow_up"])),
        criteria=(
            Criterion("SEVERE1", 1, severe(1), "rejeski2023:grading table", Mark.VERIFIED, _RUN, short="ANC <= 0.5 x10^9/L on at least 1 day"),
            Criterion("SEVERE2", 2, severe(7), "rejeski2023:grading table", Mark.VERIFIED, _RUN, short="ANC <= 0.5 x10^9/L for at least 7 days"),
            Criterion("SEVERE3", 3, severe(14), "rejeski2023:grading table", Mark.VERIFIED, _RUN, short="ANC <= 0.5 x10^9/L for at least 14 days"),
            Criterion("PROFOUND3", 3, profound(7), "rejeski2023:grading table", Mark.VERIFIED, _RUN, short="ANC <= 0.1 x10^9/L for at least 7 days"),
            Criterion("SEVERE4", 4, severe(31), "rejeski2023:grading table", Mark.VERIFIED,
                      "\"Never above 500\": the run fills all 31 days. As in the published program, a recovery of up to two days within it "
                      "does not end it.", short="ANC <= 0.5 x10^9/L on all 31 days"),
            Criterion("PROFOUND4", 4, profound(14), "rejeski2023:grading table", Mark.VERIFIED, _RUN, short="ANC <= 0.1 x10^9/L for at least 14 days"),
            Criterion("UNRECOVERED4", 4, StillLow("neutrophils", 0.5, UNIT, begun_by=int(settings["unrecovered_begun_by_day"]), joined=joined),
                      "liang2024:additionally defining grade 4", Mark.VERIFIED,
                      "Neutropenia that began by day 3 and had not ended at the last count is grade 4, also when death or the end of follow-up "
                      "cut the 31 days short. While nothing says that the observation has ended, a later recovery is possible: the grade is a range.",
                      short="ANC <= 0.5 x10^9/L since day 3 or before, never recovered"),
            Criterion("NO_SEVERE0", 0, ~severe(1), "rejeski2023:grading table", Mark.VERIFIED, "No day at or below 0.5.",
                      short="no day with ANC <= 0.5 x10^9/L"),
        ),
        notes=("G-CSF does not end the observation; a rise under it is a recovery.", "500 per microlitre is 0.5 x 10^9/L.",
               "Neutrophils alone are graded: thrombocytopenia has its own scale, ticaht-early."),
    )


def icaht_late(**given: object) -> Scale:
    """Late ICAHT, from day 31 to day 100, progression, the next treatment or the last follow-up; SettingError for an unknown setting."""
    settings = settled(LATE_SETTINGS, given)
    confirmed = ValuesLow("neutrophils", 1.5, UNIT, number=2)

    def nadir(limit: float) -> ValuesLow:
        return ValuesLow("neutrophils", limit, UNIT)

    return Scale(
        id="icaht-late-2023", version="2023", title="Late ICAHT (neutropenia after day 30), EHA/EBMT consensus 2023", syndrome="ICAHT",
        cites=("rejeski2023:grading table", "liang2024:late ICAHT"), counts=ATTRIBUTIONS, settings=settings, setting_docs=LATE_SETTINGS,
        days=Days("neutrophils", 31, 100, seen_within=int(settings["seen_within_days"]), ends=(DIED, FOLLOW_UP_ENDED, NEXT_THERAPY, PROGRESSED),
                  last_value_ends=bool(settings["last_value_ends_follow_up"])),
        criteria=(
            Criterion("LATE1", 1, confirmed, "rejeski2023:grading table", Mark.VERIFIED, _NADIR, short="lowest ANC <= 1.5"),
            Criterion("LATE2", 2, nadir(1.0) & confirmed, "rejeski2023:grading table", Mark.VERIFIED, _NADIR, short="lowest ANC <= 1.0"),
            Criterion("LATE3", 3, nadir(0.5) & confirmed, "rejeski2023:grading table", Mark.VERIFIED, _NADIR, short="lowest ANC <= 0.5"),
            Criterion("LATE4", 4, nadir(0.1) & confirmed, "rejeski2023:grading table", Mark.VERIFIED, _NADIR, short="lowest ANC <= 0.1"),
            Criterion("NOT_LATE0", 0, ~confirmed, "rejeski2023:grading table", Mark.VERIFIED,
                      "No count at or below 1.5, or a single one among several that no second day confirms.", short="no confirmed ANC <= 1.5"),
        ),
        flags=(Flag("ended_before", EndedBefore(), "The observation ended before day 31: there is no late ICAHT to grade.", "liang2024:late ICAHT"),),
        notes=("G-CSF does not end the observation (from memory of the source).", "500 per microlitre is 0.5 x 10^9/L.",
               "Following late ICAHT beyond day 100 needs a rule for how close two counts must lie; none is encoded."),
    )


BUILDERS = {"icaht-early-2023": icaht_early, "icaht-late-2023": icaht_late}
