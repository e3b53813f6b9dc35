"""Profiles, probing, finding ports, and the words of health: the tables are whole."""

import pytest

from textback_pbx.modem import cms, finding, network, probe, profile
from textback_pbx.modem.health import BLOCKING, WORDS, Health, Network, Severity
from textback_pbx.modem.items import Problem
from textback_pbx.modem.probe import Answer
from textback_pbx.modem.setup import ranges
from textback_pbx.modem.storage import Usage


@pytest.mark.parametrize("name", profile.names())
def test_every_profile_loads_and_says_what_nobody_tried(name):
    one = profile.load(name)
    assert one.name == name
    assert one.untried
    assert one.known
    assert one.timing.submit >= 180
    assert one.cnmi[0][3] == 1  # status reports directly: with ds=2 some models lose them
    assert all(profile.detect(model).name == name for model in one.models)


def test_the_models_named_in_the_issue_are_there():
    assert set(profile.names()) >= {"generic", "quectel_ec25", "quectel_ec200a", "quectel_ep06"}
    assert set(profile.names()) >= {"simcom_sim7600", "simcom_a7670", "simcom_sim7070", "huawei_e3372s"}
    assert profile.detect("SOMETHING").name == "generic"
    with pytest.raises(profile.ProfileProblem, match="no modem profile 'nokia'"):
        profile.load("nokia")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('name = "x"', "title"),
        ('name = "x"\ntitle = "x"\nspeed = 3', "unknown key 'speed'"),
        ('name = "x"\ntitle = "x"\n[timing]\nsubmit = 60', "under 180"),
        ('name = "x"\ntitle = "x"\n[sms]\nstorage = ["XX"]', "none of ME, SM, MT"),
        ('name = "x"\ntitle = "x"\n[init]\nextra = ["AT+CMGD=1,4;AT"]', "no command of ours"),
        ("name = ", "x.toml"),
    ],
)
def test_a_wrong_profile_is_refused_by_file_and_key(text, part):
    with pytest.raises(profile.ProfileProblem, match=part):
        profile.read(text, "x.toml")


@pytest.mark.fault(36)
def test_which_errors_prove_that_a_text_was_not_taken():
    assert all(cms.is_definite(code) for code in range(256))
    assert all(cms.is_definite(code) for code in cms.LOCAL)
    assert not any(cms.is_definite(code) for code in (*cms.AMBIGUOUS, None, 299, 400, 512, 999, 1_000))
    one = profile.read('name="x"\ntitle="x"\n[cms]\ndefinite=[500]\nambiguous=[21]', "x.toml")
    assert one.is_definite(500)
    assert not one.is_definite(21)
    assert not one.is_definite(None)


def test_ranges_of_test_commands():
    assert ranges("(0-2),(0,1,3),(0,2),(0-2),(0,1)") == [{0, 1, 2}, {0, 1, 3}, {0, 2}, {0, 1, 2}, {0, 1}]
    assert ranges("(0-99999999),(x),()") == [set(), set(), set()]


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_has_words_that_say_what_to_do(problem):
    words = WORDS[problem]
    health = Health("m", problem=problem, detail="the detail")
    assert health.message
    assert (problem in BLOCKING) >= (words.severity is Severity.FAIL)
    if problem not in (Problem.NONE, Problem.NO_PORT):
        assert f"What to do: {words.do}" in health.message
        assert words.do


def test_a_line_that_works_is_told_in_one_line():
    net = Network(stat=5, operator="Net", technology="LTE", rssi=18)
    health = Health("m", problem=Problem.NONE, model="EC25", network=net, storage="ME", usage=Usage(3, 23))
    assert health.message == "EC25, Net, LTE, registered, roaming"  # nothing that changes all day: it is logged
    shown = health.figures()
    assert (shown["signal_dbm"], shown["storage_used"], shown["storage_size"]) == (-77, 3, 23)
    assert Network(rssi=99).dbm is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('+CUSD: 0,"Credit 3.20",15', "Credit 3.20"),
        ('+CUSD: 0,"C3B09C9D6E83C8653A1A76C76E",15', None),
        ('+CUSD: 2,"00480069",72', "Hi"),
        ('+CUSD: 0,"a\n b",15', "a b"),
        ("+CUSD: 4", ""),
    ],
)
def test_credit_answers(line, text):
    got = network.credit_text(line)
    if text is None:
        assert got
        assert got[0] == "C"
    else:
        assert (got or "") == text


