"""The phase of CRS-related coagulopathy: 1 hypercoagulable, 2 consumptive and hypocoagulable, 3 hyperfibrinolytic, as data.

Source: the three phases are named in chinthapalli2023, after jiang2019.  No limits are published: those here are our decision.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.normal_limits import Beyond, normal_settings
from tocsin.rules import Either, Measure, Named, Or, Setting, settled
from tocsin.scales.scale import Criterion, Scale

SETTINGS = (
    Setting("platelets_fall_percent", 30.0, "%", "a fall of the platelet count within 24 h by so much, or more, shows consumption", "tocsin:coagulation",
            Mark.DECISION, minimum=1, maximum=99),
    Setting("fibrinolysis_times_uln", 10.0, "x ULN", "D-dimer or fibrin degradation products above so many times their upper limit of normal show "
            "hyperfibrinolysis", "tocsin:coagulation", Mark.DECISION, minimum=1, maximum=1000),
    Setting("fibrinolysis_fibrinogen", 150.0, "mg/dL", "fibrinogen below this, and falling, goes with hyperfibrinolysis", "tocsin:coagulation",
            Mark.DECISION, minimum=10, maximum=400),
    *normal_settings("uln_d_dimer", "uln_d_dimer_ddu", "uln_fdp", "uln_pt", "uln_aptt", "lln_fibrinogen"),
)
_READING = "The source names the phase and gives no limits; these are ours, as settings."


def crs_coagulopathy(**given: object) -> Scale:
    """The phases with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    d_dimer, ddu, pt, aptt = (Beyond(c, high=True).predicate(settings) for c in ("d_dimer", "d_dimer_ddu", "pt", "aptt"))
    low = Beyond("fibrinogen", high=False).predicate(settings)
    times = float(settings["fibrinolysis_times_uln"])
    lysis = Either(*(Beyond(c, high=True, factor=times).predicate(settings) for c in ("d_dimer", "d_dimer_ddu", "fdp")))
    falling = Measure("fibrinogen_fall", "%").above(0.0)
    clotting = Either(d_dimer, ddu) & ~low & ~pt & ~aptt
    consumed = (Measure("platelets_fall", "%").at_least(float(settings["platelets_fall_percent"])) | low) & (pt | aptt)
    dissolved = lysis & Measure("fibrinogen", "mg/dL").below(float(settings["fibrinolysis_fibrinogen"])) & falling
    any_phase = Named("any_phase", Or((clotting, consumed, dissolved)), says="any of the three phases", cites="tocsin:coagulation", mark="D")
    return Scale(
        id="crs-coagulopathy-phase-2023", version="2023", title="Phase of CRS-related coagulopathy", syndrome="coagulopathy", unit="phase",
        cites=("chinthapalli2023:coagulopathy", "jiang2019:phases"), counts=("crs", "hlh", "unknown"), settings=settings, setting_docs=SETTINGS,
        criteria=(
            Criterion("CLOTTING1", 1, clotting, "chinthapalli2023:coagulopathy", Mark.DECISION,
                      f"Hypercoagulable: D-dimer raised while fibrinogen is not low and clotting times are not prolonged. {_READING}",
                      short="hypercoagulable phase"),
            Criterion("CONSUMPTION2", 2, consumed, "chinthapalli2023:coagulopathy", Mark.DECISION,
                      f"Consumptive, hypocoagulable: platelets falling or fibrinogen low, with a prolonged clotting time. {_READING}",
                      short="consumptive phase"),
            Criterion("LYSIS3", 3, dissolved, "chinthapalli2023:coagulopathy", Mark.DECISION,
                      f"Hyperfibrinolysis: D-dimer or fibrin degradation products very high, fibrinogen low and falling (below the highest of the "
                      f"last 48 h). {_READING}", short="hyperfibrinolysis"),
            Criterion("NONE0", 0, ~any_phase, "chinthapalli2023:coagulopathy", Mark.DECISION,
                      f"None of the three phases. {_READING}", short="none of the phases"),
        ),
        notes=("A phase is not a grade: 3 is later, and not everybody passes through all. The source sees coagulopathy within a month of the cells.",
               "Fibrin degradation products are read for phase 3 alone."),
    )


BUILDERS = {"crs-coagulopathy-phase-2023": crs_coagulopathy}
