"""When an episode of CRS has resolved: the computable form of "fever, hypotension and hypoxia all gone"."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.rules import Doses, Predicate, Setting
from tocsin.scales.scale import EpisodeRule
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

QUIET_SETTINGS = (
    Setting("quiet_hours", 24.0, "h", "the episode has resolved from the first moment followed by this long without fever, vasopressor, "
            "fluid bolus or oxygen, and without a drug that hides fever", "tocsin:resolution", Mark.DECISION, minimum=1, maximum=240),
    Setting("quiet_hours_suppressed", 48.0, "h", "the same while a drug that hides fever is given", "tocsin:resolution", Mark.DECISION,
            minimum=1, maximum=480),
    Setting("lapse_hours", 12.0, "h", "a gap in charting no longer than this does not break the quiet", "tocsin:resolution", Mark.DECISION,
            maximum=72),
    Setting("new_episode_hours", 24.0, "h", "a new episode needs this long at grade 0", "tocsin:episode", Mark.DECISION, maximum=240),
)
"""The settings of every scale that uses ``quiet_rule``."""

SHOWN_BY = ("fever", "hypotension", "hypoxia", "oxygen_device", "vasopressor", *VASOPRESSORS, *VASOPRESSIN_LIKE)
"""What shows that CRS goes on where the record itself puts it down to CRS."""


def quiet_rule(onset: Predicate, active: Predicate, suppressing: Doses, settings: Mapping[str, float | bool]) -> EpisodeRule:
    """The rule from the settings of a scale."""
    return EpisodeRule(
        onset=onset, active=active, suppressing=suppressing, quiet_hours=float(settings["quiet_hours"]),
        quiet_hours_suppressed=float(settings["quiet_hours_suppressed"]), lapse_hours=float(settings["lapse_hours"]),
        new_episode_hours=float(settings["new_episode_hours"]), shown_by=SHOWN_BY,
    )
