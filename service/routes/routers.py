"""The routers of the API, found in the modules of this package: a new route is registered by being written.

The recall routes are not among them: they are plain ASGI beside FastAPI, and Arrow is imported when it is sent.
"""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter

from service import routes


def _find_routers() -> list[APIRouter]:
    names = sorted(module.name for module in iter_modules(routes.__path__))
    modules = [
        import_module(f"{routes.__name__}.{name}") for name in names if not name.startswith(("recall", "routers"))
    ]
    return [value for module in modules for value in vars(module).values() if isinstance(value, APIRouter)]


ROUTERS = _find_routers()
ROUTES = [route for router in ROUTERS for route in router.routes]
