"""What every command shares: its settings, its log, its end."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer
from pydantic import ValidationError

from service.settings import Settings

Data = Annotated[Path | None, typer.Option(help="folder of the database, memories and secrets [FACTSTORE_DATA]")]


def settings_of(**given: Any) -> Settings:
    """The environment's settings, overruled by the options that were given."""
    _log_as_json()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        raise typer.BadParameter(problems) from None


def leave(code: int) -> NoReturn:
    """Everything is closed; taking torch's modules apart one by one would only cost seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _log_as_json() -> None:
    """One JSON object a line on stderr, ours and the libraries' warnings alike."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"event": "%(name)s", "level": "%(levelname)s"}')
