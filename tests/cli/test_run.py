"""``textback-pbx run`` as a process: what it cannot start on, what it survives, and how it stops."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tests.cli.test_every_command import CONFIG, damage, make_database

PROGRAM = [sys.executable, "-m", "textback_pbx"]
SETUP = 3
HELD = "the modem cannot be reached"


@pytest.fixture
def office(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path))
    return tmp_path


def environment():
    return {key: value for key, value in os.environ.items() if not key.startswith(("TEXTBACK_PBX", "JOURNAL_STREAM"))}


def command(folder, *words, config="config.toml"):
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *words, "--config", folder / config],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
        env=environment(),
    )


class Running:
    """An agent in a process of its own; its log is read line by line."""

    def __init__(self, folder):
        self.log = []
        self.process = subprocess.Popen(
            [*PROGRAM, "run", "--config", folder / "config.toml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def until(self, words):
        """Read the log up to a line with these words."""
        for line in self.process.stderr:
            self.log.append(line)
            if words in line:
                return
        pytest.fail(f"the agent ended without {words!r}:\n{''.join(self.log)}")

    def stop(self, number=signal.SIGTERM):
        """Stop it; return its exit status and the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.log += self.process.stderr.readlines()
        return self.process.wait(20), time.monotonic() - begun


def refused(folder, *words, config="config.toml"):
    """The agent does not start: exit status 3, which systemd takes as final, and words without a traceback."""
    done = command(folder, "run", config=config)
    assert done.returncode == SETUP, done.stderr
    assert "Traceback" not in done.stderr
    for expected in words:
        assert expected in done.stderr
    return done.stderr


@pytest.mark.fault(49)
def test_a_wrong_configuration_names_every_problem_and_starts_nothing(office):
    (office / "wrong.toml").write_text(
        '[office]\nnam = "x"\n[hours]\nmonday = ["8-5"]\n[ami]\nport = 0\n[rules]\nper_hour = "many"\n[bogus]\nx = 1\n'
    )
    report = refused(office, "wrong.toml cannot be used, 6 problems:", config="wrong.toml")
    for key in ("office.name", "office.nam", "hours.monday", "ami.port", "rules.per_hour", "bogus"):
        assert f"{key}: " in report
    assert [path.name for path in office.glob("*.sqlite*")] == []


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("[office", "is not valid TOML"),
        ("", "office: must be set"),
        ('[office]\nname = "x"\n[ami]\nsecret_file = "/nonexistent"\n', "line 4: ami.secret_file: cannot be read"),
    ],
    ids=["missing", "no_toml", "empty", "secret_file"],
)
def test_a_configuration_that_is_none(office, text, words):
    if text is not None:
        (office / "x.toml").write_text(text)
    refused(office, words, config="x.toml")


@pytest.mark.fault(17)
def test_a_damaged_database_is_refused_with_the_way_back(office):
    (office / "textback.sqlite").write_bytes(b"this is no database at all" * 400)
    refused(office, "restore the newest backup")
    assert (office / "textback.sqlite").read_bytes().startswith(b"this is no database")


@pytest.mark.fault(17)
def test_damage_inside_the_file_is_found_at_the_start(office):
    damage(make_database(office))
    refused(office, "restore the newest backup")


def test_a_folder_as_the_database_and_a_missing_folder(office):
    config = CONFIG.format(folder=office)
    (office / "folder.toml").write_text(config.replace("textback.sqlite", ""))
    (office / "nowhere.toml").write_text(config.replace("textback.sqlite", "nowhere/textback.sqlite"))
    mode = office.stat().st_mode
    refused(office, "is no file: correct database.path", config="folder.toml")
    refused(office, "make the folder first", config="nowhere.toml")
    assert office.stat().st_mode == mode


@pytest.mark.fault(16)
def test_a_database_that_cannot_be_written_is_refused_at_the_start(office, tmp_path_factory):
    make_database(office)
    mount = tmp_path_factory.mktemp("mount")
    options = ["-t", "tmpfs", "-o", "size=4m"]
    if os.geteuid() or subprocess.run(["mount", *options, "none", mount], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system that is read-only for root too")
    try:
        make_database(mount)
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        (office / "ro.toml").write_text(CONFIG.format(folder=mount))
        refused(office, "cannot use the database", "remount the disk read-write", config="ro.toml")
    finally:
        subprocess.run(["umount", mount], check=True)


@pytest.mark.fault(47)
def test_a_second_agent_on_one_database_leaves_and_the_first_goes_on(office):
    with Running(office) as first:
        first.until(HELD)
        refused(office, "another agent already works on", "systemctl stop textback-pbx")
        assert first.process.poll() is None
        assert first.stop()[0] == 0


@pytest.mark.fault(46)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_pbx_and_no_modem_are_waited_for_and_a_signal_ends_it(office, number):
    with Running(office) as agent:
        agent.until("no connection to 127.0.0.1:1")
        status, seconds = agent.stop(number)
        log = "".join(agent.log)
    assert (status, seconds < 5) == (0, True), log
    assert "Traceback" not in log
    assert log.rstrip().endswith("stopped")
    said = command(office, "status")
    assert said.returncode == 1
    assert re.search(r"FAIL +ami +no connection to 127.0.0.1:1 .*is Asterisk up, and is AMI enabled", said.stdout)
    assert re.search(r"FAIL +modem +the modem cannot be reached: .*is the stick plugged in\?", said.stdout)
    assert re.search(r"WARN +outbox +texts wait: the modem cannot be reached", said.stdout)


def test_each_event_is_one_line_of_the_log(office):
    """Tries that change nothing are not repeated in it: a Raspberry Pi that waits for a PBX fills no disk."""
    with Running(office) as agent:
        agent.until("no connection to 127.0.0.1:1")
        time.sleep(2.5)  # two more tries of the PBX and several of the modem; that nothing happens has no event
        assert agent.stop()[0] == 0
        for words in ("no connection to 127.0.0.1:1", "modem: the modem cannot be reached"):
            lines = [line for line in agent.log if words in line and "outbox: " not in line]
            assert len(lines) == 1, "".join(lines)
        assert all(re.match(r"\d\d:\d\d:\d\d (INFO|WARNING|ERROR) ", line) for line in agent.log), agent.log


def test_a_newer_schema_is_refused(office):
    path = make_database(office)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version=99")
    raw.close()
    refused(office, "schema version 99", "install the version that wrote it")
