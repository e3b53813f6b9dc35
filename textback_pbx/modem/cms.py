"""Which ``+CMS ERROR`` after a PDU proves that the text was not taken: data (3GPP TS 27.005, 3.2.5; MODEM 14). Pure.

0-127 are RP causes (24.011, annex E-2) and 128-255 TP-Failure-Causes (23.040, 9.2.3.22): the network itself said
no. Of the modem's own numbers only those count that it gives before it sends. Everything else, a plain ERROR
and silence included, may come after the text left: unlisted is ambiguous.
"""

NETWORK = range(256)

#: The modem's refusals that come before anything is sent. The words are 27.005's.
LOCAL: dict[int, str] = {
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "(U)SIM not inserted",
    311: "(U)SIM PIN required",
    312: "PH-(U)SIM PIN required",
    315: "(U)SIM wrong",
    316: "(U)SIM PUK required",
    317: "(U)SIM PIN2 required",
    318: "(U)SIM PUK2 required",
    330: "SMSC address unknown",
}

#: Named because they look like refusals and are not: the text may be on the air.
AMBIGUOUS: dict[int, str] = {
    300: "ME failure",
    313: "(U)SIM failure",
    314: "(U)SIM busy",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


def is_definite(code: int | None) -> bool:
    """Whether the code proves that the network does not have the text."""
    return code is not None and (code in NETWORK or code in LOCAL)
