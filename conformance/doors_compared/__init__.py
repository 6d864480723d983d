"""The same patients read through CLIF, MEDS, OMOP and FHIR, compared value by value and hour by hour."""
