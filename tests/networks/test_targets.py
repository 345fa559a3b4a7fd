"""Partners, blends and class weights by their definitions."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from steepest.networks.targets import blended, class_weights, partners

K, B = 3, 5
PARTNER = torch.stack([torch.randperm(B, generator=torch.Generator().manual_seed(k)) for k in range(K)])


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("rest", [(), (4,), (2, 3)])
def test_partners_and_blends_row_by_row(rest):
    y, share = draw(K, B, *rest), torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    found, other = blended(y, PARTNER, share), partners(y, PARTNER)
    rows = blended(y, PARTNER, share.unsqueeze(1).expand(K, B))
    for k in range(K):
        for b in range(B):
            assert torch.equal(other[k, b], y[k, PARTNER[k, b]])
            want = share[k] * y[k, b] + (1 - share[k]) * other[k, b]
            torch.testing.assert_close(found[k, b], want, rtol=1e-12, atol=1e-12)
    assert torch.equal(found, rows)


def test_each_row_may_have_its_own_share():
    y, share = draw(K, B, 2), torch.linspace(0, 1, K * B, dtype=torch.float64).view(K, B)
    want = share.unsqueeze(2) * y + (1 - share).unsqueeze(2) * partners(y, PARTNER)
    torch.testing.assert_close(blended(y, PARTNER, share), want, rtol=1e-12, atol=1e-12)


def test_full_class_weights_are_scikit_learns_balanced_ones():
    y = np.repeat([0, 1, 2], [50, 7, 3])
    shares = torch.from_numpy(np.bincount(y) / len(y)).unsqueeze(0)
    want = compute_class_weight("balanced", classes=np.arange(3), y=y)
    found = class_weights(shares, torch.ones(1, dtype=torch.float64))
    assert found[0].numpy() == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_weights_have_a_mean_of_one_over_the_rows_and_fall_by_the_power(power):
    shares = torch.tensor([[0.7, 0.2, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25]], dtype=torch.float64)
    found = class_weights(shares, torch.full((2,), power, dtype=torch.float64))
    assert found.isfinite().all()
    assert (shares * found).sum(1).tolist() == pytest.approx([1, 1], rel=1e-12)
    assert (found[0, 2] / found[0, 0]).item() == pytest.approx(7**power, rel=1e-12)
    assert found[1].tolist() == pytest.approx([1] * 4, rel=1e-12)


def test_frequencies_of_labels_need_not_add_up():
    shares = torch.tensor([[0.7, 0.2, 0.1]])
    power = torch.tensor([0.5])
    torch.testing.assert_close(class_weights(0.3 * shares, power), class_weights(shares, power))


def test_no_label_at_all_is_no_reason_for_nan():
    assert class_weights(torch.zeros(1, 3), torch.ones(1)).isfinite().all()
