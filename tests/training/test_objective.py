"""A member's loss by autograd is its loss in a stack, gradients included, for every task and knob."""

from dataclasses import dataclass

import pytest
import torch
from torch.nn import functional

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.networks import loss_gradients
from steepest.training.objective import Objective

B, C = 6, 4
DTYPE = torch.float64
SMOOTH, FOCAL, WEIGHED = Recipe(label_smoothing=0.2), Recipe(focal=2.0), Recipe(class_weights=0.7)
EVERYTHING = Recipe(label_smoothing=0.1, focal=0.5, class_weights=1.0)
CHUNKS = {
    "plain": [Recipe(), Recipe()],
    "smoothed": [Recipe(), SMOOTH],
    "focal": [FOCAL, Recipe(), Recipe(focal=0.5)],
    "weighed": [Recipe(), WEIGHED],
    "all": [SMOOTH, Recipe(), FOCAL, WEIGHED, EVERYTHING],
}
ERRORS = {
    "squared": [Recipe(), Recipe()],
    "huber": [Recipe(error="huber")],
    "all": [Recipe(error="absolute"), Recipe(), Recipe(error="huber"), Recipe(error="absolute")],
}


@dataclass
class Mixing:
    partner: torch.Tensor
    share: torch.Tensor


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DTYPE)


def mixing_of(kind: str, members: int) -> Mixing | None:
    """Partners of the real rows among themselves, and a share for each member or each row."""
    if kind == "none":
        return None
    partner = torch.arange(B).repeat(members, 1)
    for k in range(members):
        partner[k, : B - 2] = torch.randperm(B - 2, generator=torch.Generator().manual_seed(k))
    return Mixing(partner, draw(7, *((members,) if kind == "members" else (members, B))).sigmoid())


