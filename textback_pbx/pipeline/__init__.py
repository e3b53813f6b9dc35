"""The loops, and the only place where stages meet: each reads rows in one state and commits rows in the next.

``listen`` (PBX -> calls), ``decide`` (calls -> decisions, texts, tasks), ``follow_up`` (silence -> the nudge),
``send`` (texts -> modem), ``receive`` (modem -> stored texts and reports), ``handle`` (stored texts -> consent,
answers, tasks), ``keep`` (the clock, the disk, deadlines). Every hand-over is one transaction; a
:class:`~textback_pbx.pipeline.loop.Bell` only makes the next loop run at once, and losing its ring costs latency,
never a row.
"""
