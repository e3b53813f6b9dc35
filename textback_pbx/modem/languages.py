"""National language shift tables for what comes in: 3GPP TS 23.038, annex A. Data only.

A sender whose alphabet is not the default one names its tables in the user data header (23.040, 9.2.3.24.15 and
9.2.3.24.16). Nothing is ever sent in them: UCS-2 is understood by every phone. The nine Indic tables have one
layout, that of their Unicode blocks, so they are written as that layout and what differs.
"""

from collections.abc import Iterable

#: 6.2.1.1: what follows an escape where no language is named.
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

TURKISH, SPANISH, PORTUGUESE, URDU = 1, 2, 3, 13

_DIGITS = "0123456789"
_A_TO_O, _P_TO_Z = "abcdefghijklmno", "pqrstuvwxyz"

#: A.3: language -> the 128 characters that stand in for the default alphabet.
LOCKING: dict[int, str] = {
    TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà"
    ),
    PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
    ),
}

#: A.2: language -> what follows an escape.
SINGLE: dict[int, dict[int, str]] = {
    TURKISH: EXTENSION | {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    SPANISH: EXTENSION
    | {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
    PORTUGUESE: EXTENSION
    | {
        0x05: "ê",
        0x09: "ç",
        0x0B: "Ô",
        0x0C: "ô",
        0x0E: "Á",
        0x0F: "á",
        0x12: "Φ",
        0x13: "Γ",
        0x15: "Ω",
        0x16: "Π",
        0x17: "Ψ",
        0x18: "Σ",
        0x19: "Θ",
        0x1F: "Ê",
        0x41: "À",
        0x49: "Í",
        0x4F: "Ó",
        0x55: "Ú",
        0x5B: "Ã",
        0x5C: "Õ",
        0x61: "Â",
        0x69: "í",
        0x6F: "ó",
        0x75: "ú",
        0x7B: "ã",
        0x7C: "õ",
        0x7F: "â",
    },
}

#: Indic language -> its Unicode block, and the offsets in it of codes 0x60 and 0x7B-0x7F of its locking table.
_INDIC: dict[int, tuple[int, tuple[int, ...]]] = {
    4: (0x0980, (0x4E, 0x57, 0x5C, 0x5D, 0x70, 0x71)),  # Bengali
    5: (0x0A80, (0x50, 0x60, 0x61, 0x62, 0x63, 0x71)),  # Gujarati
    6: (0x0900, (0x50, 0x72, 0x7B, 0x7C, 0x7E, 0x7F)),  # Hindi
    7: (0x0C80, (0x55, 0x56, 0x60, 0x61, 0x62, 0x63)),  # Kannada
    8: (0x0D00, (0x57, 0x60, 0x61, 0x62, 0x63, 0x79)),  # Malayalam
    9: (0x0B00, (0x56, 0x57, 0x60, 0x61, 0x62, 0x63)),  # Oriya
    10: (0x0A00, (0x51, 0x70, 0x71, 0x72, 0x73, 0x74)),  # Punjabi
    11: (0x0B80, (0x50, 0x57, 0x70, 0x71, 0x72, 0x79)),  # Tamil
    12: (0x0C00, (0x55, 0x56, 0x60, 0x61, 0x62, 0x63)),  # Telugu
}


def _run(block: int, first: int, last: int) -> str:
    return "".join(chr(block + offset) for offset in range(first, last + 1))


def _indic(block: int, odd: tuple[int, ...]) -> str:
    """One Indic locking table in code order; codes the standard leaves empty get the block's empty places."""
    return "".join(
        (
            *(_run(block, 0x01, 0x03), _run(block, 0x05, 0x0B), "\n", _run(block, 0x0C, 0x0D), "\r"),
            *(_run(block, 0x0E, 0x1A), "\x1b", _run(block, 0x1B, 0x1E)),
            *(" !", _run(block, 0x1F, 0x24), ")(", _run(block, 0x25, 0x26), ",", chr(block + 0x27), "."),
            *(chr(block + 0x28), _DIGITS, ":;", _run(block, 0x29, 0x2B), "?"),
            *(_run(block, 0x2C, 0x39), _run(block, 0x3C, 0x4D)),
            *(chr(block + odd[0]), _A_TO_O, _P_TO_Z, *(chr(block + offset) for offset in odd[1:])),
        )
    )


LOCKING |= {language: _indic(block, odd) for language, (block, odd) in _INDIC.items()}

LOCKING[URDU] = (
    "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c"
    "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\x1b\u068c\u0688\u0689\u068a"
    " !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698"
    "0123456789:;\u069a\u0633\u0634?"
    "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
    "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
    "\u0654abcdefghijklmnopqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
)

#: What the single shift tables of the Indic languages and Urdu share: punctuation and the Latin capitals.
_SHARED = (
    dict(enumerate("@£$¥¿\"¤%&'\f*+\r-/<=>¡^¡_#*"))
    | {0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
    | {code: chr(code) for code in range(0x41, 0x5B)}
)
#: The codes that are left for the script's own signs and digits, in order.
_OWN = (0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)


def _single(signs: Iterable[int]) -> dict[int, str]:
    return _SHARED | {code: chr(sign) for code, sign in zip(_OWN, signs, strict=False) if sign}


def _with_dandas(block: int, *after: int) -> dict[int, str]:
    """Danda, double danda, the script's digits, then its own signs (offsets in the block)."""
    digits = range(block + 0x66, block + 0x70)
    return _single((0x0964, 0x0965, *digits, *(block + offset for offset in after)))


SINGLE |= {
    4: _single((*range(0x09E6, 0x09F0), 0x09DF, *range(0x09E0, 0x09E4), *range(0x09F2, 0x09FB))),
    5: _with_dandas(0x0A80),
    6: _with_dandas(0x0900, *range(0x51, 0x55), *range(0x58, 0x64), 0x70, 0x71),
    7: _with_dandas(0x0C80, 0x5E, 0x71, 0x72),
    8: _with_dandas(0x0D00, *range(0x70, 0x76), *range(0x7A, 0x80)),
    9: _with_dandas(0x0B00, 0x5C, 0x5D, 0x5F, 0x70, 0x71),
    10: _with_dandas(0x0A00, 0x59, 0x5A, 0x5B, 0x5C, 0x5E, 0x75),
    11: _with_dandas(0x0B80, *range(0x73, 0x79), 0x7A),
    12: _single((0, 0, *range(0x0C66, 0x0C70), 0x0C58, 0x0C59, *range(0x0C78, 0x0C80))),
    URDU: _single(
        (
            *(0x0600, 0x0601, *range(0x06F0, 0x06FA), *range(0x060C, 0x0615), 0x061B, 0x061F, 0x0640, 0x0652, 0x0658),
            *(0x066B, 0x066C, 0x0672, 0x0673, 0x06CD, 0x06D4),
        )
    ),
}
