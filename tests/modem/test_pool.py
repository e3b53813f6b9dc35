"""Several modems: who may claim which texts, who stands in and when. How they send is tried in tests/pipeline."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.modem.pool import Load, Member, Pool, PoolSettings
from textback_pbx.outbox.share import EVERYTHING, Share
from textback_pbx.testing.clock import ManualClock

SALES, SERVICE = frozenset({"sales"}), frozenset({"service"})


@dataclass
class Stick:
    """What the pool sees of a modem."""

    name: str
    iccid: str | None = None
    no: str | None = None
    drained: bool = True

    def trouble(self):
        return self.no


class Bench:
    """Sticks a, b, c on a manual clock; ``loads`` is what their send loops say."""

    def __init__(self, *lines, stands_in=(), **settings):
        self.clock = ManualClock()
        self.sticks = [Stick(name, f"sim-{name}") for name, _ in zip("abc", lines, strict=False)]
        self.loads: dict[str, Load] = {}
        members = [
            Member(stick, frozenset(of), stands_in=not stands_in or stick.name in stands_in)
            for stick, of in zip(self.sticks, lines, strict=True)
        ]
        self.pool = Pool(
            members,
            self.clock,
            load=lambda name: self.loads.get(name, Load()),
            settings=PoolSettings(**settings) if settings else None,
        )

    def later(self, seconds):
        self.clock._move_to(self.clock.monotonic() + seconds)

    def share(self, name):
        return self.pool.share(name)

    def may(self, name, line, sim=None):
        """The claim's own condition, in Python."""
        share = self.share(name)
        if sim == f"sim-{name}":
            return True
        mine = (share.lines is None or line in share.lines) and line not in share.but
        return mine and sim not in share.elsewhere


def test_one_modem_may_claim_everything():
    assert Bench([]).share("a") == EVERYTHING


def test_each_serves_the_lines_that_name_it_and_the_others_the_rest():
    one = Bench([], SALES, SERVICE)
    assert one.share("a") == Share(None, SALES | SERVICE, frozenset({"sim-b", "sim-c"}))
    assert one.share("b") == Share(SALES, frozenset(), frozenset({"sim-a", "sim-c"}))
    assert [one.may(name, "office") for name in "abc"] == [True, False, False]
    assert [one.may(name, "a line that is configured no more") for name in "abc"] == [True, False, False]


def test_where_every_modem_has_its_lines_the_first_one_has_the_rest_too():
    one = Bench(SALES, SERVICE)
    assert [one.may(name, "office") for name in "ab"] == [True, False]
    assert [one.may(name, "sales") for name in "ab"] == [True, False]


def test_modems_that_no_line_names_share_the_work():
    one = Bench([], [])
    assert all(one.may(name, line) for name in "ab" for line in ("office", "sales"))


def test_a_conversation_stays_on_its_sim():
    one = Bench([], SALES)
    assert one.may("b", "office", "sim-b")  # even on another's line
    assert not one.may("a", "office", "sim-b")
    assert one.may("a", "office", "sim-of-a-stick-that-was-sold")


@pytest.mark.fault(29)
def test_a_failure_has_to_last_before_another_one_stands_in():
    one = Bench([], SALES, failover_s=30.0)
    a, _ = one.sticks
    a.no = "gone"
    one.pool.look()
    assert one.share("b").again_s == 30.0
    one.later(29.0)
    assert not one.may("b", "office")
    assert not one.may("b", "office", "sim-a")
    assert one.share("b").again_s == pytest.approx(1.0)
    one.later(1.0)
    assert one.may("b", "office")
    assert one.may("b", "office", "sim-a")
    assert one.share("b").again_s is None
    a.no = None
    assert not one.may("b", "office")
    a.no = "gone again"
    assert not one.may("b", "office")


def test_a_failure_counts_from_its_start_not_from_the_first_question():
    one = Bench([], SALES)
    one.sticks[0].no = "gone"
    one.pool.look()
    one.later(31.0)
    assert one.may("b", "office")


def test_one_that_is_stuck_in_a_text_is_stood_in_for():
    """A network may take three minutes to say no: the texts behind do not wait for it."""
    one = Bench([], SALES)
    one.loads["a"] = Load(busy_s=10.0)
    assert not one.may("b", "office")
    assert one.share("b").again_s == pytest.approx(20.0)
    one.loads["a"] = Load(busy_s=30.0)
    assert one.may("b", "office")


def test_a_spent_budget_calls_for_help():
    one = Bench([], SALES, budget_s=120.0)
    one.loads["a"] = Load(wait_s=120.0)
    assert not one.may("b", "office")
    one.loads["a"] = Load(wait_s=121.0)
    assert one.may("b", "office")


def test_nobody_stands_in_where_it_is_not_wanted():
    one = Bench([], SALES, SERVICE, stands_in=("c",))
    one.sticks[0].no = "gone"
    one.pool.look()
    one.later(60.0)
    assert [one.may(name, "office") for name in "bc"] == [False, True]


@pytest.mark.fault(11)
def test_the_others_wait_for_a_sim_that_is_not_read_but_not_for_ever():
    one = Bench([], SALES, failover_s=30.0)
    a, b = one.sticks
    assert one.pool.unread("b") is None
    a.drained = False
    assert one.pool.unread("b") == "texts that wait on the SIM of the modem a are read first"
    assert one.pool.unread("a") is None  # its own reading is its own trouble
    one.later(29.0)
    assert one.pool.unread("b")
    one.later(1.0)
    assert one.pool.unread("b") is None  # perhaps it never comes back
    a.drained = True
    one.pool.look()
    a.drained = b.drained = False
    assert one.pool.unread("b")
    assert one.pool.unread("a")


def test_names_are_unique():
    with pytest.raises(ValueError, match="two modems have one name: a, a"):
        Pool([Member(Stick("a")), Member(Stick("a"))], ManualClock(), load=lambda _: Load())


@given(
    lines=st.lists(st.sets(st.sampled_from(["sales", "service", "night"])), min_size=2, max_size=3),
    broken=st.lists(st.booleans(), min_size=3, max_size=3),
    line=st.sampled_from(["office", "sales", "service", "night", "gone"]),
    sim=st.sampled_from([None, "sim-a", "sim-b", "sim-c", "sim-z"]),
    short=st.booleans(),
)
def test_every_text_has_somebody_and_no_conversation_two(lines, broken, line, sim, short):
    """While one modem is well each text can be claimed; a conversation on the SIM of a well one by that alone."""
    one = Bench(*lines)
    for stick, gone in zip(one.sticks, broken, strict=False):
        stick.no = "gone" if gone else None
    one.pool.look()
    one.later(5.0 if short else 500.0)
    well = [stick for stick in one.sticks if stick.no is None]
    claimants = [stick.name for stick in well if one.may(stick.name, line, sim)]
    if sim in [stick.iccid for stick in well]:
        assert [f"sim-{name}" for name in claimants] == [sim]
    elif well and not short:
        assert claimants
