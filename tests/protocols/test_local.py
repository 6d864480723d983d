"""A hospital's own protocol: a file of Python, or numbers of a guideline changed in TOML; what it says, and every mistake in it."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.records import record
from tocsin.cite import REFERENCES, Mark, bibliography
from tocsin.errors import RuleError, SettingError, TocsinError, UnknownIdError
from tocsin.protocols import BUILDERS, PROTOCOLS, advise, is_local, local, override, protocol, rule
from tocsin.protocols.assure import problems
from tocsin.protocols.audit import audit
from tocsin.protocols.protocol import Dose
from tocsin.rules import NEVER

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
HEAD = 'based_on = "paper004"\nid = "ward"\ntitle = "Ward"\n'
SOURCE = 'source = "Ward SOP 12"\ndate = 2025-03-01\n'
SAME = "the same dose in C2.6, C2.7d, C2.8d, N9.3, H1d stays as in the source"
FEVER_DAYS = f'[settings.fever_days]\nvalue = 2\nunit = "days"\n{SOURCE}'
GRADE_3 = [{"concept": "temperature", "hour": h, "value": 39.0} for h in (0.0, 6.0, 8.0, 12.0)] + [
    {"concept": c, "hour": h, "value": v} for h in (0.0, 6.0, 8.0, 12.0) for c, v in (("systolic_bp", 80.0), ("ast", 500.0))]


@pytest.fixture
def toml(tmp_path):
    def write(body: str, head: str = HEAD) -> Path:
        path = tmp_path / "ward.toml"
        path.write_text(head + body, encoding="utf-8")
        return path

    return write


@pytest.fixture
def python(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "ward.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def ask(name: Any, rows: list[dict[str, object]], at: float, weight: float = 50) -> dict[str, Any]:
    return {a.rule.rpartition("/")[2]: a for a in advise(record(rows, weight), name, at=at)}


def dexamethasone(hour: float) -> dict[str, object]:
    return {"concept": "dexamethasone", "hour": hour, "value": 10.0}


# ---------------------------------------------------------------------------------------------------- overriding numbers
def test_a_changed_setting_says_what_it_was_and_by_which_document(toml):
    own = protocol(toml(FEVER_DAYS))
    assert [c.says() for c in own.local] == ["fever_days 2 days instead of 3 days [Ward SOP 12, 2025-03-01]"]
    assert own.local[0].rules == ("C1.5", "C1.5s")
    assert (own.id, own.based_on, own.settings["fever_days"]) == ("ward", "paper004", 2.0)
    assert PROTOCOLS["paper004"].settings["fever_days"] == 3.0


def test_prolonged_fever_asks_for_tocilizumab_after_the_hospitals_own_two_days(toml):
    rows = [{"concept": "temperature", "hour": float(h), "value": 39.0} for h in range(0, 61, 4)]
    rows += [{"concept": "acetaminophen", "hour": 40.0}]
    path = toml(FEVER_DAYS)
    assert [ask(path, rows, at)["C1.5"].status for at in (47.9, 48.0)] == ["not_due", "due"]
    assert ask("paper004", rows, 48.0)["C1.5"].status == "not_due"
    assert "Local: fever_days 2 days instead of 3 days [Ward SOP 12, 2025-03-01]." in ask(path, rows, 48.0)["C1.5"].reason


def test_a_setting_of_the_call_goes_before_the_hospitals_and_is_not_called_local(toml):
    own = protocol(toml(FEVER_DAYS), fever_days=4)
    assert own.settings["fever_days"] == 4
    assert own.local == ()


def test_a_rule_that_is_off_is_never_due_and_says_that_it_is_off(toml):
    path = toml(f'[rules."C3.2"]\noff = true\n{SOURCE}')
    said = ask(path, GRADE_3, 6.0)["C3.2"]
    assert ask("paper004", GRADE_3, 6.0)["C3.2"].status == "due"
    assert said.status == "not_due"
    assert "C3.2 is switched off [Ward SOP 12, 2025-03-01]" in said.reason
    assert said.cites == ("chinthapalli2023:table2:G3-hypotension", "local:Ward SOP 12, 2025-03-01")


def test_an_alternative_to_a_rule_that_is_off_stays_on_and_the_change_says_so(toml):
    own = protocol(toml(f'[rules."C2.8t"]\noff = true\n{SOURCE}'))
    assert own.local[0].warnings == ("C2.8ts, the alternative to C2.8t, stays on",)
    assert ask(own, GRADE_3, 6.0)["C2.8ts"].status == "due"


def test_a_changed_dose_is_the_one_advised_and_the_action_says_that_it_is_local(toml):
    path = toml(f'[rules."C3.2".dose]\namount = 20\nunit = "mg"\n{SOURCE}')
    said = ask(path, GRADE_3, 6.0)["C3.2"]
    assert (said.dose, said.formula, said.action) == (20.0, "20 mg every 6 h", "Dexamethasone (local dose)")
    assert f"Warning: C3.2 asks for more than the source: 20 mg instead of 10 mg. Warning: {SAME}." in said.reason
    assert ask(path, GRADE_3, 6.0)["C3.2b"].dose == 20.0  # another rule, untouched
    assert "Local" not in ask(path, GRADE_3, 6.0)["C3.2b"].reason


def test_a_dose_less_often_is_blocked_for_the_longer_time(toml):
    """Otherwise "every 12 h" would be due again after 6."""
    path = toml(f'[rules."C3.2".dose]\nevery_hours = 12\nunit = "mg"\n{SOURCE}')
    rows = [*GRADE_3, dexamethasone(0.0)]
    assert [ask(path, rows, at)["C3.2"].status for at in (6.0, 11.9, 12.0)] == ["blocked", "blocked", "due"]
    assert ask("paper004", rows, 6.0)["C3.2"].status == "due"
    assert protocol(path).local[0].warnings == (SAME,)


def test_a_dose_more_often_stays_blocked_by_the_source_and_is_warned_of(toml):
    path = toml(f'[rules."C3.2".dose]\nevery_hours = 4\nunit = "mg"\n{SOURCE}')
    rows = [*GRADE_3, dexamethasone(2.0)]
    assert ask(path, rows, 7.9)["C3.2"].status == "blocked"
    assert ask(path, rows, 8.0)["C3.2"].status == "due"
    assert protocol(path).local[0].warnings == (
        "C3.2 is asked for every 4 h, more often than the source's 6 h", "DEXAMETHASONE-INTERVAL still forbids it within 6 h", SAME)


def test_a_raised_cap_is_warned_of_and_a_lowered_one_is_not(toml):
    def cap(number: int) -> Any:
        return protocol(toml(f'[rules."C2.3".dose]\ncap = {number}\nunit = "mg"\n{SOURCE}'))

    others = cap(600).local[0].warnings
    assert len(others) == 1
    assert others[0].startswith("the same dose in C1.5, C2.7t, ")
    assert cap(800).local[0].warnings == others
    assert cap(900).local[0].warnings == (
        "C2.3 asks for more than the source: 900 mg instead of 800 mg at 112.5 kg; the source's maximum in one dose is 800 mg", *others)


def test_a_rate_per_kg_leaves_that_of_a_light_patient_and_says_so(toml):
    own = protocol(toml(f'[rules."C2.3".dose]\nper_kg = 6\nunit = "mg"\n{SOURCE}'))
    assert own.local[0].warnings[-1] == "below 30 kg the dose stays 12 mg/kg"
    dose = next(r.dose for r in own.rules if r.code == "C2.3")
    assert [dose.for_weight(w)[0] for w in (29.0, 30.0)] == [348.0, 180.0]


def test_the_same_dose_in_a_rule_that_is_changed_or_off_too_is_not_warned_of(toml):
    off = "".join(f'[rules."{code}"]\noff = true\n{SOURCE}' for code in ("C2.6", "C2.7d", "C2.8d", "N9.3", "H1d"))
    both = f'[rules."C3.2".dose]\namount = 8\nunit = "mg"\n{SOURCE}{off}'
    assert [c.warnings for c in protocol(toml(both)).local] == [()] * 6


def test_a_shorter_interval_of_tocilizumab_is_held_against_the_source_and_the_label(toml):
    def warned(hours: float) -> tuple[str, ...]:
        return protocol(toml(f'[settings.tocilizumab_interval_hours]\nvalue = {hours}\nunit = "h"\n{SOURCE}')).local[0].warnings

    assert warned(8) == ()
    assert warned(7) == ("7 h between two doses of tocilizumab is less than the label's 8 h (kymriah:2.4)",)
    assert set(warned(4)) == {"4 h between two doses of tocilizumab is less than the label's 8 h (kymriah:2.4)", *(
        f"{block} forbids a dose for 4 h only; in the source 6 h" for block in ("TOCI-INTERVAL", "SILTUXIMAB-JUST-GIVEN", "TOCILIZUMAB-JUST-GIVEN"))}


def test_more_doses_in_all_are_warned_of(toml):
    own = protocol(toml(f'[settings.tocilizumab_max_total]\nvalue = 6\nunit = "doses"\n{SOURCE}'))
    assert own.local[0].warnings == ("TOCI-TOTAL allows 6 doses; the source 4",)


def test_a_setting_that_acts_beside_the_rules_is_told_with_every_rule():
    """What a setting does elsewhere cannot be told from the rules: it is never left unsaid."""
    made = override.overridden(lambda **given: replace(PROTOCOLS["paper004"], settings={**PROTOCOLS["paper004"].settings, **given}),
                               override.Override("ward", "Ward", {"fever_days": override.Told("SOP", "2025-03-01", value=2.0)}), {})
    assert made.local[0].rules == tuple(r.code for r in made.rules)


def test_a_number_kept_as_the_source_has_it_is_said_to_be_so_and_touches_no_rule(toml):
    own = protocol(toml(FEVER_DAYS.replace("value = 2", "value = 3")))
    assert [(c.says(), c.rules) for c in own.local] == [("fever_days 3 days, as in the source [Ward SOP 12, 2025-03-01]", ())]


def test_the_audit_judges_by_the_hospitals_number_and_says_so(toml):
    path = toml(f'[settings.tocilizumab_interval_hours]\nvalue = 8\nunit = "h"\n{SOURCE}')
    rows = [*GRADE_3, *({"concept": "tocilizumab", "hour": h, "value": 400.0} for h in (1.0, 8.0))]
    own = [f for f in audit(record(rows, 50), protocol(path)) if f.concept == "tocilizumab" and f.kind == "dose"]
    assert [f.verdict for f in own] == ["on_time", "too_soon"]
    assert "Local: tocilizumab_interval_hours 8 h instead of 6 h [Ward SOP 12, 2025-03-01]." in own[1].reasons
    assert "local:Ward SOP 12, 2025-03-01" in own[1].cites
    paper = [f for f in audit(record(rows, 50), PROTOCOLS["paper004"]) if f.concept == "tocilizumab" and f.kind == "dose"]
    assert [f.verdict for f in paper] == ["on_time", "on_time"]
    assert not any("Local" in reason for f in paper for reason in f.reasons)


def test_a_local_document_is_cited_without_becoming_a_source_of_anybody_else(toml):
    before = dict(REFERENCES)
    own = protocol(toml(FEVER_DAYS))
    assert [r.text for r in bibliography([own.local[0].cites, own.local[0].cites])] == ["Local document: Ward SOP 12, 2025-03-01"]
    assert dict(REFERENCES) == before
    doc = next(s for s in own.setting_docs if s.name == "fever_days")
    assert (doc.default, doc.cites, doc.mark.value) == (2.0, "local:Ward SOP 12, 2025-03-01", "D")


def test_a_version_passes_the_same_checks_as_the_guideline(toml):
    own = protocol(toml(FEVER_DAYS + f'[rules."C1.1b"]\noff = true\n{SOURCE}[rules."C3.2".dose]\namount = 20\nunit = "mg"\n{SOURCE}'))
    assert problems(own) == []
    assert len(own.local) == 3


# ---------------------------------------------------------------------------------------------------- mistakes in the TOML
@pytest.mark.parametrize(("body", "line", "what"), [
    ('[settings.fever_days]\nvalue = 2\nunit = "days"\ndate = 2025-03-01\n', 4, "settings.fever_days.source must be a text"),
    ('[settings.fever_days]\nvalue = 2\nunit = "days"\nsource = "SOP"\n', 4, "needs the date of its source"),
    ('[settings.fever_days]\nvalue = 2\nunit = "days"\nsource = "SOP"\ndate = "March 2025"\n', 8, "needs the date of its source"),
    (f'[settings.fever_days]\nvalue = 2\nunit = "h"\n{SOURCE}', 6, "the unit of fever_days is 'days', not 'h'"),
    (f'[settings.fever_days]\nvalue = 2\n{SOURCE}', 4, "the unit of fever_days is 'days', not ''"),
    (f'[settings.fever_days]\nvalue = 30\nunit = "days"\n{SOURCE}', 5, "fever_days must lie between 0.5 and 14 days, not 30"),
    (f'[settings.fever_days]\nvalue = 0.4\nunit = "days"\n{SOURCE}', 5, "fever_days must lie between 0.5 and 14 days, not 0.4"),
    (f'[settings.fever_days]\nvalue = "2"\nunit = "days"\n{SOURCE}', 5, "needs a value that is a number"),
    (f'[settings.fever_days]\nvalue = nan\nunit = "days"\n{SOURCE}', 5, "needs a value that is a number"),
    (f'[settings.reported_grade_counts]\nvalue = 1\n{SOURCE}', 5, "needs a value that is true or false"),
    (f'[settings.boluses_before_anti_il6]\nvalue = 1.5\nunit = "boluses"\n{SOURCE}', 5, "is a whole number of boluses"),
    (f'[settings.fever_day]\nvalue = 2\nunit = "days"\n{SOURCE}', 4, "paper004 has no setting 'fever_day'"),
    (f'[settings.fever_days]\nvalue = 2\nunit = "days"\nsorce = "x"\n{SOURCE}', 7, "there is no 'sorce' here"),
    ("[settings]\nfever_days = 2\n", 4, "must hold one table for each entry"),
    (f'[rules."C9.9"]\noff = true\n{SOURCE}', 4, "paper004 has no rule 'C9.9'"),
    (f"[rules.C2.6]\noff = true\n{SOURCE}", 4, "paper004 has no rule 'C2'"),
    (f'[rules."C2.6"]\noff = false\n{SOURCE}', 4, "C2.6: nothing is changed"),
    ('[rules."C2.6"]\noff = true\ndate = 2025-03-01\n', 4, "source must be a text"),
    (f'[rules."C3.2".dose]\namount = 20\nunit = "g"\n{SOURCE}', 6, "the unit of the dose of C3.2 is 'mg', not 'g'"),
    (f'[rules."C3.2".dose]\namount = -1\nunit = "mg"\n{SOURCE}', 5, "must be a number above 0"),
    (f'[rules."C3.2".dose]\nper_kg = 1\nunit = "mg"\n{SOURCE}', 5, "the dose of C3.2 has no 'per_kg' to change"),
    (f'[rules."C1.1".dose]\namount = 650\nunit = "mg"\n{SOURCE}', 5, "C1.1 has no dose in numbers to change"),
    (f'[rules."ICU1".dose]\namount = 650\nunit = "mg"\n{SOURCE}', 5, "ICU1 has no dose in numbers to change"),
    (f'[rules."C3.2".dose]\nunit = "mg"\n{SOURCE}', 4, "names no number"),
    ('[settings.fever_days]\nvalue = 2\nunit = "days"\nsource = "SOP 1; SOP 2"\ndate = 2025-03-01\n', 7, "one line without a semicolon"),
    ("[settings.fever_days\n", 4, "this is not TOML"),
])
def test_a_mistake_in_an_override_names_the_file_and_the_line(toml, body: str, line: int, what: str):
    path = toml(body)
    with pytest.raises(SettingError) as found:
        protocol(path)
    assert what in str(found.value)
    assert f"{path}" in str(found.value)
    assert f"line {line}" in str(found.value)


@pytest.mark.parametrize(("head", "what"), [
    ('based_on = "paper04"\nid = "ward"\ntitle = "Ward"\n', "there is no protocol called 'paper04'"),
    ('based_on = "other.py"\nid = "ward"\ntitle = "Ward"\n', "there is no protocol called 'other.py'"),
    ('based_on = "paper004"\nid = "asco2021"\ntitle = "Ward"\n', "'asco2021' is the id of an installed protocol"),
    ('based_on = "paper004"\nid = "a/b"\ntitle = "Ward"\n', "'a/b' is no id"),
    ('based_on = "paper004"\nid = "ward"\n', "title must be a text"),
    ('based_on = "paper004"\nid = "ward"\ntitle = "Ward"\nversion = 2\n', "there is no 'version' here"),
])
def test_a_mistake_in_the_head_of_an_override_is_told(toml, head: str, what: str):
    with pytest.raises(SettingError, match=what.replace(".", r"\.")):
        protocol(toml(FEVER_DAYS, head))


def test_an_override_without_a_change_is_refused(toml):
    with pytest.raises(SettingError, match="nothing of paper004 is changed"):
        protocol(toml(""))


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path):
    for name in ("ward.toml", "ward.py"):
        with pytest.raises(SettingError, match="cannot be read: No such file"):
            protocol(tmp_path / name)


def test_an_override_never_runs_a_python_file(toml, tmp_path):
    (tmp_path / "other.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(SettingError, match="there is no protocol called"):
        protocol(toml(FEVER_DAYS, f'based_on = "{tmp_path}/other.py"\nid = "ward"\ntitle = "Ward"\n'))


# ---------------------------------------------------------------------------------------------------- any override at all
NAMES = sorted(BUILDERS)
OFFABLE = {name: [r.code for r in PROTOCOLS[name].rules] for name in NAMES}
DOSED = {name: [(r.code, n) for r in PROTOCOLS[name].rules for n in ("amount", "per_kg", "every_hours")
                if r.dose and getattr(r.dose, n) is not None and (r.dose.amount or r.dose.per_kg)] for name in NAMES}


@st.composite
def overrides(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A guideline, and valid changes of it: settings within their limits, rules off, numbers of doses."""
    name = draw(st.sampled_from(NAMES))
    told = {"source": draw(st.sampled_from(["Ward SOP 12", "Règle 4 (2025)", "病房规程 7"])), "date": "2025-03-01"}
    out: dict[str, Any] = {"settings": {}, "rules": {}}
    for doc in draw(st.lists(st.sampled_from(PROTOCOLS[name].setting_docs), max_size=3, unique_by=lambda s: s.name)):
        high = min(doc.maximum, doc.minimum + 1000)
        value: object = draw(st.booleans()) if isinstance(doc.default, bool) else draw(
            st.integers(int(doc.minimum), int(high)) if doc.whole else st.floats(doc.minimum, high).map(lambda v: round(v, 3)).filter(
                lambda v, d=doc: d.minimum <= v <= d.maximum))
        out["settings"][doc.name] = {"value": value, "unit": doc.unit, **told}
    for code in draw(st.lists(st.sampled_from(OFFABLE[name]), max_size=2, unique=True)):
        out["rules"][code] = {"off": True, **told}
    for code, number in draw(st.lists(st.sampled_from(DOSED[name] or [("", "")]), max_size=2, unique_by=lambda d: d[0])):
        if code and code not in out["rules"]:
            unit = next(r.dose.unit for r in PROTOCOLS[name].rules if r.code == code and r.dose)
            out["rules"][code] = {"dose": {number: draw(st.floats(0.1, 5000)), "unit": unit, **told}}
    return name, out