def fake_sys(tmp_path, usb_id, interface, tty="ttyUSB2"):
    usb = tmp_path / "sys" / "devices" / "1-1"
    port = usb / f"1-1:1.{interface}" / tty
    port.mkdir(parents=True)
    vendor, product = usb_id.split(":")
    (usb / "idVendor").write_text(vendor + "\n")
    (usb / "idProduct").write_text(product + "\n")
    (usb / "product").write_text("A Stick\n")
    (port.parent / "bInterfaceNumber").write_text(f"{interface:02d}\n")
    (tmp_path / "sys" / "class" / "tty" / tty).mkdir(parents=True)
    (tmp_path / "sys" / "class" / "tty" / tty / "device").symlink_to(port)
    devices = tmp_path / "sys" / "bus" / "usb" / "devices"
    devices.mkdir(parents=True, exist_ok=True)
    (devices / "1-1").symlink_to(usb)
    by_id = tmp_path / "dev" / "serial" / "by-id"
    by_id.mkdir(parents=True, exist_ok=True)
    (tmp_path / "dev" / tty).touch()
    (by_id / f"usb-Stick-if{interface:02d}").symlink_to(tmp_path / "dev" / tty)
    return tmp_path / "dev", tmp_path / "sys"


@pytest.mark.parametrize(("interface", "hint"), [(2, "the AT port"), (3, "not the AT port (that is interface 02)")])
def test_ports_are_found_with_their_profile_and_interface(tmp_path, interface, hint):
    (one,) = finding.candidates(*fake_sys(tmp_path, "2c7c:0125", interface))
    assert (one.profile, one.interface, one.hint, one.usb_id) == ("quectel_ec25", interface, hint, "2c7c:0125")
    assert one.port.endswith(f"usb-Stick-if0{interface}")


def test_a_hilink_stick_is_named_with_the_reason(tmp_path):
    _, sys = fake_sys(tmp_path, "12d1:14dc", 0)
    (one,) = finding.unusable(sys)
    assert "HiLink" in one.why
    assert "without an AT port" in one.why


def test_a_machine_without_any_port(tmp_path):
    assert finding.candidates(tmp_path, tmp_path) == []
    assert finding.unusable(tmp_path) == []


def test_a_draft_profile_is_one_and_a_transcript_hides_numbers():
    answers = [
        Answer("AT+CGMI", ("Maker Ltd",), "OK"),
        Answer("AT+CGMM", ('M"1',), "OK"),
        Answer("AT+CGSN", ("867322040123456",), "OK"),
        Answer("AT+CSCA?", ('+CSCA: "+15125550199",145',), "OK"),
        Answer("AT+CPMS=?", ('+CPMS: ("SM"),("SM"),("SM")',), "OK"),
        Answer("AT+CNMI=?", ("+CNMI: (0-2),(0,1),(0),(0,1),(1)",), "OK"),
        Answer("AT+CCID", ("8944123412341234123",), "OK"),
        Answer("AT+COPS?", (), "silence"),
    ]
    one = profile.read(probe.draft(answers), "draft")
    assert one.storage == ("SM",)
    assert one.cnmi[0] == (2, 1, 0, 1, 1)
    text = probe.transcript(answers)
    for secret in ("867322040123", "1512555", "894412341"):
        assert secret not in text
    assert "silence" in text
    assert "867322040123456" in probe.transcript(answers, private=True)


def test_a_draft_of_nothing_is_still_a_profile():
    assert profile.read(probe.draft([]), "draft").storage == ("ME", "SM")
