"""The weekly loop: the mail about the week before, made once when its time has come, however often the agent starts."""

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from textback_pbx.clock import SECOND_MS, Clock
from textback_pbx.config import DAYS, Settings
from textback_pbx.database import Database, Tx
from textback_pbx.pipeline.figures import report_of
from textback_pbx.pipeline.office import Office
from textback_pbx.tasks import weekly, weekly_store
from textback_pbx.tasks.notify import targets
from textback_pbx.tasks.periods import week_of
from textback_pbx.tasks.report import Report
from textback_pbx.tasks.weekly import WeeklySettings

_IDLE_S, _UNTRUSTED_S, _LEAST_S = 3_600.0, 60.0, 1.0


def weekly_of(settings: Settings) -> WeeklySettings:
    """Map the configuration onto the mail's settings."""
    report = settings.report
    hour, minute = report.at.split(":")
    return WeeklySettings(report.mail_to, DAYS.index(report.day), int(hour) * 60 + int(minute))


class Weekly:
    """The loop's step."""

    def __init__(
        self,
        parts: tuple[Database, Office, Clock],
        settings: WeeklySettings,
        zone: ZoneInfo,
        *,
        clock_trusted: Callable[[], bool],
        on_notice: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock = parts
        self._settings, self._zone = settings, zone
        self._clock_trusted, self._on_notice = clock_trusted, on_notice

    async def step(self) -> float:
        """Make at most one mail; return how long nothing is due, 0.0 while there may be another."""
        if not self._clock_trusted():
            return _UNTRUSTED_S  # a clock that is ahead would make mails of weeks that are not over
        async with self._database.transaction() as tx:
            if not self._settings.to:
                await weekly_store.switch_off(tx)
                return _IDLE_S
            now_ms = self._clock.now_ms()
            monday = await weekly_store.next_week(tx, now_ms, self._zone)
            wait_ms = weekly.due_ms(monday, self._settings, self._zone) - now_ms
            if wait_ms > 0:
                return min(_IDLE_S, max(_LEAST_S, wait_ms / SECOND_MS))
            mail = weekly.mail(
                await self._report(tx, monday, now_ms), await self._report(tx, monday - timedelta(7), now_ms), monday
            )
            addresses = self._office.staffing.addresses
            to = [one for name in self._settings.to for one in targets(name, len(addresses.get(name, ())))]
            await weekly_store.keep(tx, monday, mail, tuple(to), now_ms)
        self._on_notice()
        return 0.0

    async def _report(self, tx: Tx, monday: date, now_ms: int) -> Report:
        last = monday + timedelta(7) == weekly.monday_of(now_ms, self._zone)
        period = week_of(monday, self._zone, "last week" if last else f"in the week from {monday}")
        return await report_of(tx, self._office, period, self._zone, now_ms)
