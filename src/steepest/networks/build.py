"""An ordinary torch network from a spec; nothing of this package is needed to run or save it."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from steepest.base.errors import BadInput
from steepest.networks.activations import activation
from steepest.networks.spec import Layer, NetworkSpec

_NORMS: dict[str, Callable[..., nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


def build(spec: NetworkSpec, dtype: torch.dtype = torch.float32) -> nn.Sequential:
    """The network as standard torch layers, its parameters all zero until they are loaded.

    Maps [B, inputs] to [B, outputs]: logits of the classes, or the standardised target. No random number is
    drawn, so torch's global generator is left as it was.

    Args:
        spec: the network.
        dtype: of its parameters.

    Example:
        >>> build(NetworkSpec("mlp", inputs=4, outputs=2, hidden=(3,), activation="tanh", dropout=0.1))
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): Tanh()
          (2): Dropout(p=0.1, inplace=False)
          (3): Linear(in_features=3, out_features=2, bias=True)
        )
    """
    make_activation = activation(spec.activation).module
    modules: list[nn.Module] = []
    for layer in spec.layers:
        modules.append(_linear(layer, dtype))
        if layer != spec.layers[-1]:
            if spec.norm != "none":
                modules.append(_NORMS[spec.norm](layer.fan_out, dtype=dtype))
            modules += [make_activation(), nn.Dropout(spec.dropout)]
    return nn.Sequential(*modules)


def load(spec: NetworkSpec, params: Mapping[str, Tensor]) -> nn.Sequential:
    """The network with a copy of `params` in it, in their dtype, on the CPU.

    Args:
        spec: the network.
        params: name → tensor, exactly those of `spec.parameter_shapes`, and of `spec.buffer_shapes` unless
            the network has never been trained.

    Raises:
        BadInput: for a missing, unknown or wrongly shaped parameter.

    Example:
        >>> spec = NetworkSpec("linear", inputs=2, outputs=1)
        >>> network = load(spec, {"0.weight": torch.tensor([[2.0, 3.0]]), "0.bias": torch.tensor([1.0])})
        >>> network(torch.tensor([[1.0, 1.0]])).item()
        6.0
    """
    wanted = spec.parameter_shapes
    if spec.buffer_shapes.keys() & params.keys():
        wanted = wanted | spec.buffer_shapes
    given = {name: tuple(value.shape) for name, value in params.items()}
    if given != wanted:
        raise BadInput(
            "params",
            f"must hold {wanted}",
            given,
            "Load them into a network of the shape they were trained in.",
        )
    network = build(spec, dtype=params[spec.layers[0].weight].dtype)
    network.load_state_dict({name: value.detach().cpu() for name, value in params.items()}, strict=False)
    return network


def _linear(layer: Layer, dtype: torch.dtype) -> nn.Linear:
    with torch.device("meta"):  # no memory and no draws until the zeros are put in
        linear = nn.Linear(layer.fan_in, layer.fan_out, bias=layer.biased, dtype=dtype)
    linear.weight = nn.Parameter(torch.zeros(layer.fan_out, layer.fan_in, dtype=dtype))
    if layer.biased:
        linear.bias = nn.Parameter(torch.zeros(layer.fan_out, dtype=dtype))
    return linear
