"""An ordinary torch network from a spec; nothing of this package is needed to run or save it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from steepest.base.errors import BadInput
from steepest.networks.activations import activation
from steepest.networks.spec import NetworkSpec


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
        if modules:
            modules += [make_activation(), nn.Dropout(spec.dropout)]
        modules.append(_linear(layer.fan_in, layer.fan_out, dtype))
    return nn.Sequential(*modules)


def load(spec: NetworkSpec, params: Mapping[str, Tensor]) -> nn.Sequential:
    """The network with a copy of `params` in it, in their dtype, on the CPU.

    Args:
        spec: the network.
        params: parameter name → tensor, exactly those of `spec.parameter_shapes`.

    Raises:
        BadInput: for a missing, unknown or wrongly shaped parameter.

    Example:
        >>> spec = NetworkSpec("linear", inputs=2, outputs=1)
        >>> network = load(spec, {"0.weight": torch.tensor([[2.0, 3.0]]), "0.bias": torch.tensor([1.0])})
        >>> network(torch.tensor([[1.0, 1.0]])).item()
        6.0
    """
    wanted = spec.parameter_shapes
    given = {name: tuple(value.shape) for name, value in params.items()}
    if given != wanted:
        raise BadInput(
            "params",
            f"must hold {wanted}",
            given,
            "Load them into a network of the shape they were trained in.",
        )
    network = build(spec, dtype=params[spec.layers[0].weight].dtype)
    network.load_state_dict({name: value.detach().cpu() for name, value in params.items()})
    return network


def _linear(fan_in: int, fan_out: int, dtype: torch.dtype) -> nn.Linear:
    with torch.device("meta"):  # no memory and no draws until the zeros are put in
        layer = nn.Linear(fan_in, fan_out, dtype=dtype)
    layer.weight = nn.Parameter(torch.zeros(fan_out, fan_in, dtype=dtype))
    layer.bias = nn.Parameter(torch.zeros(fan_out, dtype=dtype))
    return layer
