"""One text with all that the routing rules look at; the same for the handle loop and for ``routes test``."""

from datetime import datetime

from textback_pbx.decision import hours
from textback_pbx.pipeline.office import Office
from textback_pbx.replies import intake, routing
from textback_pbx.replies.intake import Intake
from textback_pbx.replies.routing import Inquiry, Route

#: The trades that the intake has a lexicon for.
TRADES = frozenset(("home_services", "dental", "law", "salon", "pet"))


def read_text(office: Office, line_name: str, text: str, at_ms: int) -> Intake:
    """Return what a text says, read on the line's wall clock and in its trade."""
    line = office.line(line_name)
    zone = line.hours.zone
    trade = line.trade if line.trade in TRADES else None
    return intake.read(text, now=hours.local(at_ms, zone), tz=zone, business=trade)


def inquiry_of(
    office: Office,
    line_name: str,
    text: str,
    read: Intake,
    at_ms: int,
    *,
    customer: str = "",
    signs: tuple[str, ...] = (),
) -> Inquiry:
    """Return what the rules look at. ``customer`` is what the contacts know; the text's own word comes first."""
    schedule = office.line(line_name).hours
    wall: datetime = hours.local(at_ms, schedule.zone)
    return Inquiry(
        text=text,
        line=line_name,
        is_open=hours.is_open(schedule, at_ms),
        weekday=wall.weekday(),
        minute=wall.hour * 60 + wall.minute,
        urgency=read.urgency or "",
        service=read.service or "",
        postcode=read.place.postcode or "",
        customer=read.customer or customer,
        signs=signs,
    )


def route_of(office: Office, inquiry: Inquiry) -> Route:
    """Return whose a text is, by the office's rules, its queues' territories and the line's owner."""
    staffing = office.staffing
    owner = office.line(inquiry.line).owner
    return routing.route(inquiry, staffing.rules, owner=owner, territories=staffing.territories())
