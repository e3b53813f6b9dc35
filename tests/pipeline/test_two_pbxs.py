"""Two PBXs and one agent: each has its session, its lines, its gaps and its place on the board; one may freeze."""

import pytest

from tests.pipeline.support import CALLER, Office, until
from textback_pbx import agent as agent_module
from textback_pbx.config import parse
from textback_pbx.config.problems import ConfigProblem
from textback_pbx.health import read_all
from textback_pbx.testing.ami_script import SCRIPTS, Call
from textback_pbx.testing.asterisk import AmiServer

OTHER = "+447700900123"
LINES = """
[[lines]]
name = "front desk"
dialled = ["5001"]
pbx = "pbx"
[[lines]]
name = "workshop"
dialled = ["5001"]
pbx = "branch"
business = "Lakeside Workshop"
"""
EXTRA = """
[[pbx]]
name = "branch"
port = {port}
secret = "secret"
liveness_seconds = 5
without_presentation = true
"""


class Two:
    """An office with a second PBX."""

    def __init__(self, office: Office, branch: AmiServer) -> None:
        self.office, self.branch = office, branch

    async def call(self, pbx: AmiServer, script: str = "rang_out", caller: str = CALLER, **options) -> str:
        call = Call(pbx.counter, caller, dialled="5001", **options)
        SCRIPTS[script](call, **({"seconds": 0.05} if script in ("rang_out", "gave_up") else {}))
        await pbx.run(call)
        return call.uniqueid

    def note(self, name: str):
        return self.office.agent.board.get(f"ami:{name}")

    async def well(self, name: str, state: str = "ok") -> None:
        async def there():
            note = self.note(name)
            return note is not None and note.state == state and "connecting" not in note.message

        await until(there, f"{name} is {state}")


@pytest.fixture
async def two(tmp_path):
    branch = AmiServer()
    async with branch:
        office = Office(tmp_path, extra=EXTRA.format(port=branch.port) + LINES)
        async with office.pbx, office.modem:
            office._well = _both_well(office)
            await office.start()
            try:
                yield Two(office, branch)
            finally:
                branch.thaw()
                await office.stop()


def _both_well(office):
    async def well(component):
        assert not office._task.done() or office._task.result()
        names = ("ami:pbx", "ami:branch") if component == "ami" else (component,)
        notes = [office.agent.board.get(name) for name in names]
        return all(note and note.state != "fail" and "connecting" not in note.message
                   and "set up" not in note.message for note in notes)  # fmt: skip

    return well


async def test_the_same_number_and_uniqueid_on_two_pbxs_are_two_calls_on_two_lines(two):
    await two.office.consent()
    await two.office.consent(OTHER)
    first = await two.call(two.office.pbx)
    second = await two.call(two.branch, caller=OTHER)
    assert first.rpartition(".")[2] == second.rpartition(".")[2]  # both have counted from the same beginning

    async def both():
        sql = "SELECT call_key, pbx, line, caller FROM calls WHERE state = 'decided' ORDER BY pbx"
        rows = await two.office.rows(sql)
        return rows if len(rows) == 2 else None

    branch, here = await until(both, "both calls are decided")
    assert (branch["pbx"], branch["line"], branch["caller"]) == ("branch", "workshop", OTHER)
    assert (here["pbx"], here["line"], here["caller"]) == ("pbx", "front desk", CALLER)
    assert branch["call_key"].startswith("branch/")
    assert here["call_key"].startswith("pbx/")


async def test_keys_differ_even_where_everything_but_the_pbx_is_the_same(two):
    two.branch.started, two.branch.system = two.office.pbx.started, two.office.pbx.system
    for name, pbx in (("pbx", two.office.pbx), ("branch", two.branch)):
        pbx.cut()
        await until(lambda name=name: _is(two, name, "fail"), f"{name}: the cut is noticed")
    await two.well("pbx")
    await two.well("branch")
    call = Call(two.office.pbx.counter, CALLER, dialled="5001")
    SCRIPTS["rang_out"](call, seconds=0.02)
    await two.office.pbx.run(call)
    await two.branch.run(call)  # the very same bytes

    async def both():
        rows = await two.office.rows("SELECT call_key, uniqueid FROM calls")
        return rows if len(rows) == 2 else None

    one, other = await until(both, "both are stored")
    assert one["uniqueid"] == other["uniqueid"]
    assert one["call_key"].partition("/")[2] == other["call_key"].partition("/")[2]
    by_name = await two.office.story(f"branch/{call.uniqueid}")
    assert by_name["call"]["pbx"] == "branch"


