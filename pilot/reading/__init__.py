"""The pilot's own reading of a file.

It shares no code with the service's ingest, since an examiner that used the same code would be blind to its mistakes.
Where the two differ, the report says so.
"""

from pilot.reading.counting import Pair, Reading, read_facts
from pilot.reading.options import ReadingOptions

__all__ = ["Pair", "Reading", "ReadingOptions", "read_facts"]
