"""The command line: one command per file, and what they share (options, drawing, wording).

`steepest.apps.api` brings torch, pandas and Optuna with it: seconds of imports. So a command imports it
inside its function, after its own arguments were checked: `--help` and a mistyped option answer at once. No
other import of the house stands anywhere but at the top of a file.
"""
