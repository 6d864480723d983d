"""The record: events, patients, which domains are complete, and what the source did with each row."""

from tocsin.timeline.blocks import blocks
from tocsin.timeline.completeness import ASSUMPTIONS, CLOSABLE, UNSTATED_SUPPORT_ABSENT, Completeness, together_named, what_is_complete
from tocsin.timeline.reading import IRRELEVANT, FileCount, Level, Note, Reading, sha256_of
from tocsin.timeline.schema import ATTRIBUTIONS, EVENTS, HOURS_A_DAY, PATIENTS, is_patient_fact, patient_schema
from tocsin.timeline.timeline import Timeline

__all__ = [
    "ASSUMPTIONS", "ATTRIBUTIONS", "CLOSABLE", "EVENTS", "HOURS_A_DAY", "IRRELEVANT", "PATIENTS", "UNSTATED_SUPPORT_ABSENT", "Completeness",
    "FileCount", "Level", "Note", "Reading", "Timeline", "blocks", "is_patient_fact", "patient_schema", "sha256_of", "together_named",
    "what_is_complete",
]
