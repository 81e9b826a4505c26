"""ETags: a version in quotes. If-Match allows a change only while the changed thing is at a version that it lists."""

from service.errors import PreconditionFailed


def etag(version: int) -> str:
    return f'"{version}"'


def check(if_match: str | None, version: int | None, what: str) -> None:
    """Raise PreconditionFailed unless the header is `*` or lists `version`, with or without quotes. A weak tag
    (`W/"3"`) matches nothing (RFC 9110, 13.1.1): whoever weakened it says that it stands for more than one state.

    if_match: the header; None where it was not sent, which always passes. version: None where the thing does not exist,
    so that no header matches. what: the thing's name in the error.
    """
    if if_match is None:
        return
    named = {tag.strip().strip('"') for tag in if_match.split(",")}
    if version is None:
        raise PreconditionFailed(f"{what} does not exist, so it has no version for If-Match to match")
    if not named & {"*", str(version)}:
        weak = "; a weak ETag, W/, allows no change" if any(tag.startswith("W/") for tag in named) else ""
        raise PreconditionFailed(f"{what} is at version {version}{weak}", version=version)
