"""What all commands share: reading the settings, logging, reporting errors and ending the process.

`serve` imports this before it listens, so it knows neither the database nor the workflows.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer
from pydantic import ValidationError

from service.errors import FactStoreError
from service.settings import Settings

Data = Annotated[Path | None, typer.Option(help="folder of the database, memories and secrets [FACTSTORE_DATA]")]


def read_settings(**given: Any) -> Settings:
    """Read the settings from the environment; options that were given (not None) override them.

    Also sets up the log. Raises typer.BadParameter, which names each setting that is not valid.
    """
    _log_as_json()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        raise typer.BadParameter(problems) from None


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Print an error of the service as a sentence on stderr and exit with code 1."""
    try:
        yield
    except FactStoreError as error:
        print_message(error.detail)
        raise typer.Exit(1) from None


def print_message(line: str) -> None:
    """Print a line to stderr for the person who runs the command."""
    print(line, file=sys.stderr)  # noqa: T201


def leave(code: int) -> NoReturn:
    """End the process at once. Everything is closed by now, and tearing down torch's modules would take seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _log_as_json() -> None:
    """Log one JSON object per line to stderr, warnings of libraries included."""
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
