"""What a ZIP archive is and what it would expand to, before anything reads it as a workbook."""

import zipfile
import zlib
from pathlib import Path

from schemas.problems import Code
from service.errors import TooLarge, UnsupportedMedia, UnusableFile
from service.ingest.options import Limits

_WORKBOOK_PART = "xl/workbook.xml"
_CHUNK = 1 << 20
# What zipfile raises for damage, for a password, and for a compression that it does not know.
_DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)


def check_workbook_archive(path: Path, limits: Limits) -> None:
    """Raise where the archive is no .xlsx (415), is damaged (422) or expands beyond the limit (413).

    The directory is believed first and then checked: every part is unpacked, and its true size counted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if _WORKBOOK_PART not in archive.namelist():
                raise UnsupportedMedia(
                    "The file is a ZIP archive but not an .xlsx workbook. Unpack it, or save the table as .xlsx or CSV."
                )
            _refuse_over(sum(part.file_size for part in parts), limits)
            _refuse_over(sum(_unpacked_bytes(archive, part) for part in parts), limits)
    except _DAMAGE as error:
        raise UnusableFile(
            f"The workbook is damaged or encrypted: {str(error)[:200]}. Save it again without a password.",
            code=Code.NOT_A_TABLE,
        ) from error


def _unpacked_bytes(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    size = 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
    return size


def _refuse_over(size: int, limits: Limits) -> None:
    if size > limits.max_expanded_bytes:
        raise TooLarge(
            f"The workbook expands to {size:,} bytes; {limits.max_expanded_bytes:,} are the most. "
            "Send the sheet with the facts alone, or as CSV.",
            code=Code.ARCHIVE_TOO_LARGE,
        )
