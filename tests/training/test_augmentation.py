"""Augmentation in training: declared strengths, everyone's own draws, and nothing where nothing is asked."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest

from steepest.base.recipe import Recipe
from steepest.data.dataset import Column, DataSet
from steepest.data.standardise import Standardiser
from steepest.networks.build import build
from steepest.networks.losses import cross_entropy, mixed_cross_entropy, squared_error
from steepest.networks.spec import dense_spec
from steepest.training.augmentation import Augmentation, Mixing, Trainee
from steepest.training.chunk import Chunk
from steepest.training.feed import Feed
from steepest.training.member import Member
from steepest.training.source import Source

D, ROWS, BATCH = 30, 640, 64
ALL = np.ones(D, dtype=np.bool_)
KINDS = [{"input_noise": 0.2}, {"input_dropout": 0.2}, {"mixup": 0.5}]
EVERY = {name: value for kind in KINDS for name, value in kind.items()}


def trainee(seed: int, rows: int = ROWS, scaled: np.ndarray = ALL, **knobs: object) -> Trainee:
    recipe = Recipe(batch_size=BATCH, **knobs)
    return Trainee(Member(seed, recipe, seed), rows, min(BATCH, rows), scaled)


def batches(augmentation: Augmentation, x: torch.Tensor, steps: int) -> torch.Tensor:
    """What x [K, B, D] becomes in each step of three epochs, [epochs · steps, K, B, D]."""
    made = [x.clone() for _ in range(3 * steps)]
    for i, out in enumerate(made):
        augmentation.apply(out, i // steps, i % steps)
    return torch.stack(made)


def mixings(*trainees: Trainee, steps: int, epochs: int = 1) -> list[Mixing]:
    augmentation = Augmentation(trainees, torch.float64)
    x = torch.zeros(len(trainees), BATCH, D, dtype=torch.float64)
    made = []
    for epoch, step in itertools.product(range(epochs), range(steps)):
        mixing = augmentation.apply(x, epoch, step)
        assert mixing is not None
        made.append(Mixing(mixing.partner.clone(), mixing.share.clone()))
    return made


def test_noise_has_its_deviation_and_leaves_unscaled_inputs_alone() -> None:
    scaled = np.arange(D) % 3 > 0
    x = torch.ones(1, BATCH, D, dtype=torch.float64)
    augmentation = Augmentation([trainee(0, scaled=scaled, input_noise=0.2)], torch.float64)
    added = batches(augmentation, x, 10) - x
    assert not added[..., ~scaled].any()
    noise = added[..., scaled].flatten().numpy() / 0.2
    assert abs(noise.mean()) < 4 / noise.size**0.5
    assert noise.std() == pytest.approx(1, abs=4 / (2 * noise.size) ** 0.5)
    assert kstest(noise, "norm").pvalue > 1e-3
    by_input = np.corrcoef(added[..., scaled].reshape(-1, int(scaled.sum())).T)
    np.fill_diagonal(by_input, 0)
    assert np.abs(by_input).max() < 5 / (3 * 10 * BATCH) ** 0.5


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_inputs_are_dropped_at_their_rate_and_never_rescaled(rate: float) -> None:
    x = torch.full((1, BATCH, D), 1.5)
    made = batches(Augmentation([trainee(1, input_dropout=rate)], torch.float32), x, 10)
    assert set(made.unique().tolist()) == {0.0, 1.5}
    dropped = (made == 0).double()
    n = dropped.numel()
    assert abs(float(dropped.mean()) - rate) < 5 * (rate * (1 - rate) / n) ** 0.5
    by_input = dropped.mean((0, 1, 2))
    assert float((by_input - rate).abs().max()) < 5 * (rate * (1 - rate) * D / n) ** 0.5


def test_dropping_keeps_the_mean_of_standardised_inputs() -> None:
    x = torch.randn(1, BATCH, D, generator=torch.Generator().manual_seed(0))
    x -= x.mean(1, keepdim=True)
    made = batches(Augmentation([trainee(1, input_dropout=0.3)], torch.float32), x, 10)
    assert float(made.mean((0, 1, 2)).abs().max()) < 5 * (0.21 / (3 * 10 * BATCH)) ** 0.5


@pytest.mark.parametrize("alpha", [0.05, 0.3, 1.0])
def test_shares_follow_the_beta_distribution(alpha: float) -> None:
    shares = torch.cat([m.share for m in mixings(trainee(3, mixup=alpha), steps=10, epochs=200)]).numpy()
    assert len(np.unique(shares.round(12))) > 500
    assert shares.mean() == pytest.approx(0.5, abs=4 * beta(alpha, alpha).std() / len(shares) ** 0.5)
    low = shares[shares < 0.5]  # the other half may round to 1
    assert kstest(low, lambda share: 2 * beta(alpha, alpha).cdf(share)).pvalue > 1e-3


def test_partners_are_a_permutation_and_every_pair_is_as_likely() -> None:
    found = torch.cat([m.partner for m in mixings(trainee(3, mixup=1.0), steps=10, epochs=200)])
    assert torch.equal(found.sort(1).values, torch.arange(BATCH).expand(len(found), BATCH))
    counts = torch.zeros(BATCH, BATCH)
    for row in range(BATCH):
        counts[row] = torch.bincount(found[:, row], minlength=BATCH).float()
    expected = len(found) / BATCH
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    freedom = (BATCH - 1) ** 2
    assert abs(chi2 - freedom) < 5 * (2 * freedom) ** 0.5


@pytest.mark.parametrize("rows", [1, 7, 64, 65, 100])
def test_padding_is_never_mixed_in(rows: int) -> None:
    other = trainee(9, rows=300, mixup=1.0)
    steps = 5
    for step, mixing in enumerate(mixings(trainee(3, rows=rows, mixup=1.0), other, steps=steps)):
        real = min(max(rows - step * BATCH, 0), BATCH)
        partner = mixing.partner[0]
        assert torch.equal(partner[:real].sort().values, torch.arange(real))
        assert torch.equal(partner[real:], torch.arange(real, BATCH))
        assert real or mixing.share[0] == 1


@pytest.mark.parametrize("knobs", [*KINDS, EVERY], ids=lambda k: "+".join(k))
def test_draws_are_the_members_own(knobs: dict[str, float]) -> None:
    trio = [trainee(7, **knobs), trainee(8), trainee(9, rows=100, **knobs), trainee(10, mixup=1.0)]
    x = torch.randn(1, BATCH, D, generator=torch.Generator().manual_seed(0)).repeat(len(trio), 1, 1)
    together = batches(Augmentation(trio, torch.float32), x, 2)
    for k, one in enumerate(trio):
        alone = Augmentation([one], torch.float32)
        want = batches(alone, x[:1], 2) if alone else x[:1].expand(6, 1, BATCH, D)
        assert torch.equal(together[:, k], want[:, 0])


@pytest.mark.parametrize("knobs", KINDS, ids=lambda k: next(iter(k)))
def test_steps_epochs_and_seeds_differ_and_a_step_can_be_visited_again(knobs: dict[str, float]) -> None:
    augmentation = Augmentation([trainee(1, **knobs), trainee(2, **knobs)], torch.float64)
    x = torch.randn(1, BATCH, D, dtype=torch.float64).repeat(2, 1, 1)
    made = batches(augmentation, x, 4)
    flat = {made[i, k].numpy().tobytes() for i in range(len(made)) for k in range(2)}
    assert len(flat) == 2 * len(made)
    for epoch, step in [(2, 3), (2, 3), (2, 1), (0, 2), (0, 0)]:
        again = x.clone()
        augmentation.apply(again, epoch, step)
        assert torch.equal(again, made[4 * epoch + step])


def test_nothing_is_drawn_where_nobody_augments() -> None:
    augmentation = Augmentation([trainee(1), trainee(2)], torch.float32)
    assert not augmentation
    x = torch.randn(2, BATCH, D)
    before = x.clone()
    assert augmentation.apply(x, 0, 0) is None
    assert torch.equal(x, before)


def members(*changes: dict[str, float], **knobs: object) -> list[Member]:
    made = [Recipe(width=7, batch_size=20, epochs=4, **{**knobs, **change}) for change in changes]
    return [Member(k, recipe, seed=k, fold=k % 3) for k, recipe in enumerate(made)]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_off_is_the_same_to_the_bit(task: str, smoothing: float, request: pytest.FixtureRequest) -> None:
    source: Source = request.getfixturevalue(task)
    plain = Chunk(members({}, {}, {}, label_smoothing=smoothing), source)
    mixed = Chunk(members({}, EVERY, {}, label_smoothing=smoothing), source)
    for _ in range(4):
        assert plain.round()
        assert mixed.round()
    a, b = plain.point(), mixed.point()
    assert torch.equal(plain.state.theta[[0, 2]], mixed.state.theta[[0, 2]])
    assert not torch.equal(plain.state.theta[1], mixed.state.theta[1])
    np.testing.assert_array_equal(a.train_loss[[0, 2]], b.train_loss[[0, 2]])


@pytest.mark.parametrize("knobs", [*KINDS, EVERY], ids=lambda k: "+".join(k))
def test_evaluation_is_untouched(knobs: dict[str, float], classification: Source) -> None:
    chunk = Chunk(members(knobs, knobs), classification)
    plain = Chunk(members({}, {}), classification)
    assert chunk.round()
    plain.state.theta.copy_(chunk.state.theta)
    first, again, other = chunk.point(), chunk.point(), plain.point()
    for name, values in first.metrics.items():
        np.testing.assert_array_equal(values, again.metrics[name])
        np.testing.assert_array_equal(values, other.metrics[name])


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_an_epoch_is_the_plain_one_on_augmented_batches(task: str, request: pytest.FixtureRequest) -> None:
    source: Source = request.getfixturevalue(task)
    [member] = members(EVERY, optimizer="sgd", lr=0.1, label_smoothing=0.1, weight_decay=0.0)
    chunk = Chunk([member], source, dtype=torch.float64)
    network = build(dense_spec(member.recipe, source.x.shape[1], source.outputs), torch.float64)
    network.load_state_dict(chunk.parameters(0))
    assert chunk.round()
    fold = source.folds[member.fold]
    feed = Feed(source, [member], torch.float64)
    made = Augmentation(
        [Trainee(member, len(fold.train), 20, np.ones(source.x.shape[1], np.bool_))], torch.float64
    )
    losses = []
    for step, rows in enumerate(feed.order(0).split(20, dim=1)):  # the last batch has ten rows, unpadded
        x = feed.inputs(rows, torch.empty(*rows.shape, source.x.shape[1], dtype=torch.float64))
        y = feed.targets(rows)
        mixing = made.apply(x, 0, step)
        assert mixing is not None
        out = network(x[0]).unsqueeze(0)
        if task == "classification":
            others, s = mixing.codes(y), torch.tensor([0.1], dtype=torch.float64)
            loss = mixed_cross_entropy(out, y, others, mixing.share, s)
            if step == 0:
                assert loss.item() != pytest.approx(cross_entropy(out, y, s).item())
        else:
            loss = squared_error(out, mixing.numbers(y))
        network.zero_grad()
        loss.sum().backward()
        with torch.no_grad():
            for parameter in network.parameters():
                assert parameter.grad is not None
                parameter -= 0.1 * parameter.grad
        losses.append(loss.item())
    for name, value in network.state_dict().items():
        torch.testing.assert_close(chunk.parameters(0)[name], value, rtol=1e-10, atol=1e-12)
    assert chunk.point().train_loss[0] == pytest.approx(np.mean(losses), rel=1e-10)


def test_noise_spares_one_hot_and_constant_inputs_of_a_data_set(classification: Source) -> None:
    x = classification.x.copy()
    x[:, 1], x[:, 2] = x[:, 1] > 2, 4.0
    scaled = np.array([True, False, True, True, True, True])
    columns = tuple(Column(name, "number") for name in "abcdef")
    codes, y = ("p", "q", "r"), classification.y
    data = DataSet("toy", "classification", "y", codes, x, y, tuple("abcdef"), scaled, columns, None, ())
    fold = classification.folds[0]
    source = Source.table(x, y, 3, (replace(fold, standard=Standardiser.fit(data, fold.train)),))
    feed = Feed(source, members({}), torch.float64)
    assert feed.varying[0].tolist() == [True, False, False, True, True, True]
