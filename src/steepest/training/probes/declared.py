"""Every probe, declared once: the page of probes, the tests and all readers go by this table."""

from dataclasses import dataclass
from typing import Literal

Of = Literal["member", "weights", "activations"]
"""One number per member; one per weight array; one per activation layer."""

Cost = Literal["nothing", "every step", "parameters", "sampled weights", "activations"]
"""What a measurement passes over; `COSTS` says it in words."""

COSTS: dict[Cost, str] = {
    "nothing": "nothing: the step has it",
    "every step": "a look at the losses of every step, a few microseconds",
    "parameters": "one pass over the parameters, or over their gradient, in one step",
    "sampled weights": "a few passes over a sample of the weights, in up to four steps",
    "activations": "about eight passes over the activations of up to 256 rows, in one step",
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One quantity that is measured while members train.

    Args:
        name: its name in `Point.probes`, in the journal and in tables.
        meaning: what it is, in words.
        unit: of its values; "" where it has none.
        equation: how it is computed; the symbols are explained in docs/probes.md.
        of: whether there is one per member, per weight array or per activation layer.
        cost: what measuring it takes.

    Example:
        >>> PROBES["update_ratio"].of
        'weights'
    """

    name: str
    meaning: str
    unit: str
    equation: str
    of: Of
    cost: Cost


_ALL = (
    Probe("probe_step", "number of the step that was looked at, from 1", "steps", "t", "member", "nothing"),
    Probe("batch_loss", "loss of that step's mini-batch; at step 1 the loss of the untrained network", "loss",
          "L(θ)", "member", "nothing"),
    Probe("gradient_norm", "norm of the loss's gradient by all parameters, before penalties and clipping",
          "loss per parameter", "‖g‖", "member", "parameters"),
    Probe("noise_scale", "batch size at which gradient noise is as large as the gradient; infinite where "
          "noise hides the gradient", "examples", "B·N̂ / Ŝ", "member", "sampled weights"),
    Probe("fault_step", "first step whose loss was not a finite number, or after which a parameter was not; "
          "unknown where there is none", "steps", "t", "member", "every step"),
    Probe("fault_place", "where the first number was that was not finite, a parameter, layer, input or loss: "
          "a number in the list `Point.layers['places']`, a name in the journal", "", "index", "member",
          "every step"),
    Probe("weight_norm", "norm of the weights before the step", "parameter", "‖W‖", "weights", "parameters"),
    Probe("weight_gradient_norm", "norm of the loss's gradient by these weights", "loss per parameter",
          "‖g_W‖", "weights", "parameters"),
    Probe("gradient_snr", "signal-to-noise ratio of the mini-batch gradient; 0 where noise hides it", "",
          "√(max(Ŝ, 0) / N̂)", "weights", "sampled weights"),
    Probe("update_ratio", "size of the step, decay included, by the size of the weights", "",
          "‖ΔW‖ / ‖W‖", "weights", "sampled weights"),
    Probe("activation_mean", "mean activation over rows and units", "", "mean φ(z)", "activations",
          "activations"),
    Probe("activation_sd", "standard deviation of the activations over rows and units", "", "SD φ(z)",
          "activations", "activations"),
    Probe("activation_flat", "share of activations in the flat part of φ, where its slope stays below 1 % of "
          "its largest; of a ReLU, the share of zeros", "share", "mean 1[z flat]", "activations",
          "activations"),
    Probe("activation_dead", "share of units that are flat for every row looked at", "share",
          "mean over units of 1[z flat in all rows]", "activations", "activations"),
)  # fmt: skip

PROBES: dict[str, Probe] = {each.name: each for each in _ALL}
"""Every probe by its name, in the order of tables."""
