"""Families of wordings that another writer's texts showed to be misread, each with its siblings.

All stand on Wednesday 2026-11-18, 10:20 in Chicago (the British ones in London); a window is written
``day start-end`` with the day of the month. More of them, as data, in ``families``.
"""

import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from textback_pbx.replies.intake import read

NOW = datetime.fromisoformat("2026-11-18T10:20:00-06:00")
WINDOWS = {
    "between, however it is written": {
        "btw 2 n 4 today": "18 14:00-16:00",
        "btw 1 & 3 tomorrow": "19 13:00-15:00",
        "b/t 9 and 11 friday": "20 09:00-11:00",
        "can u come bet 2 and 4 thursday": "19 14:00-16:00",
        "btw tomorrow works": "19 08:00-17:00",
    },
    "what is best is the hour, not the day": {
        "Monday or Tuesday, afternoons best": "23 12:00-17:00",
        "mon or tues afternoons best for a cleaning": "23 12:00-17:00",
        "thursday or friday mornings are best": "19 08:00-12:00",
        "Thurs or Fri, mornings preferred": "19 08:00-12:00",
        "monday or tuesday, tuesday is best": "24 08:00-17:00",
    },
    "weeks in short": {
        "sometime next wk for a trim thx": "23 08:00-28 12:00",
        "nxt week sometime": "23 08:00-28 12:00",
        "nxt wk is fine": "23 08:00-28 12:00",
        "any time this wk": "18 10:20-21 12:00",
        "nxt tuesday at 10": "24 10:00-11:00",
        "tues next wk after 2": "24 14:00-17:00",
    },
    "marks said aloud": {
        "Monday morning comma before ten period thank you": "23 08:00-10:00",
        "please call me tomorrow comma after two period": "19 14:00-17:00",
        "friday at three question mark": "20 15:00-16:00",
        "the grace period ends friday": None,
    },
    "the hours of a clock of 24": {
        "Please to call me on Friday, after the 13 hours.": "20 13:00-17:00",
        "call me tomorrow at the 15 hours": "19 15:00-16:00",
        "before the 11 hours on Friday please": "20 08:00-11:00",
        "thursday before 11 hours": "19 08:00-11:00",
        "the heat came back after 13 hours": None,
    },
    "a call at an hour, a visit on a day": {
        "call me at 1 and the guy can come look at the toilet friday morning": "18 13:00-14:00",
        "call me at 2 and he can come out Friday": "18 14:00-15:00",
        "ring me after 3, they could visit monday morning": "18 15:00-17:00",
        "call me at 1 on friday": "20 13:00-14:00",
    },
    "who did not come is no wish": {
        "no one showed up wednesday": None,
        "nobody showed monday": None,
        "your guy never showed up friday": None,
        "the tech didn't show up monday": None,
        "no one turned up tuesday": None,
        "no show on monday, want to rebook": None,
    },
    "booked already": {
        "booked a perm with you for friday at 1 just checking its still on": None,
        "booked in for thursday at 2, is that still ok?": None,
        "scheduled a cleaning for monday 9am just double checking": None,
        "made an appointment for friday at 10, just want to check it went through": None,
        "booked for friday at 1, can we move it to monday at 2": "23 14:00-15:00",
        "can i get booked in friday at 1": "20 13:00-14:00",
    },
    "sizes": {
        "filter size is 16 by 25 by 1": None,
        "its a 20x25x4 filter": None,
        "the tub is 5 by 3 feet": None,
        "tile is 12 by 12": None,
        "my bedroom is 12 by 10": None,
        "filter 20 x 20 x 1, come by 3 tomorrow": "19 15:00-16:00",
    },
    "the hour is corrected, the day stays": {
        "thursday at 2. actually make it 3": "19 15:00-16:00",
        "friday at 10. Actually 11": "20 11:00-12:00",
        "monday at 9. sorry make that 10": "23 10:00-11:00",
        "tomorrow at 1. no wait, make it 2": "19 14:00-15:00",
        "monday at 3, scratch that, 4": "23 16:00-17:00",
        "thursday at 2. actually make it friday": "20 08:00-17:00",
    },
}
FIELDS = {
    ("customer", "dental"): {
        "its not my first visit I see Dr Patel every year": "known",
        "this is not my first time with you": "known",
        "I had a filling at two oclock on Monday and now it feels high": "known",
        "this is my first visit": "new",
    },
    ("customer", "salon"): {
        "last time I paid 80 for highlights": "known",
        "last time I got the balayage": "known",
        "booked a perm with you for friday": "known",
        "want the same again tues": "known",
    },
    ("customer", "home_services"): {
        "the water softener was put in by you in 2019": "known",
        "the furnace was installed by you guys": "known",
        "the tech Joey was here last month": "known",
        "our old plumber put it in": None,
    },
    ("customer", "pet"): {"can i move Daisys groom from thursday 9 to monday 10": "known"},
    ("urgency", "law"): {
        "got hurt in a car accident, whats your fee": None,
        "i was hurt at work in june": None,
        "my back hurts so bad": "urgent",
    },
    ("urgency", "home_services"): {
        "the flooding stopped, its all dry now, nothing urgent": "normal",
        "not asap, just sometime thursday": "normal",
        "doesn't have to be asap": "normal",
        "the basement is flooding": "emergency",
        "the toilet stopped draining and its flooding": "emergency",
    },
    ("service", "dental"): {
        "no pain, no swelling, just want a checkup": "cleaning",
        "swelling in my jaw": "toothache",
    },
    ("service", "home_services"): {
        "the pressure is maybe 20 psi in the whole house": "water_supply",
        "pressure is only like 25 psi": "water_supply",
    },
    ("street", "home_services"): {
        "we used to be at 40 Hill St, now its 2210 Vine St 45219": "2210 Vine St",
        "I used to live at 12 Elm Ave, its 9 Oak Rd now": "9 Oak Rd",
        "I said 5 maple not 9 maple. the sink is backed up": "5 maple",
    },
    ("postcode", "home_services"): {
        "one twenty five oak street zip four three two one five": "43215",
        "zip code is seven eight seven oh four": "78704",
        "my zip is nine zero two one zero": "90210",
    },
    ("name", "law"): {
        "calling for my mother Edith, she is the client. its her power of attorney": "Edith",
        "Is Nguyen Van Minh. I want ask about green card for my wife.": "Nguyen Van Minh",
        "Is Monday ok?": None,
    },
    ("name", "salon"): {
        "never been to you guys before. need brows done. Kayleigh x": "Kayleigh",
        "thanks so much! Priya xx": "Priya",
    },
    ("name", "home_services"): {
        "the faucet he fitted drips. Bill Tran, 1408 Harper Ave, call monday noon": "Bill Tran",
        "sink is clogged. Mark Ellis, 22 Oak Ave": "Mark Ellis",
    },
}


