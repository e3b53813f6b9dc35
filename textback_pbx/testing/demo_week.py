"""The demo's week: what happens in an office from Monday to Monday, and what must come of it. Data only.

Times are local. Who does what is a pair: ``call`` (a caller and how the call ends), ``writes`` (a customer), ``staff``
(an order from a member of staff's own phone), ``endpoint`` (down or up), ``closes`` (a task, by command).
"""

from dataclasses import dataclass

OFFICE = "Lakeside Plumbing"
ZONE = "America/Chicago"
KIM, LEE, ADA = "+15125550171", "+15125550172", "+15125550173"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of nobody: the endpoint stands in this process

CONFIG = f"""
[office]
name = "{OFFICE}"
country = "US"
region = "TX"
timezone = "{ZONE}"
trade = "home_services"
phone = "+15125550100"
owner = "front desk"
own_numbers = ["+15125550100"]
[hours]
monday = ["08:00-17:00"]
tuesday = ["08:00-17:00"]
wednesday = ["08:00-17:00"]
thursday = ["08:00-17:00"]
friday = ["08:00-17:00"]
[modem]
seconds_between_texts = 0
[[people]]
name = "kim"
role = "technician"
phone = "{KIM}"
tell = ["sms"]
[[people]]
name = "lee"
role = "technician"
phone = "{LEE}"
tell = ["sms"]
[people.hours]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
public_holidays = false
[[people]]
name = "ada"
role = "admin"
phone = "{ADA}"
tell = ["sms"]
[[queues]]
name = "plumbers"
members = ["kim", "lee"]
[[queues]]
name = "on call"
members = ["lee"]
[[routes]]
name = "emergencies"
urgencies = ["emergency"]
to = "on call"
[[routes]]
name = "hot water"
services = ["water_heater", "heating"]
to = "plumbers"
[[webhooks]]
name = "crm"
url = "https://crm.example.com/textback"
secret = "{KEY}"
"""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens: ``at`` is local (``2026-11-16T09:10``), ``who`` a number or a name, ``what`` the rest."""

    at: str
    do: str
    who: str
    what: str = ""


BEGINS, REPORTS = "2026-11-16T08:30", "2026-11-23T08:00"
_A, _B, _C, _D, _E, _F, _G = (f"+1512555014{n}" for n in range(7))
#: Everybody but the third caller has signed a form.
CONSENTS = (_A, _B, _D, _E, _F, _G)
WEEK: tuple[Act, ...] = (
    Act("2026-11-16T09:10", "call", _A, "no_answer"),
    Act("2026-11-16T09:14", "writes", _A, "Our water heater is leaking, can someone come tomorrow after 3?"),
    Act("2026-11-16T09:20", "staff", KIM, "10 We can be there tomorrow at 3. Does that suit you?"),
    Act("2026-11-16T09:31", "writes", _A, "Yes, that is fine"),
    Act("2026-11-16T09:35", "staff", KIM, "10 booked tomorrow 3pm to 5pm"),
    Act("2026-11-16T22:40", "call", _B, "no_answer"),
    Act("2026-11-16T22:43", "writes", _B, "A pipe burst and water is pouring through the ceiling!"),
    Act("2026-11-16T22:45", "staff", LEE, "11 on my way"),
    Act("2026-11-16T23:40", "staff", LEE, "11 done, shut off and mended"),
    Act("2026-11-17T10:00", "call", _C, "no_answer"),
    Act("2026-11-17T11:05", "staff", ADA, "12 call"),
    Act("2026-11-17T11:20", "staff", ADA, "12 done left a message"),
    Act("2026-11-18T08:30", "endpoint", "crm", "down"),
    Act("2026-11-18T11:00", "call", _D, "busy"),
    Act("2026-11-18T11:02", "writes", _D, "STOP"),
    Act("2026-11-18T14:00", "call", _E, "not_reachable"),
    Act("2026-11-18T14:30", "closes", "ada", "the phone's plug was out"),
    Act("2026-11-19T08:30", "endpoint", "crm", "up"),
    Act("2026-11-19T09:00", "call", _F, "no_answer"),
    Act("2026-11-19T09:05", "call", _F, "no_answer"),
    Act("2026-11-19T09:08", "call", _F, "answered"),
    Act("2026-11-20T16:50", "call", _G, "no_answer"),
    Act("2026-11-20T16:56", "writes", _G, "Kitchen tap drips, no rush"),
    Act("2026-11-21T12:00", "call", "", "no_answer"),
)

#: What the Monday report must say, counted by hand from the acts above.
EXPECTED: dict[str, object] = {
    "missed": 9,
    "missed_callers": 7,
    "by_reason": {"no_answer": 7, "busy": 1, "not_reachable": 1},
    "by_hours": {"open": 7, "closed": 2},
    "eligible": 6,
    "texted": 6,
    "recipients": 6,
    "replied": 3,
    "recovered": 2,
    "booked": 1,
    "opt_outs": 1,
}
