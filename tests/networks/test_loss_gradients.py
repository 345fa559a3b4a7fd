"""Written-out gradients are autograd's of the plain losses, for every loss and knob."""

import pytest
import torch

from steepest.networks import loss_gradients, losses
from steepest.networks.targets import class_weights

K, B, C = 6, 7, 4
KINDS = ("squared", "absolute", "huber", "absolute", "squared", "huber")
PLAIN = {"squared": losses.squared_error, "absolute": losses.absolute_error, "huber": losses.huber_error}
SMOOTHING = torch.tensor([0.0, 0.1, 0.5, 0.9, 0.0, 0.2], dtype=torch.float64)
FOCAL = torch.tensor([0.0, 0.5, 1.0, 2.0, 5.0, 0.0], dtype=torch.float64)


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def codes(seed: int) -> torch.Tensor:
    return torch.randint(0, C, (K, B), generator=torch.Generator().manual_seed(seed))


def row_weights() -> torch.Tensor:
    """Rows of different weight, the last two padding."""
    weights = draw(9, K, B).exp()
    weights[:, -2:] = 0
    return weights


def close(found: torch.Tensor, want: torch.Tensor) -> None:
    torch.testing.assert_close(found, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("smoothing", [None, SMOOTHING], ids=["hard", "smoothed"])
@pytest.mark.parametrize("focal", [None, FOCAL], ids=["plain", "focal"])
@pytest.mark.parametrize("alike", [False, True], ids=["partners", "own partners"])
@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_classes_in_parts(smoothing, focal, alike, scale):
    z, y, weights = (scale * draw(0, K, B, C)).requires_grad_(True), codes(0), row_weights()
    other, share = y if alike else codes(1), draw(2, K, B).sigmoid()
    table = class_weights(draw(3, K, C).softmax(1), torch.linspace(0, 1, K, dtype=torch.float64))
    parts = [
        (y, share * weights * table.gather(1, y)),
        (other, (1 - share) * weights * table.gather(1, other)),
    ]
    if focal is None:
        plain = sum(losses.cross_entropy(z, c, smoothing, w) for c, w in parts)
    else:
        plain = sum(losses.focal_cross_entropy(z, c, focal, smoothing, w) for c, w in parts)
    (want,) = torch.autograd.grad(plain.sum(), z)
    out = torch.empty(K, B, C, dtype=torch.float64)
    close(loss_gradients.parted_cross_entropy(z.detach(), parts, focal, smoothing, out), plain.detach())
    close(out, want)
    assert not out[:, -2:].any()


@pytest.mark.parametrize("smoothing", [None, SMOOTHING], ids=["hard", "smoothed"])
def test_one_plain_part_is_cross_entropy(smoothing):
    z, y, weights = draw(0, K, B, C), codes(0), row_weights()
    one, two = torch.empty_like(z), torch.empty_like(z)
    plain = loss_gradients.cross_entropy(z, y, weights, smoothing, one)
    for focal in (None, 0 * FOCAL):
        close(loss_gradients.parted_cross_entropy(z, [(y, weights)], focal, smoothing, two), plain)
        close(two, one)


@pytest.mark.parametrize("smoothing", [None, SMOOTHING], ids=["hard", "smoothed"])
def test_mixing_with_a_share_for_each_row(smoothing):
    z, y, other, weights = draw(0, K, B, C).requires_grad_(True), codes(0), codes(1), row_weights()
    share = draw(2, K, B).sigmoid()
    plain = losses.mixed_cross_entropy(z, y, other, share, smoothing, weights)
    (want,) = torch.autograd.grad(plain.sum(), z)
    out = torch.empty(K, B, C, dtype=torch.float64)
    close(
        loss_gradients.mixed_cross_entropy(z.detach(), y, other, share, weights, smoothing, out),
        plain.detach(),
    )
    close(out, want)


@pytest.mark.parametrize("focal", [None, FOCAL], ids=["plain", "focal"])
@pytest.mark.parametrize("positives", [None, draw(4, K, C).exp()], ids=["even", "weighed"])
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "blends"])
def test_labels(focal, positives, soft):
    z, weights = (3 * draw(0, K, B, C)).requires_grad_(True), row_weights()
    y = draw(1, K, B, C).sigmoid() if soft else (draw(1, K, B, C) > 0).double()
    plain = losses.binary_cross_entropy(z, y, focal, positives, weights)
    (want,) = torch.autograd.grad(plain.sum(), z)
    out = torch.empty(K, B, C, dtype=torch.float64)
    close(loss_gradients.binary_cross_entropy(z.detach(), y, weights, focal, positives, out), plain.detach())
    close(out, want)


