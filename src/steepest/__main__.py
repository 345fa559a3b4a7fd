"""`python -m steepest`: the command line."""

from steepest.apps.cli.main import run

if __name__ == "__main__":
    run()
