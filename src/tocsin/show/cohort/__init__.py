"""The report of a cohort, drawn and written."""
