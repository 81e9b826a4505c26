"""Run the command line: `python -m pilot`."""

from pilot.cli import main

main()
