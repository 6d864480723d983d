"""The two-tier rule of Hay 2017 for severe CRS: early high fever, then the chemokine MCP-1, as data.

Source: hay2017, of which the abstract was read (it tells that there is a classification tree); the limits are from memory of it.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Measure, Setting, Within, settled
from tocsin.scales.scale import Band, Criterion, Scale
from tocsin.timeline import ATTRIBUTIONS

HOURS = 36.0
SETTINGS = (
    Setting("mcp1_hours", HOURS, "h", "MCP-1 counts when it is measured within so many hours after the infusion", "tocsin:hay mcp1", Mark.DECISION,
            minimum=1, maximum=168),
)

_TREE = "hay2017:classification tree"


def hay_crs(**given: object) -> Scale:
    """The two-tier rule of Hay 2017; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    fever = Within(Measure("temperature", "degC").at_least(38.9), 0.0, HOURS)
    mcp1 = Within(Measure("mcp1", "pg/mL").at_least(1343.5), 0.0, float(settings["mcp1_hours"]))
    return Scale(
        id="hay-crs-2017", version="2017", title="Two-tier rule for severe CRS, Hay 2017", syndrome="CRS risk", unit="tier",
        cites=(_TREE,), counts=ATTRIBUTIONS, settings=settings, setting_docs=SETTINGS,
        criteria=(
            Criterion("FEVER1", 1, fever, _TREE, Mark.MEMORY,
                      "The first step, from memory of the source. Until 36 h have passed without such a fever it is open. Fever of any cause "
                      "counts: at that time the cause is rarely known.", short="38.9 degC or more within 36 h"),
            Criterion("MCP2", 2, fever & mcp1, _TREE, Mark.MEMORY,
                      "The second step, from memory of the source: MCP-1 is measured where the first step is positive. When it must be measured is "
                      "a setting; by default within the same 36 h.", short="and MCP-1 of 1343.5 pg/mL or more"),
            Criterion("NO_FEVER0", 0, ~fever, _TREE, Mark.MEMORY, "No temperature of 38.9 degC or more within the first 36 h.",
                      short="below 38.9 degC for 36 h"),
        ),
        bands=(
            Band("severe CRS not predicted", 0, _TREE, Mark.MEMORY, "no early high fever"),
            Band("measure MCP-1", 1, _TREE, Mark.MEMORY, "early high fever; MCP-1 decides"),
            Band("severe CRS predicted", 2, _TREE, Mark.MEMORY, "CRS of grade 4 or more is predicted"),
        ),
        notes=("Derived in 133 adults given CD19 CAR-T cells; sensitivity 100%, specificity 95% for CRS of grade 4 or more in that cohort "
               "(from memory of the source). It was not made for other products or for children.",),
    )


BUILDERS = {"hay-crs-2017": hay_crs}
