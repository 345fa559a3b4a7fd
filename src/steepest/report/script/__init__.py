"""The exported `train.py`: a recipe as plain PyTorch, to read, run and change without this package.

The script must do what a study's training does: same loss, update, rates, standardisation and augmentation.
Only the random numbers differ. Everything here is text: torch is not imported.
"""

from steepest.report.script.dense import DRAWS, MODULES
from steepest.report.script.facts import NetworkText, OwnFactory, ScriptFacts
from steepest.report.script.update import SHAPES
from steepest.report.script.writing import training_script

__all__ = ["DRAWS", "MODULES", "SHAPES", "NetworkText", "OwnFactory", "ScriptFacts", "training_script"]