def as_toml(name: str, body: dict[str, Any]) -> str:
    lines = [f'based_on = "{name}"', 'id = "ward"', 'title = "Ward"']
    for group, entries in body.items():
        for key, table in entries.items():
            inner = table.get("dose", table) if isinstance(table, dict) else {}
            head = f"{group}.{json.dumps(key)}" + (".dose" if isinstance(table, dict) and "dose" in table else "")
            lines += [f"[{head}]", *(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in inner.items())]
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(overrides())
def test_any_valid_override_loads_and_each_change_is_seen_in_advice(toml, made):
    name, body = made
    if not body["settings"] and not body["rules"]:
        return
    text = as_toml(name, body)
    assert tomllib.loads(text)
    own = protocol(toml(text, head=""))
    wanted = len(body["settings"]) + len(body["rules"])
    assert len(own.local) == wanted
    assert problems(own) == []
    said = " ".join(a.reason for a in advise(record(GRADE_3, 50), own, at=6.0))
    assert [c.says() for c in own.local if c.says() not in said and c.value != c.base] == []
    assert [w for c in own.local for w in c.warnings if w not in said] == []
    assert [r.code for r in own.rules] == [r.code for r in PROTOCOLS[name].rules]


JUNK = st.one_of(st.none(), st.booleans(), st.integers(-10**400, 10**400), st.floats(), st.text(max_size=8), st.just([]), st.just({}), st.just({"value": 1}))


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=overrides(), key=st.sampled_from(["value", "unit", "source", "date", "off", "amount", "per_kg", "cap", "every_hours", "colour"]),
       junk=JUNK, where=st.sampled_from(["settings", "rules"]), which=st.integers(0, 3))
