"""The AT engine: transcripts whole, byte by byte, with garbage, and with unsolicited codes between any two lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.modem.support import every_way, feed
from textback_pbx.modem.at import ESC, MAX_LINE, MAX_REPLY_LINES, Engine, Misuse
from textback_pbx.modem.events import (
    LateFinal,
    LateSubmit,
    Noise,
    Prompt,
    Reply,
    Resynced,
    StrayPrompt,
    Unsolicited,
)
from textback_pbx.modem.lines import GRAMMAR, PDU_GRAMMAR, Command, Final, FinalKind, NotGrammar
from textback_pbx.modem.states import TABLE, Input, State

PDU = "0001000B915121551501F200000568656C6C6F"
REPORT = "07911326040000F006050B915121551501F2621102215000006211022150040000"
DELIVER = "07911326040000F0040B915121551501F20000621102215000000AE8329BFD4697D9EC37"

#: (command, what the modem sends, the reply's lines, the final)
TRANSCRIPTS = {
    "signal": (Command("AT+CSQ", ("+CSQ",)), ["+CSQ: 18,99", "OK"], ["+CSQ: 18,99"]),
    "imei": (Command("AT+CGSN", bare=True), ["867322040123456", "OK"], ["867322040123456"]),
    "ok-ish lines": (Command("ATI", bare=True), ["OKAY Modem Co", "ERROR-free 7", "ERRORS: 0", "OK"], None),
    "registration": (Command("AT+CREG?", ("+CREG",)), ['+CREG: 2,1,"0A5F","01A2"', "OK"], None),
    "list": (
        Command("AT+CMGL=4", ("+CMGL",), bodies=True),
        ["+CMGL: 1,1,,28", DELIVER, "+CMGL: 2,0,,25", REPORT, "OK"],
        None,
    ),
    "refusal": (Command("AT+CMGR=9", ("+CMGR",), bodies=True), ["+CMS ERROR: 321"], []),
    "words": (Command("AT+CPIN?", ("+CPIN",)), ["+CME ERROR: SIM not inserted"], []),
    "plain": (Command("AT+CPMS=?", ("+CPMS",)), ["ERROR"], []),
}

#: (what the modem sends, the event)
UNSOLICITED = {
    "stored": (['+CMTI: "SM",3'], Unsolicited("+CMTI", '+CMTI: "SM",3')),
    "report": (["+CDS: 25", REPORT], Unsolicited("+CDS", "+CDS: 25", REPORT)),
    "direct": (["+CMT: ,28", DELIVER], Unsolicited("+CMT", "+CMT: ,28", DELIVER)),
    "stored report": (['+CDSI: "ME",0'], Unsolicited("+CDSI", '+CDSI: "ME",0')),
    "registration": (["+CREG: 5"], Unsolicited("+CREG", "+CREG: 5")),
    "registration place": (['+CREG: 1,"0A5F","01A2"'], Unsolicited("+CREG", '+CREG: 1,"0A5F","01A2"')),
    "ring": (["RING"], Unsolicited("RING", "RING")),
    "chatter": (["^RSSI:18"], Unsolicited("^RSSI", "^RSSI:18")),
    "unknown": (["+QNEW: 7,OK"], Unsolicited("+QNEW", "+QNEW: 7,OK")),
    "credit": (
        ['+CUSD: 0,"Credit', "OK", '3.20",15'],
        Unsolicited("+CUSD", '+CUSD: 0,"Credit\nOK\n3.20",15'),
    ),
    "brown-out": (["RDY"], Unsolicited("RDY", "RDY")),
}


def wire(lines):
    return b"".join(b"\r\n" + line.encode() + b"\r\n" for line in lines)


def running(command):
    def prepare():
        engine = Engine()
        assert engine.send(command) == command.text.encode() + b"\r"
        return engine

    return prepare


def asked(*, prompt=False, pdu=False):
    def prepare():
        engine = Engine()
        engine.ask(18, "part 7")
        if prompt or pdu:
            assert engine.receive(b"\r\n> ") == [Prompt()]
        if pdu:
            assert engine.pdu(PDU) == PDU.encode() + b"\x1a"
        return engine

    return prepare


@pytest.mark.parametrize("name", TRANSCRIPTS)
@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("garbage", [b"", b"\x00\x00\r\n", b"\xff\xfe\xc3\r\n"])
def test_a_reply_is_the_same_however_it_is_cut(name, echo, garbage):
    command, lines, expected = TRANSCRIPTS[name]
    data = (command.text.encode() + b"\r" if echo else b"") + wire(lines) + garbage
    events = [e for e in every_way(running(command), data) if not isinstance(e, Noise)]
    (reply,) = events
    assert reply.command is command
    assert list(reply.lines) == (lines[:-1] if expected is None else expected)
    assert reply.ok is (lines[-1] == "OK")


@pytest.mark.fault(31)
@pytest.mark.parametrize("name", TRANSCRIPTS)
@pytest.mark.parametrize("code", UNSOLICITED)
def test_unsolicited_codes_between_any_two_lines_are_neither_lost_nor_misread(name, code):
    command, lines, _ = TRANSCRIPTS[name]
    sent, expected = UNSOLICITED[code]
    clean = running(command)().receive(wire(lines))
    for place in range(len(lines) + 1):
        data = wire(lines[:place]) + wire(sent) + wire(lines[place:])
        for chunks in ([data], [bytes([byte]) for byte in data]):
            events = feed(running(command)(), chunks)
            assert [e for e in events if not isinstance(e, Unsolicited)] == clean, place
            assert [e for e in events if isinstance(e, Unsolicited)] == [expected], place


@pytest.mark.fault(31)
@pytest.mark.parametrize("outer", ["report", "direct"])
def test_a_code_between_the_two_lines_of_another_keeps_both(outer):
    (head, body), expected = UNSOLICITED[outer]
    data = wire([head, '+CMTI: "SM",3', "^RSSI:18", body])
    events = every_way(Engine, data)
    assert events[-1] == expected
    assert [e.code for e in events] == ["+CMTI", "^RSSI", expected.code]


@pytest.mark.fault(31)
def test_many_codes_in_one_burst_all_arrive():
    data = b"".join(wire([f'+CMTI: "SM",{n}']) + wire(["+CDS: 25", REPORT]) for n in range(30))
    events = every_way(Engine, data[:200]) and Engine().receive(data)
    assert [e.line for e in events if e.code == "+CMTI"] == [f'+CMTI: "SM",{n}' for n in range(30)]
    assert [e.body for e in events if e.code == "+CDS"] == [REPORT] * 30


def test_a_body_that_never_comes_does_not_swallow_the_reply():
    command, lines, _ = TRANSCRIPTS["signal"]
    events = running(command)().receive(wire(["+CDS: 25", *lines]))
    assert events[0] == Unsolicited("+CDS", "+CDS: 25", "")
    assert isinstance(events[1], Reply)
    assert events[1].lines == ("+CSQ: 18,99",)


def test_a_text_mode_body_tells_that_the_set_up_is_lost():
    events = every_way(Engine, b'\r\n+CMT: "+15125550142",,"26/11/20,20:50:00+00"\r\nhello\r\n')
    assert events == [Unsolicited("+CMT", '+CMT: "+15125550142",,"26/11/20,20:50:00+00"', "hello", text_mode=True)]


@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("code", UNSOLICITED)
@pytest.mark.fault(31)
def test_a_submit_with_codes_at_every_place(echo, code):
    sent, expected = UNSOLICITED[code]
    noise = wire(sent)
    first = b"AT+CMGS=18\r" if echo else b""
    second = PDU.encode() + b"\x1a" if echo else b""
    steps = [first, b"\r\n> ", second, b"\r\n+CMGS: 42\r\n", b"\r\nOK\r\n"]
    for place in range(len(steps)):
        engine, seen, pieces = asked()(), [], list(steps)
        pieces.insert(place, noise)
        for piece in pieces:
            for byte in piece:
                events = engine.receive(bytes([byte]))
                seen += events
                if Prompt() in events:
                    engine.pdu(PDU)
        reply = next(e for e in seen if isinstance(e, Reply))
        assert reply.lines == ("+CMGS: 42",)
        assert [e for e in seen if isinstance(e, Unsolicited)] == [expected]
        assert engine.state is State.IDLE


def test_the_prompt_counts_only_at_the_start_of_a_line_and_only_once():
    assert every_way(asked(), b"\r\n> ") == [Prompt()]
    assert every_way(asked(), b"\r\n>\r\n") == [Prompt()]
    assert every_way(asked(), b"\r\nx > y\r\n") == [Noise("x > y")]
    assert every_way(asked(prompt=True), b"\r\n> ") == [Noise("> ")]
    assert every_way(running(Command("AT")), b"\r\n> ") == [StrayPrompt()]
    assert every_way(Engine, b"> ") == [StrayPrompt()]


def test_the_modem_may_withdraw_its_prompt_and_then_takes_no_pdu():
    engine = asked(prompt=True)()
    (reply,) = engine.receive(wire(["+CMS ERROR: 331"]))
    assert reply.final == Final(FinalKind.CMS, 331, "331")
    with pytest.raises(Misuse):
        engine.pdu(PDU)


@pytest.mark.fault(30)
@pytest.mark.parametrize("late", ["before the marker", "with the marker", "after the marker", "in the next command"])
def test_a_late_answer_belongs_to_its_own_command(late):
    engine = asked(pdu=True)()
    assert engine.abandon() == ESC
    marker = engine.mark().decode().strip()
    prefix = marker[2:].rstrip("?")
    answer = wire(["+CMGS: 42", "OK"])
    marked = wire([f"{prefix}: 0", "OK"])
    signal = wire(["+CSQ: 18,99", "OK"])
    events = []
    if late == "before the marker":
        events = engine.receive(answer + marked)
    elif late == "with the marker":
        events = engine.receive(wire([f"{prefix}: 0", "+CMGS: 42", "OK", "OK"]))
    else:
        events = engine.receive(marked)
        assert engine.unresolved
    if late == "after the marker":
        events += engine.receive(answer)
    engine.send(Command("AT+CSQ", ("+CSQ",)))
    if late == "in the next command":
        events += engine.receive(answer)
    events += engine.receive(signal)
    assert [e for e in events if isinstance(e, LateSubmit)] == [LateSubmit("part 7", "+CMGS: 42")]
    assert events.count(Resynced()) == 1
    assert events[-1] == Reply(Command("AT+CSQ", ("+CSQ",)), ("+CSQ: 18,99",), Final(FinalKind.OK))
    assert not engine.unresolved


@pytest.mark.fault(30)
def test_a_late_answer_is_not_taken_for_the_next_submit_before_its_pdu():
    engine = asked(pdu=True)()
    engine.abandon()
    prefix = engine.mark().decode().strip()[2:].rstrip("?")
    engine.receive(wire([f"{prefix}: 0", "OK"]))
    engine.ask(18, "part 8")
    assert engine.receive(wire(["+CMGS: 42", "OK"])) == [
        LateSubmit("part 7", "+CMGS: 42"),
        LateFinal(Final(FinalKind.OK)),
    ]
    assert engine.receive(b"\r\n> ") == [Prompt()]
    engine.pdu(PDU)
    (reply,) = engine.receive(wire(["+CMGS: 43", "OK"]))
    assert reply.lines == ("+CMGS: 43",)


def test_an_ok_that_was_lost_does_not_make_an_accepted_text_unknown():
    engine = asked(pdu=True)()
    engine.receive(wire(["+CMGS: 42"]))
    assert engine.submitted_line == "+CMGS: 42"
    engine.abandon()
    assert not engine.unresolved


@pytest.mark.fault(5, 30)
def test_a_prompt_that_comes_late_is_called_out_for_an_escape():
    engine = asked()()
    assert engine.abandon() == ESC
    assert engine.receive(b"\r\n> ") == [StrayPrompt()]
    engine.mark()
    assert engine.receive(b"\r\n> ") == [StrayPrompt()]


def test_late_finals_of_an_ordinary_command_do_not_end_the_marker():
    engine = running(Command("AT+COPS?", ("+COPS",)))()
    assert engine.abandon() == b""
    prefix = engine.mark().decode().strip()[2:].rstrip("?")
    events = engine.receive(wire(['+COPS: 0,0,"Net"', "OK", f"{prefix}: 0"]))
    assert Resynced() not in events
    assert engine.receive(wire(["OK"])) == [Resynced()]


def test_two_markers_under_way_end_with_the_newer():
    engine = Engine()
    assert engine.abandon() == ESC
    first, second = (engine.mark().decode().strip()[2:].rstrip("?") for _ in range(2))
    assert first != second
    assert Resynced() not in engine.receive(wire([f"{first}: 0", "OK"]))
    assert engine.receive(wire([f"{second}: 0", "OK"])) == [Resynced()]


def test_a_line_without_end_is_cut_and_the_next_line_is_whole():
    engine = Engine()
    events = feed(engine, [b"+CMS ERROR: " + b"x" * 1_000] * 50)
    assert len(events) == 1
    assert isinstance(events[0], Noise)
    assert len(engine._buffer) <= MAX_LINE
    assert engine.receive(b"\r\nRING\r\n") == [Unsolicited("RING", "RING")]


def test_a_reply_without_end_is_bounded_and_says_so():
    engine = running(Command("ATI", bare=True))()
    engine.receive(b"line\r\n" * (MAX_REPLY_LINES + 500))
    (reply,) = engine.receive(b"OK\r\n")
    assert len(reply.lines) == MAX_REPLY_LINES
    assert reply.truncated


def test_the_table_is_closed():
    assert {state for state, _ in TABLE} == set(State)
    assert {given for _, given in TABLE} == set(Input)
    for state in State:
        if state is not State.IDLE:
            assert (state, Input.SEND) not in TABLE
            assert (state, Input.ASK) not in TABLE
    assert [state for state, given in TABLE if given is Input.PDU] == [State.PROMPT]


@pytest.mark.fault(42)
@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_becomes_a_command_outside_the_grammar(text):
    for candidate in (text, f"AT{text}", f'AT+CMGD="{text}"'):
        try:
            command = Command(candidate)
        except NotGrammar:
            continue
        data = Engine().send(command)
        assert GRAMMAR.fullmatch(data[:-1].decode("ascii"))
        assert data.endswith(b"\r")
        assert not set(data[:-1]) & set(b"\r\n\x1a\x1b;")


@pytest.mark.fault(42)
@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9A-F]{0,60}[\r\n\x1a;]?", fullmatch=True)))
@settings(max_examples=300, deadline=None)
def test_no_text_becomes_a_pdu_outside_the_grammar(text):
    engine = asked(prompt=True)()
    try:
        data = engine.pdu(text)
    except NotGrammar:
        assert engine.state is State.PROMPT
        return
    assert PDU_GRAMMAR.fullmatch(data[:-1].decode("ascii"))
    assert data.endswith(b"\x1a")


_PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\r",
        b"> ",
        b">",
        b"OK\r\n",
        b"\r\nERROR\r\n",
        b"+CMGS: 4\r\n",
        b"+CDS: 25\r\n",
        REPORT.encode() + b"\r\n",
        b'+CMTI: "SM",3\r\n',
        b'+CUSD: 0,"a\r\n',
        b"\x1a",
        b"\x1b",
        b"\xff",
        b"+CMGF: 0\r\n",
        b"+CSMS: 0,1,1,1\r\n",
    ]
)


@pytest.mark.fault(31)
@given(st.data(), st.lists(st.one_of(_PIECES, st.binary(max_size=8)), max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_and_cutting_changes_nothing(data, pieces):
    prepare = data.draw(
        st.sampled_from([Engine, asked(), asked(prompt=True), asked(pdu=True), running(Command("AT+CSQ", ("+CSQ",)))])
    )
    stream = b"".join(pieces)
    whole, single = prepare(), prepare()
    assert whole.receive(stream) == feed(single, [bytes([byte]) for byte in stream])
    assert whole.state is single.state
    assert len(whole._buffer) <= MAX_LINE