@pytest.mark.parametrize("steps", [1, 3])
def test_every_kind_of_error_in_one_stack(steps):
    z, y, weights = (2 * draw(0, K, B, steps)).requires_grad_(True), draw(1, K, B, steps), row_weights()
    y[:, 0] = z.detach()[:, 0]  # no error at all
    plain = torch.cat(
        [PLAIN[kind](z[k : k + 1], y[k : k + 1], weights[k : k + 1]) for k, kind in enumerate(KINDS)]
    )
    (want,) = torch.autograd.grad(plain.sum(), z)
    out = torch.empty(K, B, steps, dtype=torch.float64)
    terms = loss_gradients.error_terms(KINDS, torch.float64)
    goal = y.squeeze(2) if steps == 1 else y
    close(loss_gradients.error_of_kinds(z.detach(), goal, weights, terms, out), plain.detach())
    close(out, want)


@pytest.mark.parametrize("steps", [1, 3])
def test_squared_errors_are_the_same_to_the_bit_beside_other_kinds(steps):
    z, y, weights = draw(0, K, B, steps).float(), draw(1, K, B, steps).float(), row_weights().float()
    one, two = torch.empty_like(z), torch.empty_like(z)
    alone = loss_gradients.squared_error(z, y, weights, one)
    beside = loss_gradients.error_of_kinds(
        z, y, weights, loss_gradients.error_terms(KINDS, torch.float32), two
    )
    squared = [k for k, kind in enumerate(KINDS) if kind == "squared"]
    assert torch.equal(beside[squared], alone[squared])
    assert torch.equal(two[squared], one[squared])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0, 3.0])
def test_certain_answers_have_a_finite_gradient_that_is_autograds(dtype, gamma):
    gap = torch.tensor([-200.0, -30.0, -16.0, 0.0, 10.0, 16.0, 20.0, 30.0, 40.0, 200.0], dtype=dtype)
    z = torch.stack([gap, torch.zeros_like(gap)], 1).unsqueeze(0).requires_grad_(True)
    y, weights = torch.zeros(1, len(gap), dtype=torch.int64), torch.ones(1, len(gap), dtype=dtype)
    focal, smoothing = torch.tensor([gamma], dtype=dtype), torch.tensor([0.1], dtype=dtype)
    out = torch.empty_like(z)
    for s in (None, smoothing):
        plain = losses.focal_cross_entropy(z, y, focal, s, weights)
        (want,) = torch.autograd.grad(plain.sum(), z)
        found = loss_gradients.parted_cross_entropy(z.detach(), [(y, weights)], focal, s, out)
        assert out.isfinite().all()
        torch.testing.assert_close(found, plain.detach())
        torch.testing.assert_close(out, want, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("loss", ["classes", "labels", "numbers"])
def test_a_broken_member_leaves_the_others_alone(poison, loss):
    weights, table = row_weights(), draw(4, K, C).exp()
    terms = loss_gradients.error_terms(KINDS, torch.float64)

    def run(z):
        out = torch.empty_like(z)
        if loss == "classes":
            parts = [(codes(0), weights), (codes(1), weights)]
            found = loss_gradients.parted_cross_entropy(z, parts, FOCAL, SMOOTHING, out)
        elif loss == "labels":
            y = (draw(1, K, B, C) > 0).double()
            found = loss_gradients.binary_cross_entropy(z, y, weights, FOCAL, table, out)
        else:
            found = loss_gradients.error_of_kinds(z, draw(1, K, B, C), weights, terms, out)
        return found, out

    healthy, broken = draw(0, K, B, C), draw(0, K, B, C)
    broken[2] = poison
    others = [k for k in range(K) if k != 2]
    for good, bad in zip(run(healthy), run(broken), strict=True):
        assert torch.equal(good[others], bad[others])
    assert not run(broken)[0][2].isfinite()
