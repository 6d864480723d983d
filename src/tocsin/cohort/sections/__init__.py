"""The sections of a cohort's report: one file each, each a function of the cohort alone."""
