"""A scale applied to a timeline: grades over time with reasons, episodes, durations, comparison, and what would settle a grade."""

from tocsin.grading.compare import Comparison, compare
from tocsin.grading.contradictions import contradictions
from tocsin.grading.episodes import episodes
from tocsin.grading.grade import grade
from tocsin.grading.many import grade_many
from tocsin.grading.result import Grades
from tocsin.grading.value import ask, value_of_information

__all__ = ["Comparison", "Grades", "ask", "compare", "contradictions", "episodes", "grade", "grade_many", "value_of_information"]
