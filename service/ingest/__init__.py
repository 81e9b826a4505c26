"""Files in, facts out: bytes on disk are read as a table of facts, refused row by row or as a whole, and counted.

Knows neither the database nor HTTP. `read_table` is the way in; `write_refused` gives the refused rows back.
"""

from service.ingest.formats import MEDIA_TYPES
from service.ingest.options import Limits, Options
from service.ingest.read import read_table
from service.ingest.table import ParsedFile, RefusedRow, write_refused

__all__ = ["MEDIA_TYPES", "Limits", "Options", "ParsedFile", "RefusedRow", "read_table", "write_refused"]
