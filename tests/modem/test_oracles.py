"""Thousands of random texts, both ways, against two codecs that share nothing with ours: gammu's, the simulator's."""

import json
import os
import random
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.modem.support import deliver
from textback_pbx.decision.wording import segment
from textback_pbx.modem.alphabet import DEFAULT, pack, septets_of
from textback_pbx.modem.languages import EXTENSION
from textback_pbx.modem.pdu import Concat, Deliver, decode, encode_submit
from textback_pbx.testing import tpdu as theirs

ORACLE = Path(__file__).with_name("gammu_oracle.py")
COUNT = 2_000
#: What a phone's owner can type: no control characters but the line feed.
GSM7 = [char for char in DEFAULT if char not in "\x1b\r"] + [char for char in EXTENSION.values() if char != "\f"]
OTHER = [*"ажщєłőñ“”–…中文語ไทยעבריתعربي", "😀", "🏠", "👍", "e\u0301", "\u200d"]


@cache
def python_with_gammu() -> str | None:
    """A Python that has python-gammu: Debian's package is one of the system's own, never of a virtual environment."""
    for name in ("/usr/bin/python3", "python3"):
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", "import gammu"], capture_output=True, check=False).returncode == 0:
            return path
    return None


def need_gammu() -> str:
    """Return it; without it the test is skipped, or fails where the witnesses are demanded."""
    found = python_with_gammu()
    if found is None:
        word = "python-gammu is missing: run tests/witnesses.sh as root"
        if os.environ.get("TEXTBACK_PBX_WITNESSES") == "1":
            pytest.fail(word)
        pytest.skip(word)
    return found


def ask(requests):
    done = subprocess.run(
        [need_gammu(), str(ORACLE)],
        input="\n".join(map(json.dumps, requests)),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def number(rng) -> str:
    return "+1512555" + f"{rng.randrange(100, 200):04d}"


def some_text(rng, encoding, room) -> str:
    text = ""
    for _ in range(rng.randrange(1, room + 1)):
        more = rng.choice(GSM7 if encoding == "gsm7" or rng.random() < 0.5 else OTHER)
        if encoding == "ucs2" and more == "~":
            continue  # gammu's own notation: it doubles a tilde in UCS-2, both ways
        size = len(septets_of(text + more)) if encoding == "gsm7" else len((text + more).encode("utf-16-be")) // 2
        if size > room:
            break
        text += more
    return text


def messages(seed):
    rng = random.Random(seed)
    for _ in range(COUNT):
        encoding = rng.choice(["gsm7", "ucs2"])
        concat, room = None, 160 if encoding == "gsm7" else 70
        if rng.random() < 0.4:
            total = rng.randrange(1, 256)
            wide = rng.random() < 0.3
            ref = rng.randrange(256, 65_536) if wide else rng.randrange(1, 256)
            concat = Concat(ref, rng.randrange(1, total + 1), total, wide)
            room = {("gsm7", False): 153, ("gsm7", True): 152, ("ucs2", False): 67, ("ucs2", True): 66}[encoding, wide]
        yield number(rng), some_text(rng, encoding, room), encoding, concat


@pytest.mark.witness
def test_gammu_reads_what_we_write():
    made = list(messages(1))
    pdus = [encode_submit(to, text, coding, concat=concat).hexadecimal for to, text, coding, concat in made]
    wrong = []
    for (to, text, _, concat), got in zip(made, ask({"decode": pdu} for pdu in pdus), strict=True):
        expected = (to, text, concat.ref if concat else None, concat.seq if concat else None)
        part = (got.get("ref"), got.get("part")) if concat else (None, None)
        # python-gammu returns as many characters as septets, NUL and rubbish after the text
        if (got.get("number"), got.get("text", "").partition("\0")[0], *part) != expected:
            wrong.append((expected, got))
    print(f"{COUNT} of ours read by gammu, {len(wrong)} differ")
    assert wrong[:3] == []


def header(concat) -> str:
    """A concatenation element by hand (23.040, 9.2.3.24.1 and .8), with both widths of reference."""
    if concat is None:
        return ""
    wide = [6, 8, 4, concat.ref >> 8, concat.ref & 0xFF] if concat.wide else [5, 0, 3, concat.ref]
    return bytes([*wide, concat.total, concat.seq]).hex()


@pytest.mark.witness
def test_we_read_what_gammu_writes():
    made = list(messages(2))
    names = {"gsm7": "Default_No_Compression", "ucs2": "Unicode_No_Compression"}
    answers = ask(
        {"encode": text, "number": to, "coding": names[coding], "udh": header(concat)}
        for to, text, coding, concat in made
    )
    wrong = []
    for (to, text, _, concat), answer in zip(made, answers, strict=True):
        got = decode(answer["pdu"])
        if not isinstance(got, Deliver) or (got.sender, got.text, got.concat, got.problem) != (to, text, concat, ""):
            wrong.append((to, text, concat, got))
    print(f"{len(made)} of gammu's read by us, {len(wrong)} differ")
    assert wrong[:3] == []


@pytest.mark.witness
def test_gammu_puts_together_what_we_cut():
    """Long texts as the product cuts them: every part read by gammu, joined, is the text again."""
    rng = random.Random(5)
    texts = [some_text(rng, rng.choice(["gsm7", "ucs2"]), rng.randrange(80, 700)) for _ in range(300)]
    cut = [segment(text) for text in texts]
    pdus = [
        encode_submit("+15125550142", part, one.encoding.value, concat=concat_of(one, n)).hexadecimal
        for one in cut
        for n, part in enumerate(one.parts, 1)
    ]
    read = iter(ask({"decode": pdu} for pdu in pdus))
    wrong = 0
    for text, one in zip(texts, cut, strict=True):
        got = [next(read) for _ in one.parts]
        wrong += "".join(part["text"].partition("\0")[0] for part in got) != text
        if len(got) > 1:
            assert [(part["ref"], part["part"], part["total"]) for part in got] == [
                (7, n, len(got)) for n in range(1, len(got) + 1)
            ]
    print(f"{len(texts)} long texts in {len(pdus)} parts, {wrong} differ")
    assert wrong == 0


def concat_of(cut, seq):
    return Concat(7, seq, len(cut.parts)) if len(cut.parts) > 1 else None


def test_the_simulators_codec_reads_what_we_write_and_the_other_way_round():
    for to, text, coding, concat in messages(3):
        encoded = encode_submit(to, text, coding, concat=concat)
        octets = bytes.fromhex(encoded.hexadecimal)[1:]
        got = theirs.decode_submit(octets)
        assert got.destination == to
        assert got.content.text == text
        if concat is not None:
            part = got.content.concat
            assert (part.ref, part.number, part.total, part.wide) == (concat.ref, concat.seq, concat.total, concat.wide)
        back = decode(_deliver_of(octets, to))
        assert isinstance(back, Deliver)
        assert (back.sender, back.text, back.concat, back.problem) == (to, text, concat, "")


def _deliver_of(submit: bytes, sender: str) -> str:
    """The same user data as it arrives, put together by hand."""
    at = 4 + (submit[2] + 1) // 2
    dcs, length, data = submit[at + 1], submit[at + 2], submit[at + 3 :]
    return deliver(sender, data.hex(), length=length, dcs=dcs, first=4 | submit[0] & 0x40)


def test_packing_by_hand_equals_the_simulators():
    rng = random.Random(4)
    for _ in range(500):
        text = some_text(rng, "gsm7", 160)
        content = theirs.UserData(theirs.Encoding.GSM7, text, b"", b"", None)
        assert theirs.encode_user_data(content) == (len(septets_of(text)), pack(septets_of(text)))
