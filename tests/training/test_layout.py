"""A flat row and named parameters are two faces of the same numbers."""

import pytest
import torch

from steepest.networks.spec import NetworkSpec
from steepest.training.layout import Layout

SPECS = [
    NetworkSpec("linear", inputs=3, outputs=2, activation="identity"),
    NetworkSpec("mlp", inputs=5, outputs=3, hidden=(4,)),
    NetworkSpec("mlp", inputs=2, outputs=1, hidden=(7, 3, 5)),
]


@pytest.mark.parametrize("spec", SPECS)
def test_flatten_and_unflatten_are_inverse(spec: NetworkSpec) -> None:
    layout, source = Layout(spec), torch.Generator().manual_seed(0)
    given = {n: torch.randn(shape, generator=source) for n, shape in spec.parameter_shapes.items()}
    row = torch.full((layout.size,), torch.nan)
    layout.flatten(given, row)
    assert torch.isfinite(row).all()
    found = layout.unflatten(row)
    assert found.keys() == given.keys()
    for name, value in given.items():
        assert torch.equal(found[name], value)
        assert found[name].data_ptr() != row.data_ptr()


@pytest.mark.parametrize("spec", SPECS)
def test_views_share_memory_and_cover_every_column_once(spec: NetworkSpec) -> None:
    layout = Layout(spec)
    buffer = torch.zeros(3, layout.size)
    names = layout.weight_names + layout.bias_names
    for view, name in zip(layout.views(buffer, names), names, strict=True):
        assert tuple(view.shape) == (3, *spec.parameter_shapes[name])
        view.add_(1)
    assert torch.equal(buffer, torch.ones_like(buffer))
    buffer[1] = torch.arange(layout.size)
    for view, name in zip(layout.views(buffer, names), names, strict=True):
        assert torch.equal(view[1], layout.unflatten(buffer[1])[name])


@pytest.mark.parametrize("spec", SPECS)
def test_weights_and_nothing_else_are_the_decayed_prefix(spec: NetworkSpec) -> None:
    layout = Layout(spec)
    row = torch.zeros(layout.size)
    row[: layout.decayed] = 1
    for name, value in layout.unflatten(row).items():
        assert value.unique().tolist() == [float(name.endswith("weight"))]
    assert layout.sizes == (spec.inputs, *spec.hidden, spec.outputs)
