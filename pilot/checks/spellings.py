"""Other spellings of a name, which a careless deletion would still answer."""

import unicodedata

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def another_spelling(name: str) -> str:
    """The name in another width, case or normal form; with white space at its ends where it has only one form."""
    forms = (name.translate(_WIDE), name.swapcase(), unicodedata.normalize("NFD", name))
    return next((form for form in forms if form != name), f"\u3000{name} ")
