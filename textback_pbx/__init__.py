"""textback-pbx: a caller whose call was missed gets one honest text, if and only if the office may send it.

The flow, one folder a stage: ``calls`` (what happened on the PBX), ``consent`` (may this person be texted),
``decision`` (text or not, when, which words), ``outbox`` (one message on its way out), ``modem`` (the GSM
stick), ``replies`` (what came back), ``tasks`` (who does what by when). Stages meet only in ``pipeline``,
through the database.
"""

__version__ = "0.1.0"
