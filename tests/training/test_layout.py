"""A flat row and named parameters are two faces of the same numbers."""

import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.networks.families import module_spec
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.layout import Layout

SPECS = [
    NetworkSpec("linear", inputs=3, outputs=2, activation="identity"),
    NetworkSpec("mlp", inputs=5, outputs=3, hidden=(4,)),
    NetworkSpec("mlp", inputs=2, outputs=1, hidden=(7, 3, 5)),
    NetworkSpec("mlp", inputs=5, outputs=3, hidden=(4, 6), norm="batch"),
    NetworkSpec("mlp", inputs=5, outputs=3, hidden=(4, 6), norm="layer"),
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
    names = list(spec.parameter_shapes)
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
    for name, value in layout.unflatten(row).items():  # matrices alone: neither biases nor the norms' gains
        assert value.unique().tolist() == [float(value.dim() == 2)], name


def test_running_means_have_their_place_beside_the_parameters() -> None:
    spec = NetworkSpec("mlp", inputs=5, outputs=3, hidden=(4, 6), norm="batch")
    layout = Layout(spec)
    buffers = layout.fresh_buffers(2, torch.float64)
    assert buffers.shape == (2, 2 * (4 + 6))
    layout.buffer_view(buffers, "5.running_var")[0] += torch.arange(6)
    named = layout.named(torch.zeros(layout.size), buffers[0])
    assert named.keys() == spec.parameter_shapes.keys() | set(spec.buffer_shapes)
    found = [named[name].tolist() for name in spec.buffer_shapes]
    assert found == [[0.0] * 4, [1.0] * 4, [0.0] * 6, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
    for other in SPECS[:3]:
        assert Layout(other).fresh_buffers(2, torch.float32).shape == (2, 0)


def test_kernels_stand_with_their_channels_last() -> None:
    spec = module_spec(Recipe(network="cnn", depth=2, width=4, norm="batch"), Ports("image", (3, 8, 8), 5))
    layout = Layout(spec)
    rows = torch.arange(2.0 * layout.size).view(2, -1)
    for name, shape in spec.parameter_shapes.items():
        view = layout.view(rows, name)
        assert tuple(view.shape) == (2, *shape)
        assert view.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()
        if len(shape) == 4:
            assert view[1].is_contiguous(memory_format=torch.channels_last)
    row = torch.empty(layout.size)
    layout.flatten(layout.unflatten(rows[1]), row)
    assert torch.equal(row, rows[1])