def test_any_invalid_override_is_a_setting_error_and_nothing_else(toml, made, key, junk, where, which):
    name, body = made
    entries = list(body[where].values())
    if not entries:
        return
    table = entries[which % len(entries)]
    table = table.get("dose", table)
    if junk is None:
        table.pop(key, None)
    else:
        table[key] = junk
    text = as_toml(name, body).replace("Infinity", "inf").replace("NaN", "nan").replace(': ', " = ")
    with suppress(SettingError):
        own = protocol(toml(text, head=""))  # what was put in may be valid after all
        assert own.local
        assert problems(own) == []


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_that_is_no_override_is_a_setting_error(toml, text):
    with pytest.raises(SettingError):
        protocol(toml(text, head=""))


# ---------------------------------------------------------------------------------------------------- a file of Python
SMALL = '''from tocsin.protocols.protocol import Chapter, Dose, Protocol, Rule
from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.scales import scale
S = scale("astct-crs-2019")
def build(**given):
    rule = Rule("W1", "Give acetaminophen", FEVER, "local:SOP 3, 2025-01-01", Mark.DECISION, "Fever: acetaminophen", reading="Ours.")
    return Protocol(id="w", title="W", chapters=(Chapter("CRS", S, (rule,), S.episode),), cites=("local:SOP 3, 2025-01-01",))
'''


