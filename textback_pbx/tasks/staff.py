"""Who works here, when, and whose turn it is: people, queues and the way a task takes when nobody does it; pure.

A name that stands as an owner is a person, a queue, ``admin`` (whoever has that role), or a desk ("front desk"): a
label that staff know and the program cannot ask. Whoever is chosen, somebody is: no answer is ever "nobody".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from textback_pbx.decision import hours
from textback_pbx.decision.hours import Schedule

#: The owner of what only the people with this role can mend.
ADMIN = "admin"
#: Absences of a person: (from, until) in ms UTC, half open.
Away = Mapping[str, Sequence[tuple[int, int]]]
_TRIES = 50


class Role(StrEnum):
    """What somebody is to the office."""

    STAFF = "staff"  # answers and calls back
    TECHNICIAN = "technician"  # out at the customers', answers from the phone
    MANAGER = "manager"  # may act on every thread
    ADMIN = "admin"  # the end of every chain, and whoever is told of broken phones


@dataclass(frozen=True, slots=True)
class Person:
    """One person. ``hours`` are the working hours; ``phone`` is E.164 or ''; ``next`` comes after them in a chain."""

    name: str
    role: Role = Role.STAFF
    hours: Schedule = field(default_factory=Schedule)
    phone: str = ""
    next: str = ""
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """People who share work, in turn. ``territory``: postcode prefixes; ``otherwise``: who has it when all are away."""

    name: str
    members: tuple[str, ...]
    territory: tuple[str, ...] = ()
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody, by name."""

    people: Mapping[str, Person] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)

    def admins(self) -> tuple[str, ...]:
        """Return whoever has the role, in the configuration's order."""
        return tuple(person.name for person in self.people.values() if person.role is Role.ADMIN)

    def of_phone(self, number: str) -> Person | None:
        """Return the person a number is registered to."""
        return next((person for person in self.people.values() if person.phone and person.phone == number), None)

    def phones(self) -> frozenset[str]:
        """Return every registered number."""
        return frozenset(person.phone for person in self.people.values() if person.phone)


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whose a task is. ``queue`` is where the turn was taken ('' for none); ``why`` says it in words."""

    owner: str
    queue: str
    why: str


def is_away(person: Person, at_ms: int, away: Away) -> bool:
    """Say whether somebody is absent, whatever the hour."""
    return any(start <= at_ms < end for start, end in away.get(person.name, ()))


def available(person: Person, at_ms: int, away: Away) -> bool:
    """Say whether somebody is at work at this instant."""
    return not is_away(person, at_ms, away) and hours.is_open(person.hours, at_ms)


def back_at(person: Person, at_ms: int, away: Away) -> int | None:
    """Return when somebody is next at work, ``at_ms`` itself if now; ``None``: not within the year ahead."""
    moment: int | None = at_ms
    for _ in range(_TRIES):
        moment = None if moment is None else hours.next_open([person.hours], moment)
        if moment is None:
            return None
        until = [end for start, end in away.get(person.name, ()) if start <= moment < end]
        if not until:
            return moment
        moment = max(until)
    return None


def assign(staff: Staff, owner: str, at_ms: int, *, turns: Mapping[str, int], away: Away) -> Assigned:
    """Return whose a task is that ``owner`` (a person, a queue, ``admin`` or a desk) is to have at ``at_ms``.

    ``turns`` are the queue's last turns by member; who is not in it has never had one. A person who is not there is
    stood in for along ``next``, by somebody who is; where nobody is, it is whoever is back first.
    """
    queue = _queue(staff, owner)
    if queue is not None:
        return _in_turn(staff, queue, at_ms, turns, away)
    person = staff.people.get(owner)
    if person is None or available(person, at_ms, away):
        return Assigned(owner, "", "named" if person else "a desk")
    for name in _nexts(staff, owner):
        stand_in = staff.people.get(name)
        if stand_in is not None and available(stand_in, at_ms, away):
            return Assigned(name, "", f"stands in for {owner}, who is not there")
    if is_away(person, at_ms, away):
        back = back_at(person, at_ms, away)
        others = [(at, n) for n in staff.admins() if n != owner and (at := _back(staff, n, at_ms, away)) is not None]
        if others and (back is None or min(others)[0] < back):
            return Assigned(min(others)[1], "", f"stands in for {owner}, who is away")
    return Assigned(owner, "", "named; not at work now")


def _queue(staff: Staff, owner: str) -> Queue | None:
    if owner == ADMIN and owner not in staff.people and owner not in staff.queues:
        admins = staff.admins()
        return Queue(ADMIN, admins) if admins else None
    queue = staff.queues.get(owner)
    return queue if queue is not None and queue.members else None


def _in_turn(staff: Staff, queue: Queue, at_ms: int, turns: Mapping[str, int], away: Away) -> Assigned:
    members = [staff.people[name] for name in queue.members if name in staff.people]
    order = {person.name: (turns.get(person.name, 0), place) for place, person in enumerate(members)}
    there = [person for person in members if available(person, at_ms, away)]
    if there:
        first = min(there, key=lambda person: order[person.name])
        return Assigned(first.name, queue.name, f"in turn in {queue.name}")
    other = staff.people.get(queue.otherwise)
    if queue.otherwise and (other is None or available(other, at_ms, away)):
        return Assigned(queue.otherwise, "", f"nobody of {queue.name} is there")
    backs = [(at, *order[p.name], p.name) for p in members if (at := back_at(p, at_ms, away)) is not None]
    if backs:
        return Assigned(min(backs)[-1], queue.name, f"the first of {queue.name} who is back")
    last = queue.otherwise or (members[0].name if members else queue.name)
    return Assigned(last, "", f"nobody of {queue.name} comes back within the year")


def _back(staff: Staff, name: str, at_ms: int, away: Away) -> int | None:
    return back_at(staff.people[name], at_ms, away)


def _nexts(staff: Staff, owner: str) -> Iterator[str]:
    """Yield who comes after somebody, without going in a circle."""
    seen, person = {owner}, staff.people.get(owner)
    while person is not None and person.next and person.next not in seen:
        seen.add(person.next)
        yield person.next
        person = staff.people.get(person.next)


def chain(staff: Staff, owner: str, *, queue: str = "", line_owner: str = "") -> tuple[str, ...]:
    """Return who has a task when deadlines pass: its owner, each ``next``, the queue, the line's owner, admins."""
    names: list[str] = [owner, *_nexts(staff, owner)]
    if len(names) == 1 and queue in staff.queues:
        names += staff.queues[queue].members
    if line_owner in staff.people:
        names.append(line_owner)
    elif line_owner in staff.queues:
        names += staff.queues[line_owner].members
    names += staff.admins()
    return tuple(dict.fromkeys(name for name in names if name == owner or name in staff.people))
