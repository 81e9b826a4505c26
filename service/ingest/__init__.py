"""Files in, facts out: bytes on disk are read as a table of facts, refused row by row or as a whole, and counted.

Knows neither the database nor HTTP. `read_table` is the way in; `write_refused` gives the refused rows back.
"""

from service.ingest.formats import MEDIA_TYPES
from service.ingest.options import Limits, Options
from service.ingest.read import read_table
from service.ingest.refused import write_refused
from service.ingest.table import Parsed, RefusedRow

__all__ = ["MEDIA_TYPES", "Limits", "Options", "Parsed", "RefusedRow", "read_table", "write_refused"]
