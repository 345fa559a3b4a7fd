"""`python -m steepest`: the command line."""

from steepest.apps.cli.main import run

run()
