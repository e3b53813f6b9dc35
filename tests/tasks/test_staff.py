"""Who has a task: always somebody, in turn among those at work, stood in for by somebody who is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.decision.hours import Schedule, every_day, parse_week
from textback_pbx.tasks.book import Priority
from textback_pbx.tasks.escalation import EscalationSettings, Late, escalate
from textback_pbx.tasks.staff import Person, Queue, Role, Staff, assign, available, back_at, chain

TUESDAY_10 = 1_795_536_000_000  # in Chicago
DAYTIME = Schedule(zone="America/Chicago")
ALWAYS = Schedule(every_day("0:00", "24:00"), "America/Chicago")
NEVER = Schedule(parse_week({}), "America/Chicago")
NAMES = ("ann", "bob", "cas", "dee")


def staff_of(*people, queues=()):
    return Staff({one.name: one for one in people}, {one.name: one for one in queues})


def queue_of(members, **more):
    return Queue("all", tuple(members), **more)


schedules = st.sampled_from([DAYTIME, ALWAYS, NEVER, Schedule(every_day("20:00", "23:00"), "Europe/London")])
people = st.builds(
    Person,
    name=st.sampled_from(NAMES),
    role=st.sampled_from(Role),
    hours=schedules,
    next=st.sampled_from(["", *NAMES, "gone"]),
)
spans = st.tuples(st.integers(-3, 3), st.integers(1, 5)).map(
    lambda t: (TUESDAY_10 + t[0] * DAY_MS, TUESDAY_10 + (t[0] + t[1]) * DAY_MS)
)


@given(
    everybody=st.lists(people, max_size=4, unique_by=lambda one: one.name),
    owner=st.sampled_from([*NAMES, "all", "admin", "front desk"]),
    away=st.dictionaries(st.sampled_from(NAMES), st.lists(spans, max_size=2)),
    otherwise=st.sampled_from(["", *NAMES, "front desk"]),
    hour=st.integers(0, 7 * 24),
)
def test_there_is_always_an_owner_and_it_is_one_who_may_be(everybody, owner, away, otherwise, hour):
    staff = staff_of(*everybody, queues=[queue_of(NAMES, otherwise=otherwise)])
    at_ms = TUESDAY_10 + hour * HOUR_MS
    found = assign(staff, owner, at_ms, turns={}, away=away)
    assert found.owner
    there = [one.name for one in everybody if available(one, at_ms, away)]
    if owner == "all" and there:
        assert found.owner in there
        assert found.queue == "all"
    if owner in there:
        assert found.owner == owner
    if found.queue:
        assert found.owner in staff.people
    whole = chain(staff, found.owner, queue=found.queue, line_owner=otherwise)
    assert len(set(whole)) == len(whole)
    assert whole[0] == found.owner
    assert set(staff.admins()) <= set(whole)


@given(
    people=st.lists(st.sampled_from([DAYTIME, ALWAYS]), min_size=1, max_size=4),
    tasks=st.integers(1, 30),
    data=st.data(),
)
def test_turns_are_fair_among_those_at_work(people, tasks, data):
    """Whoever was at work all the time has had as many as anybody else, give or take one."""
    members = [Person(name, hours=hours) for name, hours in zip(NAMES, people, strict=False)]
    staff = staff_of(*members, queues=[queue_of(one.name for one in members)])
    turns, given_to, at_ms = {}, Counter({one.name: 0 for one in members}), TUESDAY_10
    absent = data.draw(st.sets(st.sampled_from([one.name for one in members])))
    away = {name: [(TUESDAY_10 + HOUR_MS, TUESDAY_10 + 3 * HOUR_MS)] for name in absent}
    for n in range(tasks):
        at_ms += 7 * MINUTE_MS
        found = assign(staff, "all", at_ms, turns=turns, away=away)
        turns[found.owner] = n + 1
        given_to[found.owner] += 1
        if any(available(one, at_ms, away) for one in members):
            assert available(staff.people[found.owner], at_ms, away)
    steady = [given_to[one.name] for one in members if one.name not in absent and one.hours is ALWAYS]
    assert max(steady, default=0) - min(steady, default=0) <= 1


@given(spans_=st.lists(spans, max_size=3), hour=st.integers(0, 200))
def test_who_is_back_is_at_work_then_and_not_before(spans_, hour):
    person, at_ms = Person("ann", hours=DAYTIME), TUESDAY_10 + hour * HOUR_MS
    away = {"ann": spans_}
    back = back_at(person, at_ms, away)
    assert back is not None
    assert available(person, back, away)
    for moment in range(at_ms, min(back, at_ms + 20 * HOUR_MS), HOUR_MS // 2):
        assert not available(person, moment, away)


def test_a_stand_in_is_found_along_the_chain_and_a_circle_ends():
    ann, bob = Person("ann", hours=NEVER, next="bob"), Person("bob", hours=NEVER, next="ann")
    assert assign(staff_of(ann, bob), "ann", TUESDAY_10, turns={}, away={}).owner == "ann"
    cas = Person("cas", hours=ALWAYS)
    staff = staff_of(ann, Person("bob", hours=NEVER, next="cas"), cas)
    assert assign(staff, "ann", TUESDAY_10, turns={}, away={}).owner == "cas"
    assert chain(staff, "ann") == ("ann", "bob", "cas")


def test_away_for_long_an_admin_who_is_back_sooner_has_it():
    ann, ada = Person("ann", hours=DAYTIME), Person("ada", Role.ADMIN, hours=DAYTIME)
    away = {"ann": [(TUESDAY_10 - 1, TUESDAY_10 + 9 * DAY_MS)]}
    assert assign(staff_of(ann, ada), "ann", TUESDAY_10 + 12 * HOUR_MS, turns={}, away=away).owner == "ada"
    assert assign(staff_of(ann, ada), "ann", TUESDAY_10 + 12 * HOUR_MS, turns={}, away={}).owner == "ann"


def test_admin_is_whoever_has_the_role_and_a_label_where_nobody_has():
    assert assign(staff_of(), "admin", TUESDAY_10, turns={}, away={}).owner == "admin"
    ada = Person("ada", Role.ADMIN, hours=ALWAYS)
    assert assign(staff_of(ada), "admin", TUESDAY_10, turns={}, away={}).owner == "ada"


# escalation ------------------------------------------------------------------------------------------------------


def late(**changes):
    values = {"owner": "ann", "queue": "", "priority": Priority.NORMAL, "level": 0, "tried": frozenset({"ann"})}
    return Late(**{**values, "line_owner": "front desk", **changes})


def stepped(staff, **changes):
    return escalate(
        late(**changes),
        staff,
        TUESDAY_10,
        away={},
        business_deadline=lambda at_ms, minutes: at_ms + minutes * MINUTE_MS,
        settings=EscalationSettings(),
    )


@given(
    everybody=st.lists(people, max_size=4, unique_by=lambda one: one.name),
    owner=st.sampled_from([*NAMES, "front desk"]),
    priority=st.sampled_from(Priority),
    level=st.integers(0, 9),
    tried=st.frozensets(st.sampled_from(NAMES)),
    fresh=st.booleans(),
)
def test_every_step_has_an_owner_somebody_told_and_a_next_step(  # noqa: PLR0917 - drawn
    everybody, owner, priority, level, tried, fresh
):
    staff = staff_of(*everybody, queues=[queue_of(NAMES)])
    found = stepped(staff, owner=owner, queue="all", priority=priority, level=level, tried=tried | {owner}, fresh=fresh)
    assert found.owner
    assert found.next_ms > TUESDAY_10
    assert found.owner in found.tell or found.alarm
    if found.owner != owner:
        assert found.owner not in tried
        assert owner in found.tell
        assert available(staff.people[found.owner], TUESDAY_10, {}) or staff.people[found.owner].role is Role.ADMIN
    assert (found.what == "overdue") is (level == 0)


def test_who_comes_to_work_first_gets_what_is_late_and_not_whoever_is_there_at_noon():
    """An urgent task of the night, no admin: it goes on when the morning's first arrives."""
    ann = Person("ann", hours=NEVER, next="bob")
    staff = staff_of(ann, Person("bob", hours=ALWAYS))
    back_ms = TUESDAY_10 + 12 * 60 * MINUTE_MS
    found = escalate(
        late(priority=Priority.URGENT),
        staff,
        TUESDAY_10,
        away={"bob": [(TUESDAY_10 - 1, back_ms)]},
        business_deadline=lambda at_ms, minutes: at_ms + 1_000 * MINUTE_MS + minutes * MINUTE_MS,
        settings=EscalationSettings(),
    )
    assert (found.owner, found.next_ms) == ("ann", back_ms)


def test_the_chain_is_owner_next_admin_and_ends_in_reminders():
    ann = Person("ann", hours=ALWAYS, next="bob")
    staff = staff_of(ann, Person("bob", hours=ALWAYS), Person("ada", Role.ADMIN, hours=NEVER))
    steps, tried, owner = [], {"ann"}, "ann"
    for level in range(5):
        found = stepped(staff, owner=owner, level=level, tried=frozenset(tried))
        steps.append((found.what, found.owner))
        owner = found.owner
        tried.add(owner)
    assert steps == [("overdue", "bob"), ("escalated", "ada"), *[("reminded", "ada")] * 3]
    urgent = stepped(staff, priority=Priority.URGENT)
    assert urgent.next_ms == TUESDAY_10 + 5 * MINUTE_MS
    emergency = stepped(staff, priority=Priority.EMERGENCY)
    assert (emergency.owner, emergency.tell) == ("ann", ("ann", "bob", "ada"))
    assert stepped(staff, priority=Priority.EMERGENCY, fresh=True).tell == ("bob", "ada")
