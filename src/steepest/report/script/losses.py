"""What the script minimises, as source text."""

from typing import NamedTuple

from steepest.base.recipe import Recipe
from steepest.report.script.facts import Task

_ERRORS = {
    "squared": ("mse_loss", "Mean squared error"),
    "absolute": ("l1_loss", "Mean absolute error"),
    "huber": ("huber_loss", "Huber's error, squared up to one deviation and absolute beyond"),
}


class LossText(NamedTuple):
    """Args:
    lines: the body of a function of `output`, `y` (and `importance`); a single line is the expression itself.
    note: what it is, without a full stop.
    weighted: whether it reads `importance` of the classes.
    """

    lines: tuple[str, ...]
    note: str
    weighted: bool = False

    @property
    def elaborate(self) -> bool:
        """Whether it takes a function of its own."""
        return len(self.lines) > 1 or self.weighted

    @property
    def short(self) -> str:
        """What it is, where a function of its own says the rest."""
        return "The batch's loss" if self.elaborate else self.note


def loss_text(recipe: Recipe, task: Task, functional: str = "functional") -> LossText:
    """The task's loss, the mean over the batch.

    Args:
        recipe: with every knob off that does not apply to the task.
        task: of the data.
        functional: what the script calls `torch.nn.functional`.
    """
    if task in ("regression", "forecasting"):
        name, note = _ERRORS[recipe.error]
        return LossText((f"{functional}.{name}(output, y)",), note)
    focal, weighted = bool(recipe.focal), bool(recipe.class_weights)
    kind = _labels(recipe, functional) if task == "multilabel" else _classes(recipe, task, functional)
    note = {"multilabel": "Cross-entropy of each label", "next-token": "Each position's cross-entropy"}.get(
        task, "Cross-entropy"
    )
    note += " of smoothed labels" if recipe.label_smoothing else ""
    terms = ["rare classes count more"] * weighted + ["what is right already counts less"] * focal
    note += f": {' and '.join(terms)}" if terms else ", mean over the batch"
    return LossText(kind, note, weighted)


def _classes(recipe: Recipe, task: Task, f: str) -> tuple[str, ...]:
    smoothing = f", label_smoothing={recipe.label_smoothing}" if recipe.label_smoothing else ""
    flat = task == "next-token"
    if not recipe.focal and not recipe.class_weights:
        read = "output.flatten(0, 1), y.flatten()" if flat else "output, y"
        return (f"{f}.cross_entropy({read}{smoothing})",)
    lines = ["output, y = output.flatten(0, 1), y.flatten()"] if flat else []
    lines.append(f'loss = {f}.cross_entropy(output, y{smoothing}, reduction="none")')
    if recipe.focal:
        lines += [
            f'entropy = {f}.cross_entropy(output, y, reduction="none")',
            "wrong = -torch.expm1(-entropy)  # 1 - probability of the own class",
            "loss = wrong.clamp_min(torch.finfo(wrong.dtype).eps) ** FOCAL * loss",
        ]
    return (*lines, "return (importance[y] * loss).mean()" if recipe.class_weights else "return loss.mean()")


def _labels(recipe: Recipe, f: str) -> tuple[str, ...]:
    if not recipe.focal:
        weights = ", pos_weight=importance" if recipe.class_weights else ""
        return (f"{f}.binary_cross_entropy_with_logits(output, y{weights})",)
    there = " * importance" if recipe.class_weights else ""
    return (
        f"there, absent = -{f}.logsigmoid(output), -{f}.logsigmoid(-output)",
        f"positive = y{there} * there * (-FOCAL * absent).exp()",
        "negative = (1 - y) * absent * (-FOCAL * there).exp()",
        "return (positive + negative).mean()",
    )
