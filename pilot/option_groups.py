"""Commands that take dataclasses of options: what typer reads from a signature, several commands can share."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters are dataclasses of options: typer sees the fields of all of them side by side."""
    hints: dict[str, type] = get_type_hints(command)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    @wraps(command)
    def called(**given: Any) -> None:
        command(**{name: kind(**_part(kind, given)) for name, kind in groups.items()})

    del called.__wrapped__  # or the signature would be the inner one's
    flat = [parameter for kind in groups.values() for parameter in _parameters(kind)]
    called.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return called


def _part(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    return {each.name: given[each.name] for each in fields(kind)}


def _parameters(kind: type) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        yield inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default(each), annotation=hints[each.name]
        )


def _default(each: "Field[Any]") -> object:
    return inspect.Parameter.empty if each.default is MISSING else each.default
