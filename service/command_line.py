"""What all commands share: reading the settings, logging, reporting errors and ending the process.

`serve` imports this before it listens, so it knows neither the database nor the workflows.
"""

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from schemas.keys import holds_key
from service.errors import FactStoreError
from service.settings import Settings

_KEYS = frozenset({"FACTSTORE_BOOTSTRAP_KEY", "FACTSTORE_API_KEY"})
_NEVER_SHOWN = frozenset({"FACTSTORE_DATABASE_URL"})

Data = Annotated[Path | None, typer.Option(help="folder of the database, memories and secrets [FACTSTORE_DATA]")]


def read_settings(**given: Any) -> Settings:
    """Read the settings from the environment; options that were given (not None) override them.

    Also sets up the log, and has the process make files that their owner alone may read. Raises typer.BadParameter,
    which names each setting that is not valid.
    """
    _log_as_json()
    os.umask(0o077)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except SettingsError as error:  # names the setting, not what it holds
        raise typer.BadParameter(str(error)) from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        raise typer.BadParameter(problems) from None


def check_for_keys(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Exit with code 2 where an option or a setting holds an API key. No command takes a key as an option, and what is
    refused here is repeated by no message about a value that is not valid.
    """
    known = [environment.get(name, "").strip() for name in _KEYS]
    settings = {name: text for name, text in environment.items() if name.startswith("FACTSTORE_")}
    for name in settings.keys() - _KEYS - _NEVER_SHOWN:
        if holds_key(settings[name], known):
            _refuse(f"{name} holds an API key: a key belongs into FACTSTORE_BOOTSTRAP_KEY only")
    if any(holds_key(word, known) for word in words):
        _refuse("the command line holds an API key: every user of the machine can read it, and no option takes one")


def _refuse(reason: str) -> NoReturn:
    print_message(reason)
    sys.exit(2)


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
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


class _Printer(structlog.PrintLogger):
    """Prints lines of the log. One that cannot be written, on a full disk, is lost; whoever logs it goes on."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def _log_as_json() -> None:
    """Log one JSON object per line to stderr, warnings of libraries included."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: _Printer(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"event": "%(name)s", "level": "%(levelname)s"}')
