"""Sources: what reads a hospital's or a trial's files into a timeline, and writes them, one format a module.

csv     CSV files and Excel workbooks, long or wide; tables under a mapping
clif    CLIF 2.1 and 3.0           omop    OMOP CDM 5.3 and 5.4: files, DuckDB, PostgreSQL
fhir    FHIR R4                    meds    MEDS
sdtm    SDTM                       redcap  REDCap exports

A coded format has an ``export`` (its files to entries, ``entries.py``); ``coded.timeline`` makes the record of any export.
``doors`` recognises formats, ``shards`` cuts what is larger than memory, ``batch`` grades it, ``arrow`` grades Arrow batches.
"""
