"""Write openapi.json anew: `python -m tests.schemas.write_openapi`. The difference is what callers will notice."""

import json
import tempfile
from pathlib import Path

from tests.running import running_service

GOLDEN = Path(__file__).with_name("openapi.json")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "data") as running,
        running.client() as api,
    ):
        document = api.get("/openapi.json").raise_for_status().json()
    GOLDEN.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
