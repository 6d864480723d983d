"""What the diagram of the model shows, as data: boxes with the quantities that each stands for, and arrows with what each says.

A test holds every arrow against the equations: that its source stands in the rate of its target, directly or through assigned quantities, and acts in
the direction drawn; that every state and every drug is drawn; and that every influence in the equations is drawn or stands in LEFT_OUT with a reason.
Places are millimetres from the top left corner of a sheet 180 mm wide.
"""

from __future__ import annotations

from dataclasses import dataclass

RAISES, LOWERS, MOVES = "raises", "lowers", "moves"

IFN, IL1, MACROPHAGE, CLASSIC, TRANS, IL6 = "#aa3377", "#997700", "#228833", "#4477aa", "#cc3311", "#555555"
"""The lines of the mediators that act on several organs."""
INK = "#333333"


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its words, its middle and size, and the quantities of the model that it stands for.  ``observed``: a ward or a laboratory measures it."""

    id: str
    words: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float
    quantities: tuple[str, ...]
    observed: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow through ``points``.  RAISES and MOVES end in a head, LOWERS in a bar; ``both``: MOVES in both directions."""

    source: str
    target: str
    effect: str
    points: tuple[tuple[float, float], ...]
    colour: str = INK
    label: str = ""
    label_at: tuple[float, float] = (0.0, 0.0)
    both: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """Drugs that act on one box alike: a small box at ``x``, ``y`` (its left top corner) and a line from there through ``points``."""

    drugs: tuple[str, ...]
    target: str
    effect: str
    x: float
    y: float
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug: its name in the diagram, where the model follows it, and its states."""

    name: str
    where: str
    quantities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What is given straight into a box that is no drug: its words, the box, its name in the model, and where it stands."""

    words: str
    target: str
    drug: str
    x: float
    y: float
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A place in the body."""

    title: str
    x: float
    y: float
    width: float
    height: float
    colour: str
    title_at: tuple[float, float] = (2.0, 3.4)


WIDTH, HEIGHT = 180.0, 229.0

REGIONS = (
    Region("Blood and body", 1.5, 66.0, 119.5, 127.5, "#f7efec", (2.0, 124.0)),
    Region("Marrow and lymphoid tissue", 1.5, 2.0, 57.5, 62.0, "#f6f1e2"),
    Region("Blood", 61.0, 2.0, 60.0, 62.0, "#f7efec"),
    Region("Local site of disease", 123.0, 2.0, 55.5, 129.0, "#eaf1ea"),
    Region("Cerebrospinal fluid and brain", 123.0, 133.0, 55.5, 38.7, "#e9eef6"),
    Region("Lung", 123.0, 173.5, 55.5, 20.0, "#f1eef6"),
)

BOXES = (
    # cells
    Box("negative", ("Tumour without", "antigen"), 14.0, 18.0, 22.0, 9.0, ("tumour_negative",)),
    Box("tumour", ("Tumour with", "antigen"), 14.0, 44.0, 22.0, 12.0, ("tumour_marrow_positive",)),
    Box("car_marrow", ("CAR-T", "effector", "cells"), 46.5, 44.0, 18.0, 34.0, ("car_marrow",)),
    Box("infused", ("Infused CAR-T cells",), 91.0, 14.5, 36.0, 7.0, ("car_infused",)),
    Box("primed", ("Homed CAR-T cells,", "not yet dividing"), 91.0, 28.5, 36.0, 9.0, ("car_primed",)),
    Box("car_blood", ("CAR-T effector cells", "in blood"), 91.0, 43.5, 36.0, 9.0, ("car_blood", "car_blood_per_ul"), True),
    Box("memory", ("CAR-T memory cells",), 91.0, 57.0, 36.0, 7.0, ("car_memory",)),
    Box("car_local", ("CAR-T", "effector", "cells"), 136.0, 44.0, 18.0, 34.0, ("car_local",)),
    Box("tumour_local", ("Tumour",), 167.5, 44.0, 18.0, 12.0, ("tumour_local_positive",)),
    # cytokines
    Box("ifn", ("Interferon-γ",), 46.5, 76.0, 24.0, 8.0, ("ifn_gamma", "ifn_fever"), True),
    Box("macrophages", ("Active", "macrophages"), 47.5, 96.0, 26.0, 11.0, ("macrophage_systemic", "macrophage_competence")),
    Box("il1", ("IL-1",), 18.0, 96.0, 14.0, 8.0, ("il1", "il1_signal")),
    Box("il10", ("IL-10",), 21.0, 113.0, 14.0, 8.0, ("il10",), True),
    Box("il6", ("IL-6",), 47.5, 119.0, 24.0, 10.0, ("il6_blood",), True),
    Box("trans", ("Trans signal: soluble", "receptor, gp130"), 90.5, 91.0, 28.0, 9.0, ("trans_signal",)),
    Box("sil6r", ("Soluble IL-6", "receptor"), 92.5, 107.0, 22.0, 9.0, ("sil6r",), True),
    Box("classic", ("Classic signal:", "membrane receptor"), 92.5, 127.0, 26.0, 9.0, ("classic_signal", "fever_signal", "il6_fever")),
    # the local site
    Box("ifn_local", ("Interferon-γ",), 140.5, 76.0, 20.0, 8.0, ("ifn_gamma_local",)),
    Box("macrophages_local", ("Active", "macrophages"), 140.5, 96.0, 20.0, 11.0, ("macrophage_local",)),
    Box("il6_local", ("IL-6",), 137.5, 119.0, 21.0, 10.0, ("il6_local",)),
    Box("trans_local", ("Trans", "signal"), 169.0, 108.0, 14.0, 9.0, ("trans_signal_local",)),
    Box("oedema", ("Local", "oedema"), 167.5, 80.0, 18.0, 10.0, ("local_oedema",), True),
    # organs
    Box("ldh", ("LDH",), 11.0, 157.5, 15.0, 9.0, ("ldh",), True),
    Box("ferritin", ("Ferritin",), 29.5, 157.5, 15.0, 9.0, ("ferritin",), True),
    Box("crp", ("CRP",), 48.0, 157.5, 15.0, 9.0, ("crp",), True),
    Box("fever", ("Set point of", "temperature"), 67.5, 157.5, 19.0, 9.0, ("fever_drive",)),
    Box("vessels", ("Vaso-", "dilation"), 88.0, 157.5, 16.0, 9.0, ("vasodilation",)),
    Box("endothelium", ("Endothelium", "active, leaking"), 108.5, 157.5, 20.5, 9.0, ("endothelium",)),
    Box("temperature", ("Temperature",), 66.5, 186.0, 21.0, 8.0, ("temperature_c",), True),
    Box("pressure", ("Mean arterial", "pressure"), 89.5, 186.0, 19.0, 9.0, ("map_mmhg",), True),
    Box("plasma", ("Plasma", "volume"), 111.5, 186.0, 14.0, 8.0, ("plasma_volume",)),
    Box("lung", ("Lung water",), 138.0, 186.0, 18.0, 8.0, ("lung_water",)),
    Box("oxygen", ("PaO₂/FiO₂",), 167.0, 186.0, 18.0, 8.0, ("pf_ratio",), True),
    # cerebrospinal fluid
    Box("il6_csf", ("IL-6",), 135.0, 146.0, 14.0, 8.0, ("il6_csf",), True),
    Box("csf_signal", ("IL-6", "signal"), 168.0, 146.0, 15.0, 9.0, ("trans_signal_csf",)),
    Box("barrier", ("Blood-brain", "barrier open"), 137.0, 161.0, 20.0, 9.0, ("blood_brain_barrier",)),
    Box("ice", ("Neurotoxicity", "(ICE score)"), 167.0, 161.0, 20.0, 9.0, ("ice_drive",), True),
)

DRUGS = {
    "tocilizumab": Drug("tocilizumab", "in blood; it reaches the local site in part, and the brain hardly", ("tocilizumab",)),
    "siltuximab": Drug("siltuximab", "in blood and tissue; it binds IL-6 itself", ("siltuximab", "siltuximab_tissue")),
    "anakinra": Drug("anakinra", "under the skin, then in blood", ("anakinra_depot", "anakinra")),
    "steroid": Drug("steroid", "methylprednisolone and dexamethasone in the body, at their site of effect, and in cerebrospinal fluid",
                    ("methylprednisolone", "dexamethasone", "steroid_effect", "dexamethasone_csf")),
    "ruxolitinib": Drug("ruxolitinib", "in the gut, then in the body", ("ruxolitinib_gut", "ruxolitinib")),
    "msc": Drug("MSC", "mesenchymal stromal cells: the living cells, and the effect that outlasts them", ("msc", "msc_effect")),
    "etoposide": Drug("etoposide", "in the body", ("etoposide",)),
    "acetaminophen": Drug("acetaminophen", "in the body (paracetamol)", ("acetaminophen",)),
}
"""Each drug: its name in the diagram, where the model follows it, and its states."""
GIVEN = (
    Given("CAR-T infusion", "infused", "car_t_infusion", 82.8, 5.2, ((91.0, 8.6), (91.0, 11.0))),
    Given("fluid bolus", "plasma", "fluid_bolus", 97.8, 176.6, ((108.0, 180.0), (108.0, 182.0))),
)

ARROWS = (
    # cells
    Arrow("infused", "primed", MOVES, ((91.0, 18.0), (91.0, 24.0))),
    Arrow("primed", "car_marrow", MOVES, ((73.0, 29.5), (55.5, 29.5)), label="engraft", label_at=(64.2, 27.6)),
    Arrow("primed", "car_local", MOVES, ((109.0, 29.5), (127.0, 29.5))),
    Arrow("car_blood", "car_marrow", MOVES, ((73.0, 43.5), (55.5, 43.5)), label="migrate", label_at=(64.2, 41.6), both=True),
    Arrow("car_blood", "car_local", MOVES, ((109.0, 43.5), (127.0, 43.5)), both=True),
    Arrow("car_marrow", "memory", MOVES, ((55.5, 55.8), (73.0, 55.8)), label="to memory", label_at=(62.7, 53.8)),
    Arrow("memory", "car_marrow", MOVES, ((73.0, 59.0), (55.5, 59.0)), label="recalled", label_at=(62.7, 61.2)),
    Arrow("car_blood", "memory", MOVES, ((91.0, 48.0), (91.0, 53.5))),
    Arrow("car_local", "memory", MOVES, ((127.0, 57.0), (109.0, 57.0))),
    Arrow("tumour", "car_marrow", RAISES, ((25.0, 41.5), (37.5, 41.5)), label="antigen", label_at=(31.0, 39.6)),
    Arrow("car_marrow", "tumour", LOWERS, ((37.5, 46.5), (25.0, 46.5)), label="kill", label_at=(31.2, 48.6)),
    Arrow("tumour_local", "car_local", RAISES, ((158.5, 41.5), (145.0, 41.5)), label="antigen", label_at=(151.8, 39.6)),
    Arrow("car_local", "tumour_local", LOWERS, ((145.0, 46.5), (158.5, 46.5)), label="kill", label_at=(151.6, 48.6)),
    # from cells to cytokines
    Arrow("car_marrow", "ifn", RAISES, ((46.5, 61.0), (46.5, 72.0))),
    Arrow("infused", "ifn", RAISES, ((73.0, 14.5), (69.4, 14.5), (69.4, 74.4), (58.5, 74.4)), label="early", label_at=(64.4, 72.9)),
    Arrow("car_local", "ifn_local", RAISES, ((140.5, 61.0), (140.5, 72.0))),
    Arrow("car_local", "il6_local", RAISES, ((128.7, 61.0), (128.7, 114.0))),
    Arrow("car_local", "oedema", RAISES, ((144.0, 61.0), (161.0, 75.0))),
    Arrow("tumour", "macrophages", RAISES, ((21.0, 50.0), (37.5, 90.5)), label="dying cells", label_at=(22.4, 76.0)),
    Arrow("tumour", "ldh", RAISES, ((5.6, 50.0), (5.6, 153.0))),
    Arrow("tumour_local", "macrophages_local", RAISES, ((163.5, 50.0), (150.0, 90.5)), label="dying cells", label_at=(166.6, 62.5)),
    # cytokines in the body
    Arrow("ifn", "macrophages", RAISES, ((46.5, 80.0), (46.5, 90.5))),
    Arrow("ifn_local", "ifn", MOVES, ((130.5, 77.6), (58.5, 77.6)), both=True),
    Arrow("macrophages", "il1", RAISES, ((34.5, 97.8), (25.0, 97.8))),
    Arrow("il1", "macrophages", RAISES, ((25.0, 94.2), (34.5, 94.2))),
    Arrow("macrophages", "il10", RAISES, ((36.0, 101.5), (28.0, 110.5))),
    Arrow("il10", "macrophages", LOWERS, ((28.0, 114.5), (40.0, 101.5))),
    Arrow("macrophages", "il6", RAISES, ((47.5, 101.5), (47.5, 114.0))),
    Arrow("il6", "trans", RAISES, ((59.5, 115.5), (81.5, 95.5))),
    Arrow("sil6r", "trans", RAISES, ((93.5, 102.5), (93.5, 95.5))),
    Arrow("il6", "classic", RAISES, ((59.5, 122.5), (79.5, 126.0))),
    Arrow("trans", "macrophages", RAISES, ((76.5, 94.0), (60.5, 98.0))),
    Arrow("il6_local", "il6", MOVES, ((127.0, 118.0), (59.5, 118.0)), both=True),
    # the local site
    Arrow("ifn_local", "macrophages_local", RAISES, ((140.5, 80.0), (140.5, 90.5))),
    Arrow("macrophages_local", "il6_local", RAISES, ((139.5, 101.5), (139.5, 114.0))),
    Arrow("il6_local", "trans_local", RAISES, ((148.0, 117.5), (162.0, 110.5))),
    Arrow("trans_local", "macrophages_local", RAISES, ((162.0, 105.5), (150.5, 98.5))),
    Arrow("trans_local", "oedema", RAISES, ((171.0, 103.5), (171.0, 85.0))),
    Arrow("macrophages_local", "oedema", RAISES, ((150.5, 94.0), (161.5, 85.0))),
    # mediators on organs
    Arrow("il1", "fever", RAISES, ((12.5, 100.0), (12.5, 136.5), (70.5, 136.5), (70.5, 153.0)), IL1, "IL-1", (17.2, 135.0)),
    Arrow("il1", "vessels", RAISES, ((70.5, 136.5), (88.0, 136.5), (88.0, 153.0)), IL1),
    Arrow("il1", "endothelium", RAISES, ((88.0, 136.5), (106.5, 136.5), (106.5, 153.0)), IL1),
    Arrow("ifn", "fever", RAISES, ((34.5, 77.0), (31.0, 77.0), (31.0, 139.8), (66.5, 139.8), (66.5, 153.0)), IFN, "IFN-γ", (38.6, 138.4)),
    Arrow("ifn", "endothelium", RAISES, ((66.5, 139.8), (110.5, 139.8), (110.5, 153.0)), IFN),
    Arrow("macrophages", "ferritin", RAISES, ((37.0, 101.5), (33.6, 106.0), (33.6, 143.1), (29.5, 143.1), (29.5, 153.0)), MACROPHAGE),
    Arrow("macrophages", "vessels", RAISES, ((33.6, 143.1), (84.0, 143.1), (84.0, 153.0)), MACROPHAGE, "macrophages", (43.6, 141.7)),
    Arrow("classic", "crp", RAISES, ((97.0, 131.5), (97.0, 146.4), (62.5, 146.4), (48.0, 146.4), (48.0, 153.0)), CLASSIC, "classic", (54.5, 145.0)),
    Arrow("classic", "fever", RAISES, ((62.5, 146.4), (62.5, 153.0)), CLASSIC),
    Arrow("trans", "vessels", RAISES, ((77.5, 95.5), (77.5, 149.7), (92.0, 149.7), (92.0, 153.0)), TRANS),
    Arrow("trans", "endothelium", RAISES, ((92.0, 149.7), (102.5, 149.7), (102.5, 153.0)), TRANS, "trans", (80.7, 148.3)),
    Arrow("il6", "il6_csf", MOVES, ((52.0, 124.0), (52.0, 133.2), (117.0, 133.2), (117.0, 146.0), (128.0, 146.0)), IL6, "IL-6", (56.0, 131.8)),
    # organs
    Arrow("fever", "temperature", RAISES, ((71.0, 162.0), (71.0, 182.0))),
    Arrow("vessels", "pressure", LOWERS, ((92.5, 162.0), (92.5, 181.5))),
    Arrow("endothelium", "plasma", LOWERS, ((114.8, 162.0), (114.8, 182.0))),
    Arrow("plasma", "pressure", RAISES, ((104.5, 186.0), (99.0, 186.0))),
    Arrow("endothelium", "ldh", RAISES, ((100.3, 162.0), (100.3, 175.2), (11.0, 175.2), (11.0, 162.0))),
    Arrow("endothelium", "lung", RAISES, ((117.3, 162.0), (117.3, 178.0), (129.0, 184.5))),
    Arrow("endothelium", "barrier", RAISES, ((118.8, 159.5), (127.0, 159.5))),
    Arrow("lung", "oxygen", LOWERS, ((147.0, 186.0), (158.0, 186.0))),
    Arrow("barrier", "il6_csf", RAISES, ((135.0, 156.5), (135.0, 150.0))),
    Arrow("il6_csf", "csf_signal", RAISES, ((142.0, 145.0), (160.5, 145.0))),
    Arrow("csf_signal", "barrier", RAISES, ((160.5, 149.0), (147.0, 157.0))),
    Arrow("csf_signal", "ice", RAISES, ((170.0, 150.5), (170.0, 156.5))),
    Arrow("barrier", "ice", RAISES, ((147.0, 162.0), (157.0, 162.0))),
)

TAGS = (
    Tag(("steroid", "ruxolitinib", "etoposide"), "car_marrow", LOWERS, 39.3, 9.5, ((46.5, 18.6), (46.5, 27.0))),
    Tag(("steroid", "ruxolitinib", "etoposide"), "car_local", LOWERS, 128.8, 9.5, ((136.0, 18.6), (136.0, 27.0))),
    Tag(("steroid", "ruxolitinib", "msc", "etoposide"), "macrophages", LOWERS, 62.8, 80.4, ((62.8, 91.3), (60.5, 91.3))),
    Tag(("anakinra",), "il1", LOWERS, 12.0, 85.0, ((18.0, 88.4), (18.0, 92.0))),
    Tag(("tocilizumab", "siltuximab", "ruxolitinib"), "trans", LOWERS, 107.4, 86.7, ((107.4, 91.0), (104.5, 91.0))),
    Tag(("tocilizumab", "siltuximab", "ruxolitinib"), "classic", LOWERS, 107.8, 122.6, ((107.8, 127.0), (105.5, 127.0))),
    Tag(("tocilizumab", "siltuximab"), "il6", RAISES, 36.2, 126.6, ((42.0, 126.6), (42.0, 124.0))),
    Tag(("tocilizumab",), "sil6r", RAISES, 107.8, 105.2, ((107.8, 107.0), (103.5, 107.0))),
    Tag(("steroid",), "oedema", LOWERS, 165.0, 67.5, ((170.3, 70.9), (170.3, 75.0))),
    Tag(("steroid",), "fever", LOWERS, 58.0, 165.2, ((63.0, 165.2), (63.0, 162.0))),
    Tag(("steroid",), "vessels", LOWERS, 80.0, 165.2, ((85.0, 165.2), (85.0, 162.0))),
    Tag(("steroid", "msc"), "endothelium", LOWERS, 102.5, 165.2, ((107.5, 165.2), (107.5, 162.0))),
    Tag(("acetaminophen",), "temperature", LOWERS, 33.0, 184.3, ((50.2, 186.0), (56.0, 186.0))),
    Tag(("msc",), "lung", LOWERS, 134.5, 176.0, ((138.0, 179.4), (138.0, 182.0))),
    Tag(("steroid",), "il6_csf", LOWERS, 145.4, 147.0, ((145.4, 148.7), (142.0, 148.7))),
    Tag(("ruxolitinib",), "csf_signal", LOWERS, 144.6, 138.4, ((157.8, 140.1), (163.0, 140.1), (163.0, 141.5))),
    Tag(("steroid",), "barrier", LOWERS, 131.0, 167.3, ((136.0, 167.3), (136.0, 165.5))),
)

LEFT_OUT: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("car_local",), ("car_marrow",), "effector cells of all places share the niche"),
    (("car_marrow",), ("car_local",), "effector cells of all places share the niche"),
    (("infused", "memory"), ("car_blood",), "they are counted in blood with the effector cells"),
    (("tumour", "tumour_local"), ("car_blood",), "antigen holds cells back where it is: drawn at the cells of that place"),
    (("tumour",), ("memory",), "antigen recalls memory cells: the word stands on that arrow"),
    (("tumour", "tumour_local", "car_local"), ("ifn",), "how much antigen the cells find: drawn as antigen acting on the cells of each place"),
    (("tumour_local",), ("ifn_local",), "how much antigen the cells find: drawn as antigen acting on the cells of each place"),
    (("primed",), ("ifn",), "they secrete early as the infused cells do, of which it is drawn"),
    (("negative", "tumour_local"), ("tumour",), "tumour cells of all places share the room to grow"),
    (("negative", "tumour"), ("tumour_local",), "tumour cells of all places share the room to grow"),
    (("tumour", "tumour_local"), ("negative",), "tumour cells of all places share the room to grow"),
    (("car_marrow",), ("macrophages",), "killing makes dying cells: drawn from the tumour that dies"),
    (("car_local",), ("macrophages_local",), "killing makes dying cells: drawn from the tumour that dies"),
    (("car_marrow", "car_local", "tumour_local"), ("ldh",), "killing makes dying cells: drawn from the tumour of the marrow"),
    (("steroid",), ("tumour", "tumour_local", "ldh"), "a steroid slows killing: drawn as what it does to CAR-T cells"),
    (("steroid", "etoposide"), ("car_blood",), "drugs on effector cells are drawn where most of the cells are"),
    (("steroid", "ruxolitinib"), ("ifn", "ifn_local"),
     "what drugs take from the activity of T cells is drawn at the CAR-T cells, and what JAK inhibition takes from interferon-gamma at the macrophages"),
    (("steroid", "ruxolitinib", "msc"), ("il1", "il6", "il6_local"), "what drugs take from the activity of macrophages is drawn at the macrophages"),
    (("steroid", "ruxolitinib", "msc", "etoposide"), ("macrophages_local",), "they act at the local site as in the body"),
    (("tocilizumab", "siltuximab"), ("il6_local",), "they act at the local site as in blood; tocilizumab reaches it in part"),
    (("tocilizumab", "siltuximab", "ruxolitinib"), ("trans_local",), "they act at the local site as in blood; tocilizumab reaches it in part"),
    (("car_marrow", "car_local", "infused", "primed", "tumour", "tumour_local", "steroid", "ruxolitinib"), ("il10",),
     "engaged T cells secrete interleukin-10 together with interferon-gamma, of which it is drawn"),
    (("macrophages", "il1", "il10"), ("macrophages_local",), "IL-1, IL-10 and the competence of macrophages are the same at the local site as in the body"),
    (("sil6r",), ("trans_local",), "the soluble receptor is the same at the local site as in blood"),
    (("macrophages",), ("il6_csf",), "behind an open barrier active cells make it: drawn from the barrier"),
    (("tocilizumab", "siltuximab"), ("il6_csf",), "they hardly reach the brain; siltuximab leaves less free IL-6 to enter it"),
    (("tocilizumab",), ("csf_signal",), "it hardly reaches the brain"),
    (("plasma",), ("lung",), "with less plasma less can leak"),
)
"""Influences in the equations that are not drawn, so that the diagram can be read: (sources, targets, reason)."""
