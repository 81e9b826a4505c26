"""Reading uploads: a file becomes a table of facts and a list of refused rows, or is refused as a whole.

This package knows neither the database nor HTTP. `read_table` reads a file; `write_refused` writes the refused rows.
"""

from service.ingest.formats import MEDIA_TYPES
from service.ingest.options import Limits, Options
from service.ingest.read import read_table
from service.ingest.table import ParsedFile, RefusedRow, write_refused

__all__ = ["MEDIA_TYPES", "Limits", "Options", "ParsedFile", "RefusedRow", "read_table", "write_refused"]
