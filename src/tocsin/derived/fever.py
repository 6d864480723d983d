"""Fever, and fever that treatment may hide."""

from __future__ import annotations

from tocsin.rules import Doses, Either, Masked, Measure, Named, present
from tocsin.vocabulary.groups import ANTICYTOKINE, ANTIPYRETICS, CORTICOSTEROIDS

FEVER = Named(
    "fever", Either(Measure("temperature", "degC").at_least(38.0), present("fever", ask=False)),
    says="body temperature >= 38.0 degC, or fever asserted", cites="astct_table:fever", mark="V",
    reading="The raw value is compared: 37.96 degC is not fever. A report that asserts fever without a number is believed.",
)
"""Fever of 38.0 degC or more that is not put down to another cause."""

SUPPRESSING_DRUGS = Doses(
    (*ANTIPYRETICS, *ANTICYTOKINE, *CORTICOSTEROIDS), "antipyretic",
    "an antipyretic, an anticytokine drug or a corticosteroid", hours=24.0,
)
"""Drugs that lower the temperature: antipyretics, anticytokine therapy, corticosteroids."""

FEVER_MASKED = Named(
    "fever_masked",
    Masked(FEVER, SUPPRESSING_DRUGS, says="fever came first and an antipyretic, anticytokine drug or corticosteroid followed, so "
           "fever is no longer required"),
    says="fever came first and an antipyretic, anticytokine drug or corticosteroid followed, so fever is no longer required",
    cites="astct_table:footnote", mark="V",
    reading="The source sets no end: masking lasts from the first such dose after the onset until the episode resolves. A dose "
            "before any fever does not count. Where charting stops it is unknown once the episode may have resolved.",
)
"""CRS was established by fever and a drug that hides fever was then given."""

FEVER_OR_MASKED = Named(
    "fever_or_masked", FEVER | FEVER_MASKED, says="fever (or fever hidden by treatment after the onset)", cites="astct_table:fever",
    mark="V",
)
"""What every ASTCT grade requires."""
