"""What a person typed -> plain lower-case tokens that remember where they stood. Pure.

Full-width and styled letters, accents, look-alikes from other scripts, zero-width characters, emoji and
punctuation all fall away here (Unicode NFKC, then combining marks dropped, then a table of look-alikes), so that
the grammar above sees ``stop`` for ``ＳＴＯＰ``, ``S\u200bTOP``, ``СТ0P`` and ``𝐒𝐭𝐨𝐩!!!``. Tokens keep their place in
the original text, because every verdict shows the words it rests on.
"""

import re
import unicodedata
from dataclasses import dataclass

#: Nothing longer is read: ten parts hold at most 1,530 characters, and a wish stands at the start or the end.
MAX_CHARS = 4_000

#: A break of clause (``,``) or of sentence (``.``) is a token too; patterns do not reach over it.
COMMA, STOP = ",", "."
BREAKS = frozenset({COMMA, STOP})
#: Emoji that say "stop" to many readers, and to others something else.
HALT_EMOJI = "🛑⛔🚫✋🖐🤚🙅"
HALT = "halt_emoji"

# Letters of other scripts that look like a Latin one (lower case). Used only on words that mix scripts or consist
# of such letters altogether: real Cyrillic and Greek words keep their letters.
_LOOKALIKES = dict(
    zip(
        "аеорсхуткмнвіѕјԁӏԛԝгԍοαρτνκιευχηγʟɪɴᴏᴘꜱᴛᴇɢ",
        "aeopcxytkmhbisjdlqwrgoaptvkieuxnylinopsteg",
        strict=True,
    )
)
_SPECIAL = {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ß": "ss"}
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s", "@": "a", "|": "l"})
_ELISION = re.compile(r"(qu|[ldmnjcst])'(?=[aeiouhy])")
#: Swearing with its letters starred out: the word's first letters, then stars.
_MASKED = re.compile(r"(?:fu?|sh?|b|as?|d|p|m|c|k)[*#]+[a-z]*(?![\w*#])")
_SWEARING = {"f": "fuck", "s": "shit"}
_WORD = re.compile(r"[^\W_$@]*[\w$@](?:[\w$@]|'(?=\w))*")
_SENTENCE_END = frozenset(".!?;\n\r…。！？؟¡¿")
_CLAUSE_END = frozenset(",:()[]{}—–~/|、，")


@dataclass(frozen=True, slots=True)
class Token:
    """One word or break. ``text`` is folded; ``start`` and ``end`` are its place in the original text."""

    text: str
    start: int
    end: int


def fold_char(char: str) -> str:
    """Return the plain lower-case letters a character stands for; ``""`` when it is invisible."""
    code = ord(char)
    if 0x1F150 <= code <= 0x1F169:  # negative circled letters
        return chr(code - 0x1F150 + 97)
    if 0x1F170 <= code <= 0x1F189:  # negative squared letters
        return chr(code - 0x1F170 + 97)
    if unicodedata.category(char) in {"Cf", "Cs"} or 0xFE00 <= code <= 0xFE0F:
        return ""
    if char in "’‘ʼ`´＇′":
        return "'"
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", char).casefold())
    out = [_SPECIAL.get(part, part) for part in plain if unicodedata.category(part) != "Mn"]
    return "".join(out)


def fold(text: str) -> str:
    """Return ``text`` folded as tokens are, for words that come from data files."""
    return " ".join(token.text for token in tokens(text) if token.text not in BREAKS)


def tokens(text: str) -> list[Token]:
    """Split a text into folded words and breaks; runs of breaks count once, a sentence's end wins."""
    chars, places = _folded(text[:MAX_CHARS])
    found: list[Token] = []
    position = 0
    while position < len(chars):
        masked = None if position and chars[position - 1].isalnum() else _MASKED.match(chars, position)
        if masked:
            found += _unmasked(masked.group(), places, position)
            position = masked.end()
            continue
        match = _WORD.match(chars, position)
        if match and match.end() > position:
            found += _words(match.group(), places, position)
            position = match.end()
            continue
        _add_mark(found, chars, position, places[position])
        position += 1
    return found


def _unmasked(raw: str, places: list[int], at: int) -> list[Token]:
    """Return the swear word that stars stand for where it matters ("f*** off"); others say nothing and go."""
    word = _SWEARING.get(raw[0])
    if word is None:
        return []
    return [Token(word + "ing" * raw.endswith(("g", "in")), places[at], places[at + len(raw) - 1] + 1)]


def _folded(text: str) -> tuple[str, list[int]]:
    chars: list[str] = []
    places: list[int] = []
    flags = _flag_letters(text)
    for place, char in enumerate(text):
        folded = flags.get(place) or fold_char(char)
        chars.append(folded)
        places += [place] * len(folded)
    return _ELISION.sub(lambda match: f"{match.group(1)} ", "".join(chars)), places


def _flag_letters(text: str) -> dict[int, str]:
    """Regional indicators spell a word when four or more stand together; two are a flag."""
    letters: dict[int, str] = {}
    for run in re.finditer("[\U0001f1e6-\U0001f1ff]{4,}", text):
        letters |= {place: chr(ord(text[place]) - 0x1F1E6 + 97) for place in range(*run.span())}
    return letters


def _words(raw: str, places: list[int], at: int) -> list[Token]:
    word = _latin(raw.replace("'", "").replace("_", ""))
    if not word:
        return []
    return [Token(word, places[at], places[at + len(raw) - 1] + 1)]


def _latin(word: str) -> str:
    """Replace look-alikes in words that mix scripts or are made of look-alikes only."""
    foreign = [char for char in word if char.isalpha() and not char.isascii()]
    if not foreign or not all(char in _LOOKALIKES for char in foreign):
        return word
    return "".join(_LOOKALIKES.get(char, char) for char in word)


def _add_mark(found: list[Token], chars: str, position: int, place: int) -> None:
    char = chars[position]
    if char in HALT_EMOJI:
        found.append(Token(HALT, place, place + 1))
        return
    if char == "#" and not chars[position + 1 : position + 2].isalnum():
        found.append(Token("number", place, place + 1))
        return
    if char == "+" and not re.search(r"\w", chars[max(0, position - 1) : position + 2]):
        found.append(Token("plus", place, place + 1))
        return
    dash = char == "-" and chars[position - 1 : position].isspace()
    kind = STOP if char in _SENTENCE_END else COMMA if char in _CLAUSE_END or dash else ""
    if not kind:
        return
    if found and found[-1].text in BREAKS:
        if kind == STOP:
            found[-1] = Token(STOP, found[-1].start, place + 1)
        return
    found.append(Token(kind, place, place + 1))


def unleet(word: str) -> str:
    """Return ``word`` with digits and signs read as the letters they look like: ``st0p`` -> ``stop``."""
    return word.translate(_LEET)


def squeeze(word: str, keep: int) -> str:
    """Return ``word`` with runs of one letter cut to ``keep``: ``stooop`` -> ``stop``."""
    return re.sub(r"(.)\1+", lambda match: match.group(1) * keep, word)


def near(word: str, target: str, limit: int) -> bool:
    """Return whether ``limit`` slips (a letter missing, added, wrong, or two swapped) lead from one to the other."""
    if abs(len(word) - len(target)) > limit:
        return False
    before: list[int] = []
    row = list(range(len(target) + 1))
    for i, a in enumerate(word, start=1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(target, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == target[j - 2] and word[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1] <= limit
