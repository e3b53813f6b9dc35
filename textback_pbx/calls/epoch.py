"""One run of Asterisk told from the next, where its start time does not: whole seconds, and a clock that may repeat.

A Uniqueid is ``[system-]seconds.counter``; the counter goes on while Asterisk runs and starts again with it. A
Raspberry Pi without a clock boots with the same time again and again, and a quick restart is over within the second
that CoreStatus counts in: then the start time is the same and the run is another. What shows it: Asterisk said
good-bye; or, after a gap, a channel is made whose counter had been reached before it. Pure.
"""

import re

_UNIQUEID = re.compile(r"(?:.*-)?\d{1,12}\.(\d{1,12})")


class Epoch:
    """The present run of one Asterisk; :attr:`suffix` belongs into every key after a run that could not be told."""

    def __init__(self) -> None:
        self.suffix = ""
        self.was_ended = False
        self._count = 0
        self._highest = -1
        self._before_gap: int | None = None

    def ended(self) -> None:
        """Asterisk said good-bye."""
        self.was_ended = True

    def gap(self) -> None:
        """Asterisk is not heard: another run may follow."""
        self._before_gap = self._highest

    def is_another(self, uniqueid: str, *, lives: bool = False) -> bool:
        """Whether a channel that is made now shows that Asterisk was started again since the last gap.

        Within one run no channel is made after the gap with a counter that was reached before it. ``lives``: this
        very channel was known before the gap and was not ended (a doubled event).
        """
        match = _UNIQUEID.fullmatch(uniqueid)
        if match is None:
            return False
        counter, before = int(match[1]), self._before_gap
        self._highest = max(self._highest, counter)
        return before is not None and counter <= before and not lives

    def next(self) -> None:
        """Another run has begun, with the start time of the last one as far as anybody can see."""
        self._count += 1
        self.suffix = f"+{self._count}"
        self.was_ended = False
        self._highest, self._before_gap = -1, None
