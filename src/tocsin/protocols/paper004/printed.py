"""Table 2 of the paper as it is printed (chinthapalli2023:table2), recommendation by recommendation, and the rules that say it."""

from __future__ import annotations

from tocsin.protocols.protocol import Printed

_IL6_2 = ("C2.8t", "C2.8ts")
_ORGANS = ("HEP", "REN", "GI", "SKIN", "PULM")


def _organs(grade: int) -> tuple[str, ...]:
    return tuple(f"O-{organ}{grade}" for organ in _ORGANS)


TABLE2 = (
    Printed("1", "Organ toxicity, fever", "Acetaminophen and a blanket to regulate body temperature when treating fever", ("C1.1",)),
    Printed("1", "Organ toxicity, fever", "If it's not contraindicated, ibuprofen can be taken as a second alternative for treating fever", ("C1.1b",),
            "the paper lists no contraindication"),
    Printed("1", "Organ toxicity, fever", "Perform chest imaging and urine and blood tests to check for infections", ("C1.2",)),
    Printed("1", "Organ toxicity, fever", "If neutropenic, empirical broad-spectrum antibiotics like filgrastim", ("C1.3a", "C1.3b"),
            "misprint: filgrastim is no antibiotic; two things are asked for"),
    Printed("1", "Organ toxicity, fever", "Symptomatic therapy of organ toxicity and constitutional symptoms; maintenance of IV fluids for hydration",
            ("C1.4", *_organs(1))),
    Printed("1", "Organ toxicity, fever", "Employ siltuximab 11 mg/kg IV or tocilizumab 8 mg/kg IV if the fever is prolonged (lasting for more than three "
            "days) and unresponsive", ("C1.5", "C1.5s")),
    Printed("2", "Hypotension", "A 500-1,000 ml bolus of normal saline intravenous fluid", ("C2.1",)),
    Printed("2", "Hypotension", "If the systolic blood pressure stays below 90 mmHg, a second IV fluid bolus may be administered", ("C2.2",)),
    Printed("2", "Hypotension", "Siltuximab 11 mg/kg IV or Tocilizumab 8 mg/kg IV is used in the management of hypotension that is resistant to fluid "
            "boluses; tocilizumab can be given after six hours if necessary", ("C2.3", "C2.3s"), "the label and ASCO ask for 8 h between doses"),
    Printed("2", "Hypotension", "Systolic blood pressure must remain above 90 mmHg", ("C2.4",)),
    Printed("2", "Hypotension", "Start using vasopressors, consider transferring to the intensive care unit (ICU), get echocardiography, and start various "
            "types of hemodynamic evaluation if hypotension remains despite two fluid boluses and anti-IL-6 medication", ("C2.5a", "C2.5b")),
    Printed("2", "Hypotension", "Dexamethasone 10 mg IV per six hours is an option", ("C2.6",)),
    Printed("2", "Hypoxia", "Additional oxygen", ("C2.7",)),
    Printed("2", "Hypoxia", "Corticosteroids, supportive treatment, and tocilizumab or siltuximab, as prescribed for the control of hypotension",
            ("C2.7t", "C2.7ts", "C2.7d"), "for hypotension corticosteroids are an option"),
    Printed("2", "Organ toxicity", "Symptomatic therapy of organ toxicities in accordance with accepted practices", ("C2.8", *_organs(2))),
    Printed("2", "Organ toxicity", "Corticosteroids and supportive treatment, as needed for hypotension; tocilizumab or siltuximab", (*_IL6_2, "C2.8d"),
            "for hypotension corticosteroids are an option"),
    Printed("3", "Hypotension", "As required, IV fluid boluses, as advised for grade 2 CRS", ("C2.1", "C2.2", "C3.1")),
    Printed("3", "Hypotension", "Vasopressors as required", ("C3.1", "C2.5a", "ICU5", "ICU6a", "ICU6b")),
    Printed("3", "Hypotension", "Tocilizumab and siltuximab, as advised for grade 2 CRS, if not already prescribed", ("C3.1t", "C3.1ts"),
            "one or the other: each is offered as the alternative to the other"),
    Printed("3", "Hypotension", "Transfer to ICU, do echocardiography, and evaluate the blood pressure as required for grade 2 CRS", ("ICU1", "C3.1")),
    Printed("3", "Hypotension", "Handle the fever and constitutional discomfort as suggested for grade 1 CRS; Dexamethasone 10 mg IV per 6 hours; if "
            "resistant, escalate to 20 mg IV per 6 hours", ("C1.1", "C1.4", "C3.2", "C3.2b")),
    Printed("3", "Hypoxia", "Tocilizumab or siltuximab combined with corticosteroids along with supportive treatment, as previously mentioned",
            ("C3.3t", "C3.3ts", "C3.2")),
    Printed("3", "Hypoxia", "High-flow and non-invasive oxygen supply", ("C3.3",)),
    Printed("3", "Organ toxicity", "Symptomatic therapy of organ toxicities in accordance with accepted practices", _organs(3)),
    Printed("3", "Organ toxicity", "The previously mentioned combination of tocilizumab or siltuximab with corticosteroids, along with supportive care",
            ("C3.4t", "C3.4ts", "C3.2")),
    Printed("4", "Hypotension", "As specified for the care of grade 3 CRS, IV fluids, anti-IL-6 medication, vasopressors, and hemodynamic evaluation",
            ("C3.1", "C4.1t", "C4.1ts")),
    Printed("4", "Hypotension", "1 g per day IV methylprednisolone", ("C4.1", "C4.1b", "C4.1c", "C4.1d", "C4.1e"), "no duration and no taper are printed"),
    Printed("4", "Hypotension", "Treat the fever and any constitutional manifestations as you would grade 1 CRS", ("C1.1", "C1.4")),
    Printed("4", "Hypoxia", "Mechanical ventilating", ("C4.2",)),
    Printed("4", "Hypoxia", "The previously mentioned combination of tocilizumab or siltuximab with corticosteroids, along with supportive treatment",
            ("C4.1t", "C4.1ts", "C4.1")),
    Printed("4", "Organ toxicity", "Symptomatic therapy of organ toxicities in accordance with accepted practices", _organs(4)),
    Printed("4", "Organ toxicity", "The previously mentioned combination of tocilizumab or siltuximab with corticosteroids, along with supportive therapy",
            ("C4.1t", "C4.1ts", "C4.1")),
)
