"""A scale applied to a timeline: grades over time with reasons, episodes, durations."""

from tocsin.grading.contradictions import contradictions
from tocsin.grading.episodes import episodes
from tocsin.grading.grade import grade, grade_many
from tocsin.grading.result import Grades

__all__ = ["Grades", "contradictions", "episodes", "grade", "grade_many"]