def test_a_python_file_with_builders_or_one_protocol_is_a_protocol(python):
    for tail in ('BUILDERS = {"w": build}\n', "PROTOCOL = build()\n"):
        own = protocol(python(SMALL + tail))
        assert own.id == "w"
        assert ask(own, GRADE_3, 6.0)["W1"].status == "due"
        assert ask(own, GRADE_3, 6.0)["W1"].cites == ("local:SOP 3, 2025-01-01",)


def test_a_file_with_several_protocols_asks_which(python):
    path = python(SMALL + 'BUILDERS = {"w": build, "v": build}\n')
    with pytest.raises(SettingError, match="names several protocols: w, v"):
        protocol(path)
    assert protocol(f"{path}:w").id == "w"
    with pytest.raises(SettingError, match="BUILDERS calls it 'v', its Protocol 'w'"):
        protocol(f"{path}:v")
    with pytest.raises(UnknownIdError, match="no protocol in"):
        protocol(f"{path}:u")


def test_a_python_file_leaves_no_compiled_copy_beside_it(python):
    path = python(SMALL + "PROTOCOL = build()\n")
    protocol(path)
    assert [p.name for p in path.parent.iterdir()] == ["ward.py"]


@pytest.mark.parametrize(("text", "line", "what"), [
    ("x = (\n", 1, "this is not Python"),
    ("import os\nx = 1\ny = x +\n", 3, "this is not Python"),
    ("x = 1\nfoo()\n", 2, "name 'foo' is not defined"),
    ("x = 1\nimport no_such_module_at_all\n", 2, "No module named"),
    (SMALL.replace("FEVER,", 'Measure("fevr", "degC").at_least(38),').replace("from tocsin.scales", "from tocsin.rules import Measure\nfrom tocsin.scales")
     + "PROTOCOL = build()\n", 8, "unknown concept 'fevr'"),
    (SMALL.replace("local:SOP 3, 2025-01-01\", Mark", "sop3:page 1\", Mark") + "PROTOCOL = build()\n", 7, "has no reference 'sop3'"),
    (SMALL.replace("(rule,)", "(rule, rule)") + "PROTOCOL = build()\n", 8, "the rule W1 is defined more than once"),
    (SMALL.replace('reading="Ours."', 'raeding="Ours."') + "PROTOCOL = build()\n", 7, "raeding"),
    (SMALL.replace("FEVER,", "FEVER and FEVER,") + "PROTOCOL = build()\n", 7, "use & | ~"),
    (SMALL + 'BUILDERS = {"w": lambda **given: build(**given).titel}\n', 9, "titel"),
])
def test_a_mistake_in_a_python_file_names_the_file_and_the_line(python, text: str, line: int, what: str):
    path = python(text)
    with pytest.raises(RuleError) as found:
        protocol(path)
    assert what in str(found.value)
    assert str(found.value).startswith(f"{path}, line {line}: ")


