"""Names that stand in URLs: those that a URL cannot carry, or that lead elsewhere, are refused when they are given."""

import re

from service.errors import Unprocessable

WORDS = frozenset(
    "absence aliases audit audit:search audit:verify dictionaries disagreements docs estimate experiments export "  # noqa: SIM905 - forty words
    "facts:batch facts:purge facts:search gate grants head history jobs keys livez memories metrics names openapi.json "
    "policies policies:apply priority pseudonyms pseudonyms:resolve readyz recall recall:batch refused.csv reports "
    "reviews reviews:sample rollback rotate scrubs shadow sign-in unknowns unpin uploads use v1 verifications".split()
)
"""The words of the routes."""
_NOT_IN_URLS = re.compile(r"[/\\?#%]")
_ID = re.compile(r"[a-z]{3}_[0-9a-f]{16}")


def check_url_name(name: str, what: str) -> None:
    """Raise Unprocessable for a name under which nothing could be found by its URL. what: what is to be named."""
    if name != name.strip() or not name.isprintable():
        reason = "has control characters, or white space at its ends"
    elif _NOT_IN_URLS.search(name) or name in {".", ".."}:
        reason = "is or has what a URL does not carry: / \\ ? # % . .."
    elif _ID.fullmatch(name):
        reason = "looks like an id, and ids come before names"
    elif name.lower() in WORDS:
        reason = "is a word of a route"
    else:
        return
    raise Unprocessable(f"the name of {what} {reason}; choose another one")
