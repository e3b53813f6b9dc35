"""What the office has set: `load` a file, or say every problem in it at once.

`sections` are the tables and their keys, `settings` joins them with the environment and the secrets' files, `problems`
puts what is wrong into words with key and line, `meaning` finds what has the right type and means nothing.
"""

from textback_pbx.config.problems import ConfigProblem
from textback_pbx.config.sections import DAYS, Ami, Hours, Line, Modem, Pbx
from textback_pbx.config.settings import DEFAULT_PATH, Settings, load, parse

__all__ = ["DAYS", "DEFAULT_PATH", "Ami", "ConfigProblem", "Hours", "Line", "Modem", "Pbx", "Settings", "load", "parse"]
