"""Virtual patients in time: advance, observe, dose, and advance again.

What a closed loop needs: a stop costs little, and a dose can be given to some patients at any stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.care import Care, CareState
from tocsin.model.care import policy as default_policy
from tocsin.model.compile import compile_system
from tocsin.model.dosing import HOURS_A_DAY, NO_DOSES, Doses, Order, doses, events, parse
from tocsin.model.numbers import Numbers
from tocsin.model.observe import observe, observing
from tocsin.model.patients import VirtualPatients
from tocsin.model.solver import Compiled
from tocsin.model.system import System
from tocsin.model.trajectories import Failure, State
from tocsin.timeline import Timeline

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

AT_START, CAR_DOSE, CAR_INFUSION = "car_at_start", "car_dose", "car_t_infusion"
"""The parameters that say whether the cells are there at the start and how many, and the drug that they are when they come later."""
MOST_DAYS = 3650.0
LOOK_BACK = 48
"""Hours before the new ones that an observation may depend on: the longest interval between two neurological examinations."""


@dataclass
class Course:
    """Patients on their way: made by ``Course.start``.

    ``hours`` (hours,) so far, ``values`` (patients, hours, outputs) with the names ``names``, ``given`` the doses planned so far.
    """

    system: System
    compiled: Compiled
    patients: VirtualPatients
    seed: int
    policy: Numbers
    how: Numbers
    hours: F64
    names: tuple[str, ...]
    given: Doses
    orders: tuple[Order, ...]
    parameters: F64
    car_later: bool
    state: State | None = None
    failures: tuple[Failure, ...] = ()
    _untold: Doses = NO_DOSES
    _pieces: list[F64] = field(default_factory=list)
    _cared: list[Care] = field(default_factory=list)
    _care_state: CareState | None = None
    _told: float = -np.inf

    @classmethod
    def start(
        cls, system: System, patients: VirtualPatients, *, seed: int | None = None, schedule: str | Sequence[Order] = "", start_day: float = 0.0,
        policy: Numbers | None = None, how: Numbers | None = None,
    ) -> Course:
        """Begin at ``start_day`` (0, or before it for prophylaxis: then the CAR-T cells come at day 0).

        ``seed``: of the measurements; by default that of the patients.  ``schedule``: doses known from the start, as text or orders.
        Raises ModelError for a start, dose or parameter of a patient that is impossible.
        """
        patients.check(system)
        orders = parse(schedule, tuple(system.drugs)) if isinstance(schedule, str) else tuple(schedule)
        first = min((h for o in orders for h in o.hours), default=0.0)
        begins = min(start_day * HOURS_A_DAY, np.floor(first / HOURS_A_DAY) * HOURS_A_DAY)
        if not (begins <= 0 and np.isfinite(begins) and float(begins).is_integer()):
            raise ModelError(f"a course cannot begin at day {start_day:g}; it begins at day 0, or some whole hours before it.")
        parameters = patients.parameters
        if begins < 0:
            parameters = patients.with_values(system, **{AT_START: 0.0}).parameters
        course = cls(system, compile_system(system), patients, patients.seed if seed is None else seed, policy or default_policy(), how or observing(),
                     np.array([float(begins)]), (), NO_DOSES, (), parameters, bool(begins < 0))
        if begins < 0:
            n = len(patients)
            course.given = course._untold = Doses((CAR_INFUSION,), np.arange(n, dtype=np.int64), np.zeros(n), np.zeros(n, np.int64), patients.values(CAR_DOSE),
                                                  np.zeros(n), np.zeros(n, np.bool_))
        course.give(orders)
        return course

    @property
    def hour(self) -> float:
        """Where the patients stand, in hours after the infusion."""
        return float(self.hours[-1])

    @property
    def values(self) -> F64:
        """The outputs so far (patients, hours, outputs)."""
        if not self._pieces:
            raise ModelError("nothing has been simulated yet: advance first.")
        if len(self._pieces) > 1:
            self._pieces = [np.concatenate(self._pieces, axis=1)]
        return self._pieces[0]

    def advance(self, to_day: float) -> None:
        """Go on to this day.  ModelError when it is not later than now, or not at a whole hour."""
        end = to_day * HOURS_A_DAY
        if not np.isfinite(end) or end <= self.hour or abs(end - round(end)) > 1e-6:
            raise ModelError(f"the patients stand at day {self.hour / HOURS_A_DAY:g} and cannot advance to day {to_day:g}: a later one, at a whole hour.")
        if end > MOST_DAYS * HOURS_A_DAY:
            raise ModelError(f"day {to_day:g} is beyond what is simulated, {MOST_DAYS:g} days.")
        new = np.arange(self.hour + (1.0 if self._pieces else 0.0), round(end) + 1.0)
        found = self.compiled.solve(
            self.parameters if self.state is None else None, times=new / HOURS_A_DAY, events=events(self.system, self._untold, self.parameters),
            state=self.state, start=self.hour / HOURS_A_DAY)
        self._untold = NO_DOSES
        self._pieces.append(np.asarray(found.values, np.float64))
        self.state, self.failures, self.names = found.state, found.failures, found.names
        self.hours = new if len(self._pieces) == 1 else np.concatenate([self.hours, new])

    def dose(self, text: str, patients: Sequence[str] | I64 | None = None) -> Doses:
        """Give doses from now on, to all patients or to those named (or numbered); "tocilizumab 8 mg/kg" without a time is given now.

        The doses that were planned are returned.  ModelError for one in the past.
        """
        orders = parse(text, tuple(self.system.drugs), self.hour)
        return self.give(orders, self._rows(patients))

    def give(self, orders: Sequence[Order], rows: I64 | None = None) -> Doses:
        """The same for orders, and patients by row number."""
        late = min((h for o in orders for h in o.hours), default=np.inf)
        if late < self.hour:
            raise ModelError(f"a dose at day {late / HOURS_A_DAY:g} cannot be given: the patients stand at day {self.hour / HOURS_A_DAY:g}.")
        planned = doses(orders, self.patients.weight_kg, rows)
        self.given, self._untold = self.given.and_also(planned), self._untold.and_also(planned)
        self.orders = (*self.orders, *orders)
        return planned

    def _rows(self, patients: Sequence[str] | I64 | None) -> I64 | None:
        if patients is None:
            return None
        place = {name: i for i, name in enumerate(self.patients.ids)}
        rows = []
        for who in patients:
            if isinstance(who, str) and who not in place:
                raise UnknownIdError("patient", who, place)
            row = place[who] if isinstance(who, str) else int(who)
            if not 0 <= row < len(place):
                raise ModelError(f"there are patients 0 to {len(place) - 1}, and none is number {row}.")
            rows.append(row)
        return np.array(rows, np.int64)

    def observe(self, new: bool = False) -> Timeline:
        """The record so far; with ``new`` only what has come since the last time it was asked for.

        Supportive care goes on where it stood; what was measured once stays as it was.
        """
        if not self._pieces:
            raise ModelError("nothing has been simulated yet: advance first.")
        car_dose = None if self.car_later or CAR_DOSE not in self.patients.names else self.patients.values(CAR_DOSE)
        done = sum(len(c.hours) for c in self._cared)
        # what is new depends on no more than the hours just before it
        first = max(int((self.hours <= self._told).sum()) - LOOK_BACK, 0) if new else 0
        values = _tail(self._pieces, len(self.hours) - first) if new else self.values
        care = None
        if done > first:
            parts: list[Care] = []
            for part in reversed(self._cared):
                parts.insert(0, part)
                if sum(len(p.hours) for p in parts) >= done - first:
                    break
            care = parts[0].then(*parts[1:]).since(first - done)
        seen = observe(
            values, self.names, self.hours[first:], self.patients, self.given, seed=self.seed, policy=self.policy, how=self.how, car_dose=car_dose,
            care=care, state=self._care_state, rows_from=np.nextafter(self._told, np.inf) if new else -np.inf)
        self._care_state, self._told = seen.state, self.hour
        self._cared.append(seen.care.since(max(done - first, 0)))
        return seen.timeline


def _tail(pieces: Sequence[F64], hours: int) -> F64:
    """The last hours of the pieces, without joining them all."""
    kept: list[F64] = []
    for piece in reversed(pieces):
        kept.insert(0, piece)
        if sum(p.shape[1] for p in kept) >= hours:
            break
    whole = np.concatenate(kept, axis=1) if len(kept) > 1 else kept[0]
    return whole[:, whole.shape[1] - hours:]
