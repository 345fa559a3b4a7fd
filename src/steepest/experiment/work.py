"""What a round of training costs on one core, foreseen from the network alone; `Time` corrects it."""

from steepest.base.recipe import Recipe
from steepest.networks.architecture import Spec
from steepest.networks.cost import Cost, cost
from steepest.networks.spec import NetworkSpec

MODULE_CALLS, MODULE_FLOPS, MODULE_BYTES = 1.5e-3, 60e9, 1.5e9
"""Of a torch module on one core: seconds of calls per step; operations and activation bytes per second."""


def work(recipe: Recipe, spec: Spec, rows: float) -> float:
    """Expected seconds of one round in a chunk on one core.

    Coefficients from a least-squares fit to the chunks of a search's first wave on digits (two-core AMD
    EPYC), with ten members a chunk: calls and bookkeeping per step, the update per parameter, products
    per operation, the rest per activation. Norms and augmentation are left out.

    Args:
        recipe, spec: the member's.
        rows: training rows in a round.
    """
    c = cost(spec, recipe.batch_size, 2)
    steps = 1 if recipe.optimizer == "gd" else max(rows / recipe.batch_size, 1)
    if not isinstance(spec, NetworkSpec):
        return _module(recipe, c, rows, steps)
    activations = 6 * sum(spec.hidden) + 4 * spec.inputs + 8 * spec.outputs
    each = 3.9e-12 * c.flops_training + 0.87e-9 * activations
    return steps * (60e-6 + 2e-9 * c.parameters) + rows * each


def operations(recipe: Recipe, spec: Spec, rows: float) -> int:
    """Floating-point operations of one round, forward and backward; whole, so sums do not hang on order."""
    return round(rows * cost(spec, recipe.batch_size, 2).flops_training)


def _module(recipe: Recipe, c: Cost, rows: float, steps: float) -> float:
    """The same for a torch module: calls and bookkeeping, products, and what passes through memory."""
    each = c.flops_training / MODULE_FLOPS + c.activation_bytes / recipe.batch_size / MODULE_BYTES
    return steps * (MODULE_CALLS + 4e-9 * c.parameters) + rows * each
