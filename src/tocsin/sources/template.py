"""A blank input file that explains itself: every line below the header is a comment, so it reads without an error."""

from __future__ import annotations

_LONG = """\
# Tocsin input, long form: one row for each thing that the record says.  Lines beginning with # are not read.
# Remove the # of an example, or write your own rows below.  Leave a cell empty when the record does not tell.
#
# patient      who; may be left out when the file is about one patient
# day          day since the CAR-T infusion: 0 is its day, -5 before it, 0.5 is hour 12, 10-17 is some time in these days
# hour         hours since the infusion, instead of day;  or a column time with the wall clock (2019-09-25 17:10) instead of both,
#              with the time of infusion in a row as in the first example, or with --infusion-time
# end_day      when it ended (also end_hour, end_time); empty when open or an instant
# concept      what: see `tocsin concepts`; other spellings and any case are understood (Temp, IL-6, WBC)
# value, unit  a number with its unit; >5000 and <0.24 are limits; unknown says that it is not known
# text         words: a device, present, absent, unknown, or how a dose was given (q12h)
# attribution  to what it is put down: crs, local_crs, icans, hlh, infection, drug, procedure, baseline, other, unknown
# site         where, for local findings
# note         anything; it is kept and never read by a rule
patient,day,end_day,concept,value,unit,text,attribution,site,note
# --- facts about the patient: a row without a day ---
#P1,,,infusion_time,2019-09-25 10:00,,,,,
#P1,,,age,61,years,,,,
#P1,,,sex,female,,,,,
#P1,,,weight,58,kg,,,,
#P1,,,diagnosis,B-ALL,,,,,
# the laboratory's limits of normal (uln_, lln_) and values before treatment (baseline_) of any measurement
#P1,,,uln_ast,35,U/L,,,,
#P1,,,lln_platelets,140,10^9/L,,,,
#P1,,,baseline_creatinine,70,umol/L,,,,
# --- a measurement: a number at a time ---
#P1,0,,car_t_infusion,1.2,10^6 cells/kg,,,,
#P1,6,,temperature,39.0,degC,,,,
#P1,6,,IL-6,>5000,pg/mL,,,,above the limit of the test
# --- a state: one of a list of values ---
#P1,6,,oxygen_device,,,nasal_cannula,,,
#P1,6,,oxygen_flow,2,L/min,,,,
# --- a finding: present, absent or unknown ---
#P1,6,,hypotension,,,present,crs,,
#P1,8,,neck_swelling,,,present,local_crs,neck,
# --- an infusion: a drug that runs from day to end_day ---
#P1,7,8,norepinephrine,0.1,ug/kg/min,,,,
#P1,7,,vasopressin,,,absent,,,
# --- a dose ---
#P1,7,,tocilizumab,8,mg/kg,once,,,
# --- a statement: what the authors or the ward reported ---
#P1,6,,reported_crs_grade,2,grade,ASTCT,,,
"""

_WIDE = """\
# Tocsin input, wide form: one row for each time, one column for each concept.  Lines beginning with # are not read.
# Add or remove columns: `tocsin concepts` lists them; write the unit in the header, in brackets.
# An empty cell means "not told", never "normal".  present, absent and unknown are understood; >5000 and <0.24 are limits.
# Instead of day: hour (since the infusion), or time (wall clock) with a column infusion_time.
patient,day,age,sex,weight [kg],temperature [degC],systolic_bp [mmHg],heart_rate,spo2 [%],oxygen_device,oxygen_flow [L/min],\
norepinephrine [ug/kg/min],hypotension,IL-6 [pg/mL],CRP [mg/L],ferritin [ng/mL],ICE
#P1,6,61,female,58,39.0,88,118,93,nasal_cannula,2,,present,>5000,120,1500,10
#P1,6.5,61,female,58,38.4,96,110,96,nasal_cannula,2,0.05,,,,,
"""


def template(wide: bool = False) -> str:
    """The text of a blank, commented input file, long or wide, with an example of each kind commented out."""
    return _WIDE if wide else _LONG