@pytest.mark.parametrize(("tail", "what"), [
    ("", "names neither BUILDERS nor PROTOCOL"),
    ("PROTOCOL = build\n", "PROTOCOL is a function, not a Protocol"),
    ("PROTOCOL = build()\nBUILDERS = {'w': build}\n", "names both"),
    ("BUILDERS = [build]\n", "BUILDERS must map ids to functions"),
    ("BUILDERS = {}\n", "BUILDERS must map ids to functions"),
    ("BUILDERS = {'w': 3}\n", "BUILDERS must map ids to functions"),
    ("BUILDERS = {'w': lambda **given: None}\n", "the function of 'w' returns nothing, not a Protocol"),
    ("BUILDERS = {'paper004': build}\n", "'paper004' is the id of an installed protocol"),
])
def test_a_python_file_that_names_no_protocol_says_how_it_should_end(python, tail: str, what: str):
    with pytest.raises(SettingError) as found:
        protocol(python(SMALL + tail))
    assert what in str(found.value)


def test_a_file_that_stops_the_program_is_an_error_like_any_other(python):
    with pytest.raises(RuleError, match="stops the program"):
        protocol(python("raise SystemExit(0)\n"))


def test_a_protocol_without_settings_refuses_one(python):
    for tail in ("PROTOCOL = build()\n", "BUILDERS = {'w': lambda: build()}\n"):
        with pytest.raises(SettingError, match="has no setting fever_days"):
            protocol(python(SMALL + tail), fever_days=2)


