"""Shapes of arrays, checked in tests: arguments, results and fields whose annotations state one.

`install` has to come before the modules are imported. Other annotations are left to mypy: most protocols cannot be
checked at run time. The service itself imports nothing of this.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, get_args

import jaxtyping
from beartype import beartype
from jaxtyping import AbstractArray

Checker = Callable[[Callable[..., Any]], Callable[..., Any]]

CALLS = 200
PACKAGES = ("service.memory", "service.laboratory")


def install() -> None:
    """Check PACKAGES from their import on, in this process: the first CALLS of every function that states a shape.

    The hook by itself wraps every function, and checks every call: the memory's tests would take twice as long.
    """
    decorator_of = jaxtyping.jaxtyped

    def jaxtyped(*, typechecker: Checker) -> Callable[[Any], Any]:
        wrap = decorator_of(typechecker=typechecker)

        def decorate(decorated: Any) -> Any:
            if isinstance(decorated, type):
                return wrap(decorated)
            return _first_calls(decorated, wrap(decorated)) if _states_one(decorated) else decorated

        return decorate

    setattr(jaxtyping, "jaxtyped", jaxtyped)  # noqa: B010 - the name that the hook looks up; mypy knows its type
    jaxtyping.install_import_hook(PACKAGES, "tests.shapes.check")


def _first_calls(function: Callable[..., Any], checked: Callable[..., Any]) -> Callable[..., Any]:
    left = CALLS

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        return (checked if left >= 0 else function)(*arguments, **named)

    return called


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with those of its annotations checked that have a shape."""
    hints = {name: hint if _has_shape(hint) else object for name, hint in function.__annotations__.items()}
    if all(hint is object for hint in hints.values()):
        return function
    function.__annotations__ = hints
    checked: Callable[..., Any] = beartype(function)
    return checked


def _states_one(function: Callable[..., Any]) -> bool:
    return any(map(_has_shape, function.__annotations__.values()))


def _has_shape(hint: object) -> bool:
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(_has_shape(part) for part in get_args(hint))
