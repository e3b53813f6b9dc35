"""The errors of the simulated modem: +CMS ERROR (27.005 3.2.5) and +CME ERROR (27.007 9.2)."""

from textback_pbx.testing.sim_card import SimState

#: 27.007 9.2.1, the ones the simulator gives, in words for +CMEE=2.
CME_WORDS: dict[int, str] = {
    0: "phone failure",
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    16: "incorrect password",
    21: "invalid index",
    30: "no network service",
    50: "incorrect parameters",
    100: "unknown",
}


class AtError(Exception):
    """A command fails; the final result depends on +CMEE."""

    def final(self, cmee: int) -> str:
        """Return the result code's words."""
        del cmee
        return "ERROR"


class CmsError(AtError):
    """A message service failure: numeric in every mode, as 27.005 has it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def final(self, cmee: int) -> str:
        """Return the result code's words."""
        del cmee
        return f"+CMS ERROR: {self.code}"


class CmeError(AtError):
    """An equipment failure: ERROR, a number or words after +CMEE 0, 1 or 2."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def final(self, cmee: int) -> str:
        """Return the result code's words."""
        if cmee == 0:
            return "ERROR"
        return f"+CME ERROR: {CME_WORDS.get(self.code, 'unknown') if cmee == 2 else self.code}"


#: What a SIM that is not ready makes of a command: (+CME, +CMS).
SIM_ERRORS: dict[SimState, tuple[int, int]] = {
    SimState.ABSENT: (10, 310),
    SimState.PIN: (11, 311),
    SimState.PUK: (12, 316),
    SimState.BLOCKED: (13, 313),
}