def test_a_chapter_with_too_many_conditions_names_the_file(python):
    many = ("rules = tuple(Rule(f'W{i}', 'Act now', FEVER & __import__('tocsin.rules').rules.Measure('ast', 'U/L').above(i), 'local:S, 2025-01-01', "
            "Mark.DECISION, 'x', reading='y') for i in range(65))\n"
            "PROTOCOL = Protocol(id='w', title='W', chapters=(Chapter('CRS', S, rules, S.episode),), cites=())\n")
    with pytest.raises(RuleError, match=r"ward\.py, chapter 'CRS': .*at most 64 conditions"):
        protocol(python(SMALL + many))


def test_a_rule_of_a_file_is_found_by_its_code(python, toml):
    path = python(SMALL + "PROTOCOL = build()\n")
    assert rule(f"{path}/W1")[1].action == "Give acetaminophen"
    assert rule(f"{toml(FEVER_DAYS)}/c2.3")[0].id == "ward"
    with pytest.raises(UnknownIdError, match="no rule called 'W9'"):
        rule(f"{path}/W9")


# ---------------------------------------------------------------------------------------------------- installed packages
class Entry:
    """An entry point of an installed package."""

    dist = None
    value = "hospital.protocols:ward"

    def __init__(self, name: str, thing: Any) -> None:
        self.name, self.thing = name, thing

    def load(self) -> Any:
        if isinstance(self.thing, Exception):
            raise self.thing
        return self.thing


