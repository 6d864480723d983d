"""T-ICAHT: grade of thrombocytopenia after CAR-T cells by its depth and duration, early (days 0 to 30) and late (31 to 100), as data.

Source: ticaht2025, table 1 with its footnotes.  Days are counted in all, not as the longest run.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Predicate, Setting, settled
from tocsin.scales.days import Days, DaysLow, EndedBefore, ValuesLow
from tocsin.scales.icaht import DIED, FOLLOW_UP_ENDED, LAST_VALUE_ENDS, NEXT_THERAPY, PROGRESSED
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.timeline import ATTRIBUTIONS

BRIDGE = Setting("bridge_days", 7, "days", "up to so many days without a value are filled by a straight line, as for ICAHT",
                 "tocsin:platelet days", Mark.DECISION, maximum=30)
JOINED = Setting("joined_days", 2, "days", "the days of a recovery shorter than 3 days count into the total", "ticaht2025:footnote",
                 Mark.VERIFIED, maximum=30)
TWO_TESTS = Setting("late_needs_two_tests", True, "", "a late grade needs platelets below 100 on two measured days (one, where only one was "
                    "measured)", "ticaht2025:footnote", Mark.DECISION)
EARLY_SETTINGS = (BRIDGE, JOINED, LAST_VALUE_ENDS)
LATE_SETTINGS = (BRIDGE, JOINED, TWO_TESTS, LAST_VALUE_ENDS)

UNIT = "10^9/L"
ENDS = (DIED, FOLLOW_UP_ENDED, NEXT_THERAPY, PROGRESSED)
_TOTAL = "Days in all, with those of a recovery shorter than 3 days between them. How days between two counts are filled is not printed; it is " \
         "taken over from ICAHT. Transfused platelets count as measured."
_LATE = _TOTAL + " \"Two or more laboratory tests\" is read as for late ICAHT: two measured days below 100, the worse one grades."


def ticaht_early(**given: object) -> Scale:
    """Early T-ICAHT, days 0 to 30; SettingError for a setting that does not exist."""
    settings = settled(EARLY_SETTINGS, given)

    def low(limit: float, number: int) -> DaysLow:
        return DaysLow("platelets", limit, UNIT, below=True, number=number, run=False, joined=int(settings["joined_days"]))

    return Scale(
        id="ticaht-early", version="2025", title="Early T-ICAHT (thrombocytopenia, days 0 to 30), 2025", syndrome="T-ICAHT",
        cites=("ticaht2025:table 1",), counts=ATTRIBUTIONS, settings=settings, setting_docs=EARLY_SETTINGS,
        days=Days("platelets", 0, 30, bridge=int(settings["bridge_days"]), ends=ENDS, last_value_ends=bool(settings["last_value_ends_follow_up"])),
        criteria=(
            Criterion("BELOW50_1", 1, low(50.0, 1), "ticaht2025:table 1", Mark.VERIFIED, _TOTAL, short="platelets < 50 x10^9/L on at least 1 day"),
            Criterion("BELOW50_2", 2, low(50.0, 7), "ticaht2025:table 1", Mark.VERIFIED, _TOTAL, short="platelets < 50 x10^9/L on at least 7 days"),
            Criterion("BELOW20_3", 3, low(20.0, 1), "ticaht2025:table 1", Mark.VERIFIED, _TOTAL, short="platelets < 20 x10^9/L on at least 1 day"),
            Criterion("BELOW20_4", 4, low(20.0, 14), "ticaht2025:table 1", Mark.VERIFIED, _TOTAL, short="platelets < 20 x10^9/L on at least 14 days"),
            Criterion("NO_LOW0", 0, ~low(50.0, 1), "ticaht2025:table 1", Mark.VERIFIED, "No day below 50.", short="no day with platelets < 50"),
        ),
        notes=("Progression, the next line of treatment and death end the observation.",),
    )


def ticaht_late(**given: object) -> Scale:
    """Late T-ICAHT, days 31 to 100; SettingError for a setting that does not exist."""
    settings = settled(LATE_SETTINGS, given)

    def low(limit: float, number: int) -> Predicate:
        days = DaysLow("platelets", limit, UNIT, below=True, number=number, run=False, joined=int(settings["joined_days"]))
        return days & ValuesLow("platelets", 100.0, UNIT, below=True, number=2) if settings["late_needs_two_tests"] else days

    return Scale(
        id="ticaht-late", version="2025", title="Late T-ICAHT (thrombocytopenia, days 31 to 100), 2025", syndrome="T-ICAHT",
        cites=("ticaht2025:table 1",), counts=ATTRIBUTIONS, settings=settings, setting_docs=LATE_SETTINGS,
        days=Days("platelets", 31, 100, bridge=int(settings["bridge_days"]), ends=ENDS, last_value_ends=bool(settings["last_value_ends_follow_up"])),
        criteria=(
            Criterion("BELOW100_1", 1, low(100.0, 1), "ticaht2025:table 1", Mark.VERIFIED, _LATE, short="platelets < 100 x10^9/L on at least 1 day"),
            Criterion("BELOW50_2", 2, low(50.0, 1), "ticaht2025:table 1", Mark.VERIFIED, _LATE, short="platelets < 50 x10^9/L on at least 1 day"),
            Criterion("BELOW20_3", 3, low(20.0, 1), "ticaht2025:table 1", Mark.VERIFIED, _LATE, short="platelets < 20 x10^9/L on at least 1 day"),
            Criterion("BELOW20_4", 4, low(20.0, 14), "ticaht2025:table 1", Mark.VERIFIED, _LATE, short="platelets < 20 x10^9/L on at least 14 days"),
            Criterion("NO_LOW0", 0, ~low(100.0, 1), "ticaht2025:table 1", Mark.VERIFIED, "No confirmed day below 100.",
                      short="no confirmed day with platelets < 100"),
        ),
        flags=(Flag("ended_before", EndedBefore(), "The observation ended before day 31: there is no late T-ICAHT to grade.",
                    "ticaht2025:table 1"),),
        notes=("Progression, the next line of treatment and death end the observation.",),
    )


BUILDERS = {"ticaht-early": ticaht_early, "ticaht-late": ticaht_late}
