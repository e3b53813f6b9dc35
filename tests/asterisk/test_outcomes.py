"""Every scenario of the table, played on a real Asterisk, folded from what each of the two accounts saw."""

import pytest

from tests.asterisk.conftest import majors
from tests.asterisk.scenarios import for_version
from textback_pbx.calls.outcome import judge
from textback_pbx.calls.replay import replay

ROWS = [
    pytest.param(major, scenario.name, id=f"{major}-{scenario.name}")
    for major in majors()
    for scenario in for_version(major)
]


@pytest.mark.parametrize(("major", "name"), ROWS)
def test_the_outcome_a_person_would_name(played, major, name):
    table = played.on(major)
    if failure := table.failures.get(name):
        raise failure
    recording = table.recordings[name]
    withheld = any(caller.withheld for caller in recording.scenario.callers)
    wanted = [(call.uniqueid, call.dialled, call.expected.outcome, withheld) for call in recording.calls]
    for view in (recording.minimal, recording.full):
        records = replay([view])
        verdicts = [judge(record) for record in records]
        seen = [(r.uniqueid, r.dialled, v.outcome.value, r.withheld) for r, v in zip(records, verdicts, strict=True)]
        assert seen == wanted
        details = [
            call.expected.detail or verdict.detail for call, verdict in zip(recording.calls, verdicts, strict=True)
        ]
        assert [verdict.detail for verdict in verdicts] == details
        if not withheld:
            assert [record.caller for record in records] == [call.caller for call in recording.calls]
