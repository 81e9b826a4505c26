"""Shapes of arrays, checked in tests at every call: arguments, results and fields whose annotations state one.

`install` has to come before the modules are imported. Other annotations are left to mypy: most protocols cannot be
checked at run time. The service itself imports nothing of this.
"""

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

PACKAGES = ("service.memory", "service.laboratory")


def install() -> None:
    """Check PACKAGES from their import on, in this process alone."""
    install_import_hook(PACKAGES, "tests.shapes.check")


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with those of its annotations checked that have a shape."""
    hints = {name: hint if _has_shape(hint) else object for name, hint in function.__annotations__.items()}
    if all(hint is object for hint in hints.values()):
        return function
    function.__annotations__ = hints
    checked: Callable[..., Any] = beartype(function)
    return checked


def _has_shape(hint: object) -> bool:
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(_has_shape(part) for part in get_args(hint))
