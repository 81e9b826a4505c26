"""Looking for a text in every byte of a folder, however it may have been written down."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

CODECS = ("utf-8", "utf-16-le", "utf-16-be", "cp932", "euc_jp")


def written(text: str) -> Iterator[bytes]:
    """The text's bytes in each encoding, escaped as in JSON, and as hexadecimal and base64 of these."""
    for codec in CODECS:
        raw = text.encode(codec)
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):  # base64 of a text that begins anywhere within three bytes
            yield base64.b64encode(b"\0" * shift + raw)[4:-4]
    yield json.dumps(text)[1:-1].encode()


def places(folder: Path, text: str) -> list[str]:
    """The files below `folder` that hold the text."""
    needles = {needle for needle in written(text) if len(needle) >= 8}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if any(each in path.read_bytes() for each in needles)]
