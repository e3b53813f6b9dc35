"""The shipped udev rules, judged by udev itself: verified, and tried on pretend sticks (needs root)."""

import os
from pathlib import Path

import pytest

from tests.hardware.pretend import Stick, Tree, Udev
from tests.phonesim import install

pytestmark = pytest.mark.witness
RULES = Path(__file__).resolve().parents[2] / "hardware" / "99-textback-pbx.rules"
EG25 = Stick("2c7c", "0125", {"00": 0, "01": 1, "02": 2, "03": 3}, name="EG25-G")
SECOND_EG25 = Stick("2c7c", "0125", {"00": 4, "01": 5, "02": 6, "03": 7}, socket="1-2.4", name="EG25-G")
SIM7600 = Stick("1e0e", "9001", {"00": 0, "01": 1, "02": 2, "03": 3, "04": 4}, name="SIM7600")
A7670 = Stick("1e0e", "9011", {"02": 0, "04": 1}, name="A7670")
E3372 = Stick("12d1", "1506", {"00": 0, "01": 1}, name="E3372")
HILINK = Stick("12d1", "14dc", name="E3372h")
FTDI = Stick("0403", "6001", {"00": 0}, name="FT232R")


@pytest.fixture(scope="module")
def udev():
    demanded = os.environ.get("TEXTBACK_PBX_WITNESSES") == "1"
    if os.geteuid() != 0 or not (install.is_there() or demanded):
        word = "a udev that can judge rules is missing: run tests/witnesses.sh as root, and the tests as root"
        pytest.fail(word) if demanded else pytest.skip(word)
    one = Udev(install.ensure_root(), RULES)
    yield one
    one.close()


def plugged(folder: Path, *sticks: Stick) -> Path:
    tree = Tree(folder)
    for stick in sticks:
        tree.plug(stick)
    return folder


def names(record: dict) -> set[str]:
    return {link for link in record["node"].get("symlinks", []) if link.startswith("/dev/modem-")}


def test_udev_has_nothing_to_say_against_them(udev, tmp_path):
    done = udev.verify(plugged(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Success: 1" in done.stdout


@pytest.mark.parametrize(
    ("stick", "tty", "expected"),
    [
        (EG25, 2, {"quectel-at", "quectel-at-1-1", "quectel-if02", "quectel-if02-1-1"}),
        (EG25, 3, {"quectel-if03", "quectel-if03-1-1"}),
        (SIM7600, 2, {"simcom-at", "simcom-at-1-1", "simcom-if02", "simcom-if02-1-1"}),
        (A7670, 1, {"simcom-if04", "simcom-if04-1-1"}),
        (E3372, 0, {"huawei-if00", "huawei-if00-1-1"}),
        (FTDI, 0, set()),
    ],
)
def test_a_port_has_its_stable_names_and_is_kept_from_modemmanager(udev, tmp_path, stick, tty, expected):
    record, said = udev.test(plugged(tmp_path, stick), f"class/tty/ttyUSB{tty}")
    assert names(record) == {f"/dev/modem-{name}" for name in expected}
    ours = stick is not FTDI
    assert ("ID_MM_DEVICE_IGNORE=1" in record["properties"]) == ours
    assert ("ID_MM_PORT_IGNORE=1" in record["properties"]) == ours
    if ours:
        assert record["node"]["owner"]["groupName"] == "dialout"
        assert record["node"]["mode"] == "0660"
    del said


@pytest.mark.parametrize(
    ("stick", "ours"), [(EG25, True), (SIM7600, True), (E3372, True), (HILINK, False), (FTDI, False)]
)
def test_the_stick_itself_is_left_alone_by_modemmanager_and_never_put_to_sleep(udev, tmp_path, stick, ours):
    record, said = udev.test(plugged(tmp_path, stick), stick.folder)
    assert ("ID_MM_DEVICE_IGNORE=1" in record["properties"]) == ours
    assert ("power/control" in said) == ours


def test_two_equal_sticks_keep_apart_by_their_sockets(udev, tmp_path):
    tree = plugged(tmp_path, EG25, SECOND_EG25)
    first, _ = udev.test(tree, "class/tty/ttyUSB2")
    second, _ = udev.test(tree, "class/tty/ttyUSB6")
    assert names(first) & names(second) == {"/dev/modem-quectel-at", "/dev/modem-quectel-if02"}
    assert "/dev/modem-quectel-at-1-1" in names(first)
    assert "/dev/modem-quectel-at-1-2.4" in names(second)
