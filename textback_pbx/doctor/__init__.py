"""The checks an installer runs when something looks wrong: one file for each part of the machine, one list of all.

A check is a coroutine function of the settings that returns findings; it reads, and never changes anything. The
checks themselves live where the knowledge is (``calls/checks.py``, ``modem/checks.py`` ...); here they are joined.
"""
