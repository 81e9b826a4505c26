"""The routers of the API. Every module of this package is looked through: to add a route is to write it."""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter

from service import routes


def _find_routers() -> list[APIRouter]:
    names = sorted(module.name for module in iter_modules(routes.__path__))
    modules = [import_module(f"{routes.__name__}.{name}") for name in names if name != "routers"]
    return [value for module in modules for value in vars(module).values() if isinstance(value, APIRouter)]


ROUTERS = _find_routers()
ROUTES = [route for router in ROUTERS for route in router.routes]
