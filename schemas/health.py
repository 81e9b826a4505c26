"""Whether the service lives and can do its work."""

from typing import Literal

from schemas.base import Reply


class Health(Reply):
    status: Literal["ok"]
