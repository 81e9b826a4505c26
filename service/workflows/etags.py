"""ETags: a version in quotes. If-Match allows a change only while the changed thing is at a version that it lists."""

from service.errors import PreconditionFailed


def etag(version: int) -> str:
    return f'"{version}"'


def check(if_match: str | None, version: int | None, what: str) -> None:
    """Raise PreconditionFailed unless the header is `*` or lists `version`, with or without quotes.

    if_match: the header; None where it was not sent, which always passes. version: None where the thing does not exist,
    so that no header matches. what: the thing's name in the error.
    """
    if if_match is None:
        return
    named = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if version is None:
        raise PreconditionFailed(f"{what} does not exist, so it has no version for If-Match to match")
    if not named & {"*", str(version)}:
        raise PreconditionFailed(f"{what} is at version {version}", version=version)
