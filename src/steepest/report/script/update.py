"""The update as the script writes it: torch's optimizer, the schedule, decay."""

from steepest.base.recipe import Recipe

LEAST_EPS = 1.2e-38
"""Smallest ε written: with 0 a weight that never gets a gradient would become 0/0."""

SHAPES: dict[str, tuple[str, str]] = {
    "constant": ("", "constant"),
    "linear": ("1 - behind", "linear to zero"),
    "cosine": ("0.5 * (1 + math.cos(math.pi * behind))", "half a cosine to zero"),
    "wsd": ("min(1.0, (1 - behind) / 0.2)", "constant, then falling to zero"),
}
"""Schedule → (share of the peak rate as source text, the same in words)."""

DECAYING = ("adam", "adamw", "nadamw")
"""Optimizers whose torch class decays weights apart from the gradient; the others' decay is an L2 penalty."""


def update_slots(recipe: Recipe, step_rows: int) -> dict[str, object]:
    """What the templates fill in of optimizer, schedule and decay.

    Args:
        recipe: its knobs.
        step_rows: rows that gradient descent takes in a step; 0 for all of them.
    """
    shape, schedule_note = SHAPES[recipe.schedule]
    optimizer, arguments, optimizer_note = _optimizer(recipe, step_rows)
    scheduled = bool(shape or recipe.warmup)
    penalised = bool(recipe.l1 or recipe.l2)
    return {
        "optimizer": optimizer, "arguments": arguments, "optimizer_note": optimizer_note,
        "decays_in_optimizer": bool(recipe.weight_decay and recipe.optimizer in DECAYING),
        "decays_by_hand": bool(recipe.weight_decay and recipe.optimizer not in DECAYING),
        "splits_weights": bool(recipe.weight_decay) or penalised, "penalised": penalised,
        "shape": shape, "scheduled": scheduled, "factor": _factor(shape, recipe.warmup),
        "schedule_note": ("warm-up, then " if recipe.warmup else "") + schedule_note,
        "full_batch": recipe.optimizer == "gd" and not step_rows,
        "batch_size": step_rows if recipe.optimizer == "gd" and step_rows else recipe.batch_size,
    }  # fmt: skip


def _optimizer(recipe: Recipe, step_rows: int) -> tuple[str, tuple[str, ...], str]:
    """(torch class, its arguments besides parameters and rate, what to know of it)."""
    eps = f"eps={max(recipe.eps, LEAST_EPS)}"
    adam = (f"betas=({recipe.beta1}, {recipe.beta2})", eps)
    match recipe.optimizer:
        case "gd":
            taken = "as many as fit into a part of an epoch" if step_rows else "all rows"
            return "SGD", (), f"Gradient descent: torch's SGD, given {taken} in every step."
        case "sgd":
            return "SGD", (), "Stochastic gradient descent."
        case "momentum" | "nesterov" if not recipe.momentum:
            return "SGD", (), "Stochastic gradient descent: the recipe's momentum is 0."
        case "momentum":
            return "SGD", (f"momentum={recipe.momentum}",), "SGD with heavy-ball momentum."
        case "nesterov":
            return "SGD", (f"momentum={recipe.momentum}", "nesterov=True"), "SGD with Nesterov's momentum."
        case "adagrad":
            return "Adagrad", (eps,), "AdaGrad."
        case "rmsprop":
            return "RMSprop", (f"alpha={recipe.rho}", eps), "RMSProp."
        case "nadamw":
            decoupled = ("decoupled_weight_decay=True",) if recipe.weight_decay else ()
            note = "Adam with Nesterov's look-ahead; so large a momentum_decay keeps beta1 constant."
            return "NAdam", (*adam, "momentum_decay=1e6", *decoupled), note
        case "adam" | "adamw" if recipe.weight_decay:
            return "AdamW", adam, "Adam with decoupled weight decay; biases are not decayed."
        case "adam" | "adamw":
            return "Adam", adam, "Adam."


def _factor(shape: str, warmup: float) -> str:
    """The rate's factor: the warm-up's rise times the schedule's shape, whichever there are."""
    if not warmup:
        return shape
    inner = f"({shape})" if shape.startswith("1 - ") else shape
    return f"rise * {inner}" if shape else "min(1.0, (done + 1) / warm)"
