"""Update rules, schedules, penalties, clipping and averaging: for one network (drop-in) or a stack (pure)."""

from steepest.rules.adam import Adam, AdamW, NAdamW
from steepest.rules.adaptive import AdaGrad, RMSProp
from steepest.rules.descent import GD, SGD, Momentum, Nesterov

__all__ = ["GD", "SGD", "AdaGrad", "Adam", "AdamW", "Momentum", "NAdamW", "Nesterov", "RMSProp"]