FOLDER = Path(__file__).parent / "families"
PLACES = {
    "windows": (NOW, "America/Chicago"),
    "british": (datetime.fromisoformat("2026-11-18T10:20:00+00:00"), "Europe/London"),
}


def _families(name):
    path = FOLDER / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _window(text, place="windows"):
    found = read(text, *PLACES[place], "home_services").window
    if found is None:
        return None
    start, end = datetime.fromisoformat(found.start), datetime.fromisoformat(found.end)
    day = "" if start.date() == end.date() else f"{end:%-d} "
    return f"{start:%-d %H:%M}-{day}{end:%H:%M}"


@pytest.mark.parametrize(("text", "wanted"), [pair for texts in WINDOWS.values() for pair in texts.items()])
def test_a_family_of_windows(text, wanted):
    assert _window(text) == wanted


@pytest.mark.parametrize(
    ("place", "text", "wanted"),
    [(place, *pair) for place in PLACES for texts in _families(place).values() for pair in texts.items()],
)
def test_a_family_of_windows_as_data(place, text, wanted):
    assert (_window(text, place) or "") in wanted.split("|")


@pytest.mark.parametrize(
    ("field", "business", "text", "wanted"),
    [(*key.split("/")[:2], *pair) for key, texts in _families("fields").items() for pair in texts.items()],
)
def test_a_family_of_fields_as_data(field, business, text, wanted):
    made = read(text, NOW, "America/Chicago", business).values()
    assert ({**made, **made["place"]}[field] or "") == wanted


@pytest.mark.parametrize(
    ("field", "business", "text", "wanted"),
    [(*key, text, wanted) for key, texts in FIELDS.items() for text, wanted in texts.items()],
)
def test_a_family_of_fields(field, business, text, wanted):
    made = read(text, NOW, "America/Chicago", business).values()
    assert {**made, **made["place"]}[field] == wanted
