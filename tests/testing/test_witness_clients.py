"""gammu, gammu-smsd and smstools must take the simulated modem for a modem.

gammu writes its first commands byte by byte with pauses (4 s of them), so every scene plays on a modem of its own and
all of them at the same time.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.testing.witnesses import Bench, daemon, modem_process, need, run, until

pytestmark = pytest.mark.witness
CALLER = "+15125550150"
PLAIN = "We saw your call and will ring back. " * 9
LONG = "We saw your call and will ring back. " * 9 + "{end} €"


def gammu(bench: Bench, *words: str) -> str:
    settings = bench.link.parent / "gammurc"
    settings.write_text(f"[gammu]\ndevice = {bench.link}\nconnection = at115200\n")
    return run(need("gammu"), "-c", settings, *words)


def receive(bench: Bench, *texts: str) -> None:
    for text in texts:
        bench.control.call("inbound", **{"from": CALLER, "text": text})


def used(bench: Bench) -> int:
    return bench.control.call("status")["storage"]["SM"]["used"]


def gammu_identifies(bench: Bench, _folder: Path) -> None:
    shown = gammu(bench, "identify")
    status = bench.control.call("status")
    assert status["imei"] in shown
    assert status["sim"]["imsi"] in shown
    assert "textback-pbx" in shown


def gammu_watches(bench: Bench, _folder: Path) -> None:
    receive(bench, "one", "two")
    shown = gammu(bench, "networkinfo")
    assert "home network" in shown
    shown = " ".join(gammu(bench, "monitor", "1").split())
    assert "Signal strength : -73 dBm" in shown
    assert "SIM SMS status : 2 used, " in shown


def gammu_sends(bench: Bench, _folder: Path) -> None:
    shown = gammu(bench, "sendsms", "TEXT", CALLER, "-report", "-text", "We saw your call: {ring} us? €5")
    assert "message reference=1" in shown
    [text] = bench.control.inbox(CALLER)
    assert (text.text, text.copies) == ("We saw your call: {ring} us? €5", (1,))
    assert bench.control.submits()[0].report_requested


def gammu_sends_in_parts(bench: Bench, _folder: Path) -> None:
    gammu(bench, "sendsms", "TEXT", CALLER, "-autolen", "900", "-text", LONG)
    _check_long(bench)


def gammu_sends_unicode_in_parts(bench: Bench, _folder: Path) -> None:
    gammu(bench, "sendsms", "TEXT", CALLER, "-unicode", "-autolen", "900", "-text", LONG)
    _check_long(bench)


def _check_long(bench: Bench) -> None:
    [text] = bench.control.inbox(CALLER)
    assert text.text == LONG
    assert set(text.copies) == {1}
    assert len({record.reference for record in bench.control.submits()}) == text.parts > 1


def gammu_reads(bench: Bench, _folder: Path) -> None:
    receive(bench, "Yes please, tomorrow at 5pm", "Réparation {urgente} €", "Привет 👋 " + "я" * 100, "x" * 400)
    shown = gammu(bench, "geteachsms")
    assert "7 SMS parts in 4 SMS sequences" in " ".join(shown.split())
    for text in (CALLER, "Yes please, tomorrow at 5pm", "Réparation {urgente} €", "я" * 100, "x" * 400):
        assert text in shown
    assert used(bench) == 7
    gammu(bench, "deleteallsms", "1")
    assert used(bench) == 0


def gammu_smsd_works(bench: Bench, folder: Path) -> None:
    for name in ("inbox", "outbox", "sent", "errors"):
        (folder / name).mkdir()
    settings = folder / "smsdrc"
    settings.write_text(
        f"[gammu]\ndevice = {bench.link}\nconnection = at115200\n"
        f"[smsd]\nservice = files\nlogfile = {folder}/smsd.log\ndebuglevel = 255\n"
        "checksecurity = 0\ncheckbattery = 0\ncommtimeout = 1\nreceivefrequency = 1\n"
        f"inboxpath = {folder}/inbox/\noutboxpath = {folder}/outbox/\n"
        f"sentsmspath = {folder}/sent/\nerrorsmspath = {folder}/errors/\n"
    )
    with daemon([need("gammu-smsd"), "-c", settings], folder / "smsd.out"):
        run(need("gammu-smsd-inject"), "-c", settings, "TEXT", CALLER, "-text", "From the daemon")
        bench.control.call("wait", kind="submit", seconds=14)
        assert [text.text for text in bench.control.inbox(CALLER)] == ["From the daemon"]
        run(need("gammu-smsd-inject"), "-c", settings, "TEXT", CALLER, "-autolen", "900", "-text", LONG)
        until(lambda: len(bench.control.inbox(CALLER)) == 2 and bench.control.inbox(CALLER)[1].text == LONG)
        receive(bench, "And back", LONG)
        parts = until(lambda: len(found := sorted((folder / "inbox").glob("*.txt"))) == 4 and found)
        texts = [path.read_text(encoding="utf-8") for path in parts]
        assert "And back" in texts
        assert "".join(text for text in texts if text != "And back") == LONG
        until(lambda: used(bench) == 0)
        assert {copies for text in bench.control.inbox(CALLER) for copies in text.copies} == {1}


def smstools_works(bench: Bench, folder: Path) -> None:
    names = ("outgoing", "checked", "incoming", "failed", "sent", "report")
    for name in names:
        (folder / name).mkdir()
    general = ["devices = GSM1", "delaytime = 1", "errorsleeptime = 1", "loglevel = 7"]
    general += [f"{name} = {folder}/{name}" for name in names]
    general += [f"{name} = {folder}/smsd.{name}" for name in ("logfile", "infofile", "pidfile")]
    modem = ["[GSM1]", f"device = {bench.link}", "baudrate = 115200", "incoming = yes", "report = yes", "rtscts = no"]
    (folder / "smsd.conf").write_text("\n".join(general + modem) + "\n")
    with daemon([need("smsd"), "-t", "-c", folder / "smsd.conf"], folder / "smsd.out"):
        (folder / "writing").write_text(f"To: {CALLER.removeprefix('+')}\n\nFrom the other daemon\n")
        (folder / "writing").rename(folder / "outgoing" / "one")
        until(lambda: list((folder / "sent").iterdir()))
        assert [text.text.strip() for text in bench.control.inbox(CALLER)] == ["From the other daemon"]
        (folder / "writing").write_text(f"To: {CALLER.removeprefix('+')}\n\n{PLAIN}\n")
        (folder / "writing").rename(folder / "outgoing" / "two")
        until(lambda: len(list((folder / "sent").iterdir())) == 2)
        assert bench.control.inbox(CALLER)[1].text.strip() == PLAIN.strip()
        assert set(bench.control.inbox(CALLER)[1].copies) == {1}
        receive(bench, "And back")
        until(lambda: any("And back" in path.read_text() for path in (folder / "incoming").iterdir()))
        until(lambda: used(bench) == 0)
    lines = [entry["detail"]["line"] for entry in bench.control.call("journal", kind="command")]
    assert any(line.startswith("AT+CMGD=") and "," not in line for line in lines)


SCENES: dict[str, tuple[str, Callable[[Bench, Path], None]]] = {
    scene.__name__: (program, scene)
    for program, scene in [
        ("gammu", gammu_identifies),
        ("gammu", gammu_watches),
        ("gammu", gammu_sends),
        ("gammu", gammu_sends_in_parts),
        ("gammu", gammu_sends_unicode_in_parts),
        ("gammu", gammu_reads),
        ("gammu-smsd", gammu_smsd_works),
        ("smsd", smstools_works),
    ]
}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    def play(name: str) -> None:
        program, scene = SCENES[name]
        need(program)
        folder = tmp_path_factory.getbasetemp() / name
        folder.mkdir()
        with modem_process(folder) as bench:
            scene(bench, folder)

    with ThreadPoolExecutor(len(SCENES)) as pool:
        yield {name: pool.submit(play, name) for name in SCENES}


@pytest.mark.parametrize("scene", SCENES)
def test_witness(scene, played):
    played[scene].result(timeout=60)
