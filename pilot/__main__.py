"""python -m pilot."""

from pilot.cli import main

main()
