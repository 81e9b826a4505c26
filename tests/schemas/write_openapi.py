"""Write openapi.json anew: `python -m tests.schemas.write_openapi`. The difference is what callers will notice."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.running import running_service

GOLDEN = Path(__file__).with_name("openapi.json")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "data") as running,
        running.client() as api,
    ):
        document = api.get("/openapi.json").raise_for_status().json()
        document = _order_like(document, json.loads(GOLDEN.read_text("utf-8")))
    GOLDEN.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _order_like(document: Any, before: Any) -> Any:
    """The document with its keys in the order that they had before, new ones at the end, so that a diff is short."""
    if isinstance(document, dict) and isinstance(before, dict):
        keys = [*(key for key in before if key in document), *(key for key in document if key not in before)]
        return {key: _order_like(document[key], before.get(key)) for key in keys}
    if isinstance(document, list) and isinstance(before, list):
        return [_order_like(each, before[at] if at < len(before) else None) for at, each in enumerate(document)]
    return document


if __name__ == "__main__":
    main()