@pytest.mark.fault(23)
async def test_one_pbx_freezes_and_the_other_goes_on(two):
    two.branch.freeze()
    await until(lambda: _is(two, "branch", "fail"), "the frozen one is noticed", 20)
    assert two.note("pbx").state == "ok"
    await two.call(two.office.pbx)

    async def stored():
        return await two.office.rows("SELECT pbx FROM calls")

    assert await until(stored, "the other one's call is stored") == [{"pbx": "pbx"}]
    assert await two.office.rows("SELECT pbx FROM gaps WHERE until_ms IS NULL") == [{"pbx": "branch"}]
    two.branch.thaw()
    await two.well("branch")
    assert await two.office.rows("SELECT pbx FROM gaps WHERE until_ms IS NULL") == []


async def _is(two, name, state):
    note = two.note(name)
    return note is not None and note.state == state


async def test_a_pbx_that_hides_presentation_is_opted_in_alone(two):
    """An Asterisk without channelvars: only the PBX whose table says so is texted from."""
    await two.office.consent()
    await two.office.consent(OTHER)
    first = await two.call(two.office.pbx, presentation=None)
    await two.call(two.branch, caller=OTHER, presentation=None)
    refused = await two.office.decided(first)
    assert (refused["decision"]["verdict"], refused["decision"]["rule"]) == ("task", "presentation")
    (branch,) = await two.office.rows("SELECT id FROM calls WHERE pbx = 'branch'")
    texted = await two.office.decided(str(branch["id"]))
    assert texted["decision"]["rule"] != "presentation"


async def test_a_pbx_that_is_configured_no_more_leaves_the_board(two):
    office = two.office
    await office.agent.board.save(office.database)
    async with office.database.read() as tx:
        assert {"ami:pbx", "ami:branch"} <= {note.component for note in await read_all(tx)}
    async with office.database.transaction() as tx:
        await agent_module.forget_others(tx, "ami", ["ami"])
        assert {n.component for n in await read_all(tx)} & {"ami:pbx", "ami:branch"} == set()


BASE = '[office]\nname = "x"\n'
LINE = '[[lines]]\nname = "{}"\ndialled = ["1"]\npbx = "{}"\n'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["pbx"]),
        ('[ami]\nhost = "192.0.2.1"\n', ["pbx"]),
        ('[[pbx]]\nname = "a"\n[[pbx]]\nname = "b"\n', ["a", "b"]),
        ('[ami]\nname = "main"\n[[pbx]]\nname = "b"\n', ["main", "b"]),
    ],
)
def test_which_pbxs_a_configuration_names(text, names, tmp_path):
    assert [pbx.name for pbx in parse(BASE + text, tmp_path / "c").pbxs()] == names


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[pbx]]\nname = "a"\n[[pbx]]\nname = "a"\n', "two are named 'a'"),
        ("[[pbx]]\nport = 5039\n", "pbx.0.name: must be set"),
        ('[[pbx]]\nname = "a/b"\n', "pbx.0.name"),
        ('[[pbx]]\nname = "a"\nsecret = "x"\nsecret_file = "/none"\n', "pbx.0: secret and secret_file are both set"),
        ('[[pbx]]\nname = "a"\n' + LINE.format("l", "b"), "no PBX is named 'b'; there are: a"),
        (LINE.format("l", "pbx") + LINE.format("m", "pbx"), "'1' is dialled for two of them on the PBX 'pbx'"),
    ],
)
def test_what_is_wrong_with_several_pbxs_is_said(text, words, tmp_path):
    with pytest.raises(ConfigProblem, match=words.replace("[", r"\[")):
        parse(BASE + text, tmp_path / "c")
