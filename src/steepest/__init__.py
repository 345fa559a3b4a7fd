"""steepest finds the training recipe that works for your network on your data, and proves it.

    import steepest as st
    result = st.tune("digits", budget="60s")

Names are loaded on first use, so that `steepest --help` stays instant.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "tune": "steepest.apps.api",
    "train": "steepest.apps.api",
    "sweep": "steepest.apps.api",
    "rate_range": "steepest.apps.api",
    "compare": "steepest.apps.comparing",
    "compare_suite": "steepest.apps.suite",
    "conflicts": "steepest.apps.conflicting",
    "explain": "steepest.apps.explaining",
    "load_ensemble": "steepest.networks.ensemble_file",
    "cost": "steepest.apps.api",
    "networks_within": "steepest.apps.api",
    "plan": "steepest.apps.api",
    "resume": "steepest.apps.going_on",
    "rules": "steepest.rules",
    "runs": "steepest.apps.run_folders",
    "export_run": "steepest.apps.run_export",
    "Recipe": "steepest.base.recipe",
    "Range": "steepest.base.knobs",
    "Choice": "steepest.base.knobs",
}
__all__ = [
    "Choice",
    "Range",
    "Recipe",
    "__version__",
    "compare",
    "compare_suite",
    "conflicts",
    "cost",
    "explain",
    "export_run",
    "load_ensemble",
    "networks_within",
    "plan",
    "rate_range",
    "resume",
    "rules",
    "runs",
    "sweep",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'steepest' has no attribute {name!r}")
    module = importlib.import_module(_HOMES[name])
    return module if _HOMES[name].endswith("." + name) else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