@pytest.fixture
def installed(monkeypatch):
    def put(*entries: Entry) -> None:
        monkeypatch.setattr(local, "entry_points", lambda group: entries if group == "tocsin.protocols" else ())

    return put


def ward(**given: object) -> Any:
    return local.override_file.builder(EXAMPLES / "ward-7.toml", BUILDERS)[1](**given)


def test_a_protocol_of_an_installed_package_is_found_by_its_id(installed, toml):
    assert not is_local("ward-7")
    installed(Entry("ward-7", ward))
    assert is_local("ward-7")
    assert protocol("ward-7").title.startswith("Ward 7")
    assert protocol(toml(FEVER_DAYS, 'based_on = "ward-7"\nid = "ward-8"\ntitle = "Ward 8"\n')).based_on == "ward-7"


def test_a_package_cannot_replace_a_protocol_of_tocsin(installed):
    installed(Entry("paper004", ward))
    assert protocol("paper004") is PROTOCOLS["paper004"]


@pytest.mark.parametrize("thing", [ImportError("no hospital"), AttributeError("ward"), 3, lambda: None, ward],
                         ids=["import-error", "attribute-error", "number", "returns-nothing", "not-a-protocol"])
def test_a_package_that_does_not_work_is_told_by_name(installed, thing):
    installed(Entry("mine", thing))
    with pytest.raises(RuleError, match=r"hospital\.protocols:ward"):
        protocol("mine")


