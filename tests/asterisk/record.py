"""`python -m tests.asterisk.record [--asterisk 22] [NAME...]`: plays the table and keeps the recordings.

Writes tests/calls/recordings_bench/<version>/NAME.minimal.ami (what `read = call,agent,user` saw), NAME.full.ami
(`read = all`) and index.json. With names only those are made anew. Needs root, as `make test-asterisk` does.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.asterisk.bench import Recording
from tests.asterisk.install import RELEASES, BenchProblem, ensure_root
from tests.asterisk.isolate import isolate
from tests.asterisk.play import office_of, play
from tests.asterisk.scenarios import for_version

FOLDER = Path(__file__).parents[1] / "calls" / "recordings_bench"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 1 when a scenario could not be played, 2 when the machine lacks something."""
    parser = argparse.ArgumentParser(prog="python -m tests.asterisk.record", description=__doc__)
    parser.add_argument("--asterisk", type=int, action="append", choices=sorted(RELEASES), help="default: all of them")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; default: all of them")
    chosen = parser.parse_args(arguments)
    majors = chosen.asterisk or sorted(RELEASES)
    try:
        for major in majors:
            ensure_root(major)
        isolate()
        return max(_record(major, chosen.names) for major in majors)
    except BenchProblem as problem:
        print(problem, file=sys.stderr)
        return 2


def _record(major: int, names: list[str]) -> int:
    wanted = tuple(scenario for scenario in for_version(major) if not names or scenario.name in names)
    played = play(wanted, partial(office_of, major))
    folder = FOLDER / str(major)
    folder.mkdir(parents=True, exist_ok=True)
    index_file = folder / "index.json"
    index = json.loads(index_file.read_text()) if names and index_file.exists() else {}
    for scenario in wanted:
        if recording := played.recordings.get(scenario.name):
            (folder / f"{scenario.name}.minimal.ami").write_bytes(recording.minimal)
            (folder / f"{scenario.name}.full.ami").write_bytes(recording.full)
            index[scenario.name] = index_entry(recording)
    for file in folder.glob("*.ami"):
        if file.name.partition(".")[0] not in index:
            file.unlink()
    index_file.write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")
    print(f"Asterisk {major}: {len(played.recordings)} recordings in {played.seconds:.0f} s")
    for name, error in played.failures.items():
        print(f"  {name}: {error!r}", file=sys.stderr)
    return 1 if played.failures else 0


def index_entry(recording: Recording) -> dict[str, Any]:
    """What happened and, for each customer call in order, what a person would name it."""
    calls = []
    for call in recording.calls:
        entry: dict[str, Any] = {"uniqueid": call.uniqueid, "caller": call.caller, "dialled": call.dialled}
        entry |= {"outcome": call.expected.outcome}
        if call.expected.detail:
            entry["detail"] = call.expected.detail
        if any(caller.withheld for caller in recording.scenario.callers):
            entry["withheld"] = True
        calls.append(entry)
    return {"what": recording.scenario.what, "calls": calls}


if __name__ == "__main__":
    sys.exit(main())
