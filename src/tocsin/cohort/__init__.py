"""A cohort of patients: the statistics and tables of a clinical paper, each naming its test, its choices and its warnings."""