# ---------------------------------------------------------------------------------------------------- checks of any protocol
def test_a_file_may_be_named_as_text_or_as_a_path(toml):
    path = toml(FEVER_DAYS)
    assert protocol(str(path)) == protocol(path)


def test_what_is_no_id_and_no_file_offers_the_nearest(tmp_path):
    with pytest.raises(UnknownIdError, match=r"Nearest: .*paper004"):
        protocol("paper04")
    with pytest.raises(TocsinError):
        protocol(tmp_path)


def test_each_fault_of_a_protocol_is_found():
    good = PROTOCOLS["paper004"]

    def with_first(**changes: object) -> list[str]:
        first = good.chapters[0]
        rules = (replace(first.rules[0], **changes), *first.rules[1:])
        return problems(replace(good, chapters=(replace(first, rules=rules), *good.chapters[1:])))

    assert problems(good) == []
    assert with_first(source_text=" ") == ["C1.1: the words of its source are missing (source_text)"]
    assert with_first(mark=Mark.DECISION) == ["C1.1: it rests on a decision and does not say which (reading)"]
    assert with_first(action="Or nothing") == [
        "C1.1: an alternative must say to which rule (instead_of), else the audit counts one recommendation twice"]
    assert with_first(action="") == ["C1.1: it names no action"]
    assert with_first(when=NEVER) == ["C1.1: its condition does not say itself in words ('never')"]
    assert with_first(dose=Dose()) == ["C1.1: its dose has neither a number nor the source's own words (as_told)"]
    assert with_first(dose=Dose(0.0)) == ["C1.1: its dose is not above 0 mg at every weight"]
    assert with_first(dose=Dose(20.0, cap=10.0)) == ["C1.1: its dose exceeds its own maximum of 10 mg"]