def stack_equals_members(task, recipes, targets, outputs, mixing) -> None:
    """Two rows of every member are padding, which the member alone never sees."""
    members, real = len(recipes), B - 2
    shares = draw(3, members, C).softmax(1)
    objective = Objective(task, recipes, shares, DTYPE)
    weights = torch.zeros(members, B, dtype=DTYPE)
    weights[:, :real] = 1 / real
    z = 2 * draw(0, members, B, outputs)
    gradient = torch.full_like(z, torch.nan)
    found = objective.stack(z, targets, weights, mixing, gradient)
    for k in range(members):
        own = None if mixing is None else Mixing(mixing.partner[k, :real], _share(mixing.share[k], real))
        alone = z[k, :real].clone().requires_grad_(True)
        loss = objective.member(k, alone, targets[k, :real], own)
        (want,) = torch.autograd.grad(loss, alone)
        assert loss.shape == ()
        torch.testing.assert_close(found[k], loss.detach(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(gradient[k, :real], want, rtol=1e-12, atol=1e-12)
    assert not gradient[:, real:].any()
    for some in (list(range(members)), list(range(members))[::-2]):
        own = (
            None if mixing is None else Mixing(mixing.partner[some, :real], _shares(mixing.share[some], real))
        )
        together = z[some, :real].clone().requires_grad_(True)
        losses = objective.members(some, together, targets[some, :real], own)
        (want,) = torch.autograd.grad(losses.sum(), together)
        torch.testing.assert_close(found[some], losses.detach(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(gradient[some, :real], want, rtol=1e-12, atol=1e-12)


def _shares(share: torch.Tensor, real: int) -> torch.Tensor:
    return share if share.dim() == 1 else share[:, :real]


def _share(share: torch.Tensor, real: int) -> torch.Tensor:
    return share if share.dim() == 0 else share[:real]


@pytest.mark.parametrize("mixing", ["none", "members", "rows"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_classes(chunk, mixing):
    recipes = CHUNKS[chunk]
    y = torch.randint(0, C, (len(recipes), B), generator=torch.Generator().manual_seed(1))
    stack_equals_members("classification", recipes, y, C, mixing_of(mixing, len(recipes)))


@pytest.mark.parametrize("mixing", ["none", "members", "rows"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_labels(chunk, mixing):
    recipes = CHUNKS[chunk]
    y = (draw(1, len(recipes), B, C) > 0).to(DTYPE)
    stack_equals_members("multilabel", recipes, y, C, mixing_of(mixing, len(recipes)))


@pytest.mark.parametrize("mixing", ["none", "members", "rows"])
@pytest.mark.parametrize("chunk", ERRORS)
@pytest.mark.parametrize(("task", "steps"), [("regression", None), ("forecasting", 1), ("forecasting", 5)])
def test_numbers(task, steps, chunk, mixing):
    recipes = ERRORS[chunk]
    y = draw(1, len(recipes), B, *(() if steps is None else (steps,)))
    stack_equals_members(task, recipes, y, steps or 1, mixing_of(mixing, len(recipes)))


@pytest.mark.parametrize("recipe", [Recipe(), SMOOTH, FOCAL], ids=["plain", "smoothed", "focal"])
def test_next_tokens_count_all_positions_alike(recipe):
    z, y = draw(0, B, 3, C), torch.randint(0, C, (B, 3), generator=torch.Generator().manual_seed(1))
    found = Objective("next-token", [recipe], None, DTYPE).member(0, z, y)
    rows = functional.cross_entropy(
        z.reshape(-1, C), y.flatten(), label_smoothing=recipe.label_smoothing, reduction="none"
    )
    right = z.softmax(2).gather(2, y.unsqueeze(2)).flatten()
    want = ((1 - right) ** recipe.focal * rows).mean()
    torch.testing.assert_close(found, want, rtol=1e-12, atol=1e-12)


def test_mixed_texts_blend_the_losses_of_both_texts():
    z, y = draw(0, B, 3, C), torch.randint(0, C, (B, 3), generator=torch.Generator().manual_seed(1))
    objective = Objective("next-token", [Recipe()], None, DTYPE)
    partner, share = torch.arange(B).flip(0), draw(2, B).sigmoid()
    rows = [functional.cross_entropy(z[b], y[b]) for b in range(B)]
    others = [functional.cross_entropy(z[b], y[partner[b]]) for b in range(B)]
    want = sum(share[b] * rows[b] + (1 - share[b]) * others[b] for b in range(B)) / B
    found = objective.member(0, z, y, Mixing(partner, share))
    torch.testing.assert_close(found, want, rtol=1e-12, atol=1e-12)


def test_class_weights_are_torchs_with_the_same_mean_over_all_rows():
    y = torch.tensor([0, 0, 0, 1, 1, 2])
    shares = torch.bincount(y, minlength=3).to(DTYPE).unsqueeze(0) / len(y)
    z = draw(0, len(y), 3)
    found = Objective("classification", [Recipe(class_weights=1.0)], shares, DTYPE).member(0, z, y)
    want = functional.cross_entropy(z, y, weight=1 / shares[0])  # torch divides by the sum of the weights
    torch.testing.assert_close(found, want, rtol=1e-12, atol=1e-12)


def test_the_plain_path_is_the_plain_call():
    z, y, weights = draw(0, 2, B, C).float(), torch.zeros(2, B, dtype=torch.int64), torch.full((2, B), 1 / B)
    one, two = torch.empty_like(z), torch.empty_like(z)
    found = Objective("classification", [Recipe(), SMOOTH], None, torch.float32).stack(
        z, y, weights, None, one
    )
    smoothing = torch.tensor([0, 0.2])
    assert torch.equal(found, loss_gradients.cross_entropy(z, y, weights, smoothing, two))
    assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("task", "recipe"),
    [
        ("classification", Recipe(error="absolute")),
        ("regression", EVERYTHING),
        ("multilabel", SMOOTH),
        ("next-token", WEIGHED),
    ],
)
def test_knobs_of_other_tasks_do_nothing(task, recipe):
    y = {
        "regression": draw(1, 1, B),
        "multilabel": (draw(1, 1, B, C) > 0).to(DTYPE),
    }.get(task, torch.zeros(1, B, dtype=torch.int64))
    z, weights = draw(0, 1, B, 1 if task == "regression" else C), torch.full((1, B), 1 / B, dtype=DTYPE)
    found = [
        Objective(task, [r], None, DTYPE).stack(z, y, weights, None, torch.empty_like(z))
        for r in (Recipe(), recipe)
    ]
    assert torch.equal(*found)


def test_class_weights_need_the_shares():
    with pytest.raises(BadInput, match=r"class_shares.* must be given where classes are weighted"):
        Objective("classification", [WEIGHED], None, DTYPE)
