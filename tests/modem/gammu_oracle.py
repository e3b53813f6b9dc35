"""Run by a Python that has python-gammu: JSON lines in, JSON lines out. Not part of the program.

{"decode": hex} -> number, text, reference and part as gammu reads them. {"encode": text, ...} -> a DELIVER in hex,
with the user data header "udh" where one is given.
"""

import datetime as dt
import json
import sys

import gammu


def decode(request):
    got = gammu.DecodePDU(bytes.fromhex(request["decode"]), True)
    udh = got["UDH"]
    return {
        "number": got["Number"],
        "text": got["Text"],
        "coding": got["Coding"],
        "ref": max(udh["ID8bit"], udh["ID16bit"]),
        "part": udh["PartNumber"],
        "total": udh["AllParts"],
    }


def encode(request):
    udh = bytes.fromhex(request.get("udh", ""))
    when = dt.datetime(2026, 11, 20, 10, 5, 0)  # noqa: DTZ001 - gammu takes naive times
    sms = {
        "SMSC": {"Number": "+15125550199", "Location": 1},
        "Number": request["number"],
        "Text": request["encode"],
        "Coding": request["coding"],
        "Class": -1,
        "UDH": {"Type": "UserUDH" if udh else "NoUDH", "Text": udh},
        "DateTime": when,
        "Type": "Deliver",
        "Folder": 1,
        "State": "UnRead",
        "SMSCDateTime": when,
    }
    return {"pdu": gammu.EncodePDU(sms, "Deliver").hex()}


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = decode(asked) if "decode" in asked else encode(asked)
    except Exception as error:  # noqa: BLE001 - told to the test
        answer = {"error": repr(error)}
    print(json.dumps(answer))
