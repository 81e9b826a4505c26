"""The pilot's own reading of a file. It shares no line with the service's ingest: an examiner that normalised its text
with the examined's code would be blind to that code's mistakes. Where the two differ, the report says so.
"""

from pilot.reading.counting import Pair, Reading, read_facts
from pilot.reading.options import ReadingOptions

__all__ = ["Pair", "Reading", "ReadingOptions", "read_facts"]
