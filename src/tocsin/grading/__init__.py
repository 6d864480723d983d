"""A scale applied to a timeline: grades over time with reasons, episodes, durations."""
