"""The two kinds of shape on the wire, and the kinds of value in them."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

# str.isspace's characters and the byte order mark, which a file glued together from others has in its middle.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
LONGEST_TEXT = 131_072
_WRITTEN = "".join(f"\\u{ord(each):04x}" for each in WHITE_SPACE)
_MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
NO_SPACE = f"[^{_WRITTEN}]"
NOT_BLANK = f"^[^\\u0000]*[^\\u0000{_WRITTEN}][^\\u0000]*$"

PRINTABLE = f"^(?! )[^\\u0000-\\u001f\\u007f-\\u00a0{_WRITTEN.replace(chr(92) + 'u0020', '')}]+(?<! )$"
"""Without control characters and spaces other than the plain one, which does not stand at an end."""


class Request(BaseModel):
    """What a caller sends: unknown fields are refused, and so are halves of surrogate pairs, which are no text.
    Pydantic looks for them only where lengths are bounded, so they all are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=0)


class Reply(BaseModel):
    """What the service sends: no defaults, so a forgotten field is an error here and not at the caller."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def document(*examples: dict[str, Any], **rules: Any) -> ConfigDict:
    """The configuration of a shape that the document shows by these examples, and holds to further rules of JSON Schema
    which the service checks by code.
    """
    return ConfigDict(json_schema_extra={"examples": list(examples), **rules})


def _check_moment(value: object) -> object:
    """Pydantic would also take a number of seconds, in quotes or without, for a moment."""
    if isinstance(value, int | float) or (isinstance(value, str) and not re.fullmatch(_MOMENT, value)):
        raise PydanticCustomError("moment", "a moment is wanted, such as 2027-01-31T12:00:00Z")
    return value


def _check_day(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and not re.fullmatch(_DAY, value)):
        raise PydanticCustomError("day", "a day is wanted, such as 2027-01-31")
    return value


def _check_digits(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch("-?[0-9]{1,20}", value):
        raise PydanticCustomError("digits", "a whole number is wanted, in digits")
    return value


def _check_switch(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("switch", "true or false is wanted")
    return value


def _described(**rules: Any) -> Any:
    """A field that the document holds to rules which the service checks by code."""
    return Field(json_schema_extra=rules)


# JSON has numbers, truth values and texts; none is taken for another.
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Moment = Annotated[datetime, BeforeValidator(_check_moment), _described(pattern=_MOMENT)]
Day = Annotated[date, BeforeValidator(_check_day), _described(pattern=_DAY)]

# What a query says, which is text: pydantic would also take 1_000, 1.0, on and yes.
DIGITS = BeforeValidator(_check_digits)
QueryFlag = Annotated[bool, BeforeValidator(_check_switch)]

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), _described(pattern=NOT_BLANK)]
"""A name or an answer."""
ItemText = Annotated[str, _described(minLength=1, maxLength=LONGEST_TEXT, pattern=NOT_BLANK)]
"""The same in one item of many: the code that takes it checks it, and says which item it was."""
AliasName = Annotated[str, _described(pattern="^(?!previous$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A name that stands in URLs. `previous` follows the champion by itself."""


def exactly_one(*names: str) -> dict[str, Any]:
    """The rule that one of these fields is given, and not null."""
    return {"oneOf": [_given(name) for name in names]}


def not_both(*pairs: tuple[str, str]) -> dict[str, Any]:
    """The rule that of each two fields at most one is given."""
    return {"allOf": [{"not": {"allOf": [_given(name) for name in pair]}} for pair in pairs]}


def only_forms(*names: str, forms: Iterable[tuple[str, ...]], **also: object) -> dict[str, Any]:
    """The rule that of these fields just those of one form are given; `also`: further fields with the values that they
    have then.
    """
    fixed = {"properties": {name: {"const": value} for name, value in also.items()}}
    return {
        "oneOf": [
            {"allOf": [_given(name) if name in form else {"not": _given(name)} for name in names] + [fixed]}
            for form in forms
        ]
    }


def goes_with(field: str, value: str, name: str) -> dict[str, Any]:
    """The rule that the field `name` is given where another has this value, and nowhere else."""
    here = {"properties": {field: {"const": value}}, "required": [field]}
    return {"oneOf": [{"allOf": [here, _given(name)]}, {"not": {"anyOf": [here, _given(name)]}}]}


def _given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
