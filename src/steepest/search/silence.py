"""Optuna without its log lines."""

import logging
import warnings


class quiet:
    """Silence Optuna's log lines and experimental warnings inside this block."""

    def __enter__(self) -> None:
        self._level = logging.getLogger("optuna").level
        logging.getLogger("optuna").setLevel(logging.ERROR)
        self._caught = warnings.catch_warnings()
        self._caught.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        self._caught.__exit__(None, None, None)
        logging.getLogger("optuna").setLevel(self._level)
