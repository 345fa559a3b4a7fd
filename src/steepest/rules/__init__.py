"""Update rules, schedules, penalties, clipping and averaging: for one network (drop-in) or a stack (pure)."""

from steepest.rules.adam import Adam, AdamW, NAdamW
from steepest.rules.adaptive import AdaGrad, RMSProp
from steepest.rules.ademamix import AdEMAMix
from steepest.rules.descent import GD, SGD, Momentum, Nesterov
from steepest.rules.lion import Lion
from steepest.rules.muon import Muon
from steepest.rules.prodigy import Prodigy
from steepest.rules.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD

__all__ = [
    "GD",
    "SGD",
    "AdEMAMix",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Lion",
    "Momentum",
    "Muon",
    "NAdamW",
    "Nesterov",
    "Prodigy",
    "RMSProp",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
]
