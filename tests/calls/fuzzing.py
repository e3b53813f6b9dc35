"""Mutated traffic without an end: recorded blocks, harmed in every way a wire, a bug or a caller could, in any chunks.

Used by the kept test (some thousands) and by `make bench` (a million).
"""

import gc
import random
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from textback_pbx.calls.blocks import MAX_BLOCK, Blocks
from textback_pbx.calls.events import BUILDERS, parse, sift
from textback_pbx.calls.kinds import Ignored, Malformed
from textback_pbx.calls.record import Fold

FOLDER = Path(__file__).parent
CRLF = b"\r\n\r\n"
#: What is put in somewhere: line ends, headers that decide, bytes that are no text.
POISON = (
    b"\r\n", b"\n", b"\r", b"\n\n", b"\r\n\r\n", b"\x00", b"\xff\xfe", b"\xc3", b": ", b":", b"Uniqueid: ",
    b"\r\nUniqueid: 1.1", b"\nLinkedid: 1.1", b"\r\nEvent: Hangup", b"Event: ", b"ChannelState: 6",
    b"Cause: 99999999", "\u2028".encode(), "🐕".encode(), b"%s%n", b"-1", b"9" * 400, b"Response: x",
    b"\r\nChanVariable: CALLERID(pres)=prohib",
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """What became of the blocks; ``size`` is the most the fold ever held: groups, channels, bridges."""

    blocks: int = 0
    events: int = 0
    malformed: int = 0
    calls: int = 0
    size: tuple[int, int, int] = (0, 0, 0)


def recorded() -> list[bytes]:
    """Every block of every recording, both versions and both views."""
    files = [*sorted((FOLDER / "recordings").glob("*.ami")), *sorted((FOLDER / "recordings_bench").glob("*/*.ami"))]
    return [block for file in files for block in Blocks().feed(file.read_bytes())]


def harmed(block: bytes, rng: random.Random) -> bytes:
    """One block with one to four things wrong with it."""
    for _ in range(rng.randrange(1, 5)):
        at, to = sorted((rng.randrange(len(block) + 1), rng.randrange(len(block) + 1)))
        match rng.randrange(9):
            case 0:
                block = block[:at] + block[to:]
            case 1:
                block = block[:to] + block[at:]  # a part twice
            case 2:
                block = block[:at] + rng.choice(POISON) + block[at:]
            case 3:
                block = block[:at] + bytes([rng.randrange(256)]) + block[at + 1 :]
            case 4:
                lines = block.split(b"\r\n")
                rng.shuffle(lines)
                block = b"\r\n".join(lines)
            case 5:
                block = block[:at]
            case 6:
                block = b"Event: " + rng.choice(sorted(BUILDERS)) + block[block.find(b"\r") :]
            case 7:
                block = block.replace(b"\r\n", b"\n")
            case _:
                block = block.replace(b"1795", b"%d" % rng.randrange(1_000, 9_999))
    return block


def stream(count: int, rng: random.Random, blocks: list[bytes]) -> Iterator[bytes]:
    """``count`` blocks: half of them harmed, in chunks of any size; now and then one that is far too long."""
    rest = b"Asterisk Call Manager/11.0.0\r\n"
    for number in range(count):
        block = rng.choice(blocks)
        if rng.random() < 0.5:
            block = harmed(block, rng)
        if number % 20_000 == 19_999:
            block += b"x" * rng.randrange(MAX_BLOCK, 3 * MAX_BLOCK)
        rest += block + CRLF
        while len(rest) > 2_000:
            size = rng.choice((1, 3, 17, 300, 1_500, len(rest)))
            yield rest[:size]
            rest = rest[size:]
    yield rest


def fuzz(count: int, seed: int) -> Found:
    """Take so many blocks through splitting, sifting, reading and folding. Raises what they raise: nothing."""
    rng, found = random.Random(seed), Found()
    splitter, fold = Blocks(), Fold()
    for piece in stream(count, rng, recorded()):
        blocks = splitter.feed(piece)
        found.blocks += len(blocks)
        kept = sift(blocks)
        for block in blocks if rng.random() < 0.05 else kept:
            event = parse(block)
            if isinstance(event, Malformed):
                found.malformed += 1
            elif not isinstance(event, Ignored):
                found.events += 1
                for notice in fold.apply(event, found.blocks):
                    found.calls += fold.take(notice.uniqueid) != ()
        found.size = max(found.size, fold.size())
    return found


def resident_mb() -> float:
    """Resident memory now, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def report(say: Callable[[str, str], None], count: int = 1_000_000) -> None:
    """Take a million blocks and say what became of them."""
    fuzz(5_000, seed=0)
    gc.collect()
    before = resident_mb()
    found = fuzz(count, seed=count)
    gc.collect()
    say("fuzz", f"{found.blocks:,} blocks, half of them harmed, in any chunks: no exception; {found.events:,} events")
    say("fuzz", f"memory {before:.1f} MB before, {resident_mb():.1f} MB after; held at most {found.size}")
