"""One member's augmentation: declared strengths, reproducible draws, and nothing where nothing is asked."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest

from steepest.base.recipe import Recipe
from steepest.data.augment_series import PADDING, UNKNOWN
from steepest.training.image_transforms import KINDS, ImageTransforms, whole_steps
from steepest.training.transforms import Mixing, Transforms, gallery

IMAGE, SOLID, SERIES, TEXT, TABLE = (3, 12, 10), (2, 3, 12, 10), (20, 3), (15,), (8,)
B = 64
OF_IMAGES = {
    "flip": 0.5, "shift": 0.2, "rotate": 15.0, "scale": 0.2, "brightness": 0.3, "contrast": 0.3,
    "colour": 0.5, "erase": 0.5, "mixup": 1.0, "cutmix": 1.0, "input_noise": 0.2, "input_dropout": 0.2,
}  # fmt: skip
OF_SERIES = {
    "magnitude": 0.2, "time_mask": 0.4, "time_shift": 0.3, "mixup": 1.0, "input_noise": 0.2,
    "input_dropout": 0.2,
}  # fmt: skip
OF_TABLES = {"mixup": 1.0, "input_noise": 0.2, "input_dropout": 0.2}
CASES = [
    *(("image", shape, {k: v}) for shape in (IMAGE, SOLID) for k, v in OF_IMAGES.items()),
    *(("series", SERIES, {k: v}) for k, v in OF_SERIES.items()),
    *(("table", TABLE, {k: v}) for k, v in OF_TABLES.items()),
    ("text", TEXT, {"token_dropout": 0.3}),
    ("image", IMAGE, OF_IMAGES),
    ("image", SOLID, {**OF_IMAGES, "augment_some": 2}),
    ("series", SERIES, OF_SERIES),
    ("table", TABLE, OF_TABLES),
]


def examples(form: str, shape: tuple[int, ...], rows: int = B, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    if form == "text":
        return torch.from_numpy(rng.integers(0, 50, (rows, *shape)))
    return torch.from_numpy(rng.standard_normal((rows, *shape), np.float32))


def draws(steps: int, rows: int = B, shape: tuple[int, ...] = IMAGE, **knobs: float) -> list:
    transforms = ImageTransforms(Recipe(**knobs), shape, seed=3)
    return [transforms.draw(rows, 0, step) for step in range(steps)]


def mixings(steps: int, **knobs: float) -> list[Mixing]:
    transforms, x = Transforms(Recipe(**knobs), "image", IMAGE, seed=5), torch.zeros(B, *IMAGE)
    made = [transforms.apply(x, 0, step)[1] for step in range(steps)]
    assert all(mixing is not None for mixing in made)
    return made  # type: ignore[return-value]


@pytest.mark.parametrize(("form", "shape", "knobs"), CASES)
def test_batches_keep_their_shape_and_depend_on_member_epoch_and_step_alone(form, shape, knobs):
    x = examples(form, shape)
    transforms = Transforms(Recipe(**knobs), form, shape, seed=7)
    assert transforms
    first, mixing = transforms.apply(x.clone(), 2, 5)
    assert first.shape == x.shape
    assert first.dtype == x.dtype
    assert not torch.equal(first, x)
    for epoch, step in ((0, 0), (2, 6), (3, 5)):
        other, _ = transforms.apply(x.clone(), epoch, step)
        assert not torch.equal(other, first)
    again, same = transforms.apply(x.clone(), 2, 5)
    fresh, _ = Transforms(Recipe(**knobs), form, shape, seed=7).apply(x.clone(), 2, 5)
    assert torch.equal(again, first)
    assert torch.equal(fresh, first)
    assert (mixing is None) == (same is None) == ({"mixup", "cutmix"}.isdisjoint(knobs))
    if mixing is not None and same is not None:
        assert torch.equal(mixing.partner, same.partner)
        assert torch.equal(mixing.share, same.share)
    stranger, _ = Transforms(Recipe(**knobs), form, shape, seed=8).apply(x.clone(), 2, 5)
    assert not torch.equal(stranger, first)


@pytest.mark.parametrize(("form", "shape", "knobs"), CASES)
def test_a_row_depends_on_itself_and_its_partner_alone(form, shape, knobs):
    transforms = Transforms(Recipe(**knobs), form, shape, seed=1)
    x, changed = examples(form, shape), 11
    want, mixing = transforms.apply(x.clone(), 0, 0)
    other = x.clone()
    other[changed] = examples(form, shape, 1, seed=9)[0]
    got, _ = transforms.apply(other, 0, 0)
    involved = torch.arange(B) == changed
    if mixing is not None:
        involved |= mixing.partner == changed
    assert torch.equal(got[~involved], want[~involved])


UNMIXED = [case for case in CASES if {"mixup", "cutmix"}.isdisjoint(case[2])]


@pytest.mark.parametrize(("form", "shape", "knobs"), UNMIXED)
def test_a_short_batch_draws_the_same_for_its_rows(form, shape, knobs):
    x, transforms = examples(form, shape), Transforms(Recipe(**knobs), form, shape, seed=1)
    whole, part = transforms.apply(x.clone(), 0, 3)[0], transforms.apply(x[:5].clone(), 0, 3)[0]
    torch.testing.assert_close(part, whole[:5], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("form", "shape", "knobs"),
    [
        ("image", IMAGE, {}),
        ("image", IMAGE, {"token_dropout": 0.5, "magnitude": 1.0, "time_mask": 0.5, "augment_some": 3}),
        ("image", IMAGE, {"shift": 0.08}),  # less than a pixel
        ("image", (1, 8, 8), {"colour": 0.5}),  # one channel has no saturation
        ("series", SERIES, {"flip": 0.5, "erase": 0.5, "cutmix": 1.0, "time_shift": 0.04}),
        ("text", TEXT, {"mixup": 1.0, "input_noise": 0.2, "input_dropout": 0.2, "flip": 1.0}),
        ("table", TABLE, {"flip": 1.0, "magnitude": 0.5, "cutmix": 1.0}),
    ],
)
def test_nothing_happens_where_nothing_applies(form, shape, knobs):
    transforms, x = Transforms(Recipe(**knobs), form, shape, seed=0), examples(form, shape)
    assert not transforms
    got, mixing = transforms.apply(x.clone(), 0, 0)
    assert mixing is None
    assert torch.equal(got, x)


def test_a_knob_that_does_not_suit_the_task_does_nothing():
    recipe = Recipe(token_dropout=0.3)
    assert not Transforms(recipe, "text", TEXT, 0, task="next-token")
    assert Transforms(recipe, "text", TEXT, 0, task="classification")


@pytest.mark.parametrize("rate", [0.05, 0.5, 1.0])
def test_rates_of_flip_and_erase_are_met(rate):
    made = draws(50, flip=rate, erase=rate)
    n = 50 * B
    for share in (
        np.mean([d.moves.flipped for d in made]),
        np.mean([d.erased[:, 2] > 0 for d in made]),
    ):
        assert abs(share - rate) <= 4 * (rate * (1 - rate) / n) ** 0.5


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_shifts_are_whole_pixels_even_over_all_that_lie_within_the_share(share):
    made = draws(100, shift=share)
    for by, side in (
        (np.concatenate([d.moves.down for d in made]), IMAGE[1]),
        (np.concatenate([d.moves.right for d in made]), IMAGE[2]),
    ):
        most = int(share * side)
        values, counts = np.unique(by, return_counts=True)
        assert values.tolist() == list(range(-most, most + 1))
        assert np.abs(by).max() <= share * side
        mean = len(by) / len(values)
        assert np.abs(counts - mean).max() < 5 * mean**0.5


@pytest.mark.parametrize(
    ("kind", "strength", "middle"),
    [
        ("rotate", 30.0, 0),
        ("scale", 0.4, 1),
        ("brightness", 0.5, 0),
        ("contrast", 1.0, 1),
        ("colour", 0.7, 1),
    ],
)
def test_changes_are_uniform_up_to_their_strength(kind, strength, middle):
    made = draws(30, **{kind: strength})
    of = {"rotate": lambda d: d.moves.angle, "scale": lambda d: d.moves.size}
    values = np.concatenate([np.asarray(of.get(kind, lambda d: getattr(d, kind))(d)) for d in made])
    unit = (values - middle) / strength
    assert np.abs(unit).max() <= 1
    assert kstest(unit, "uniform", (-1, 2)).pvalue > 1e-3


@pytest.mark.parametrize("some", [1, 3, 7, 8])
def test_some_of_the_kinds_are_chosen_for_each_image(some):
    knobs = dict.fromkeys(KINDS, 1.0) | {"shift": 0.5, "scale": 0.5}
    transforms = ImageTransforms(Recipe(augment_some=some, **knobs), (3, 400, 400), seed=2)
    counts = []
    for step in range(40):
        d = transforms.draw(B, 0, step)
        moves = d.moves
        changed = [
            moves.flipped, (moves.down != 0) | (moves.right != 0), moves.angle != 0, moves.size != 1,
            d.brightness.numpy() != 0, d.contrast.numpy() != 1, d.colour.numpy() != 1, d.erased[:, 2] > 0,
        ]  # fmt: skip
        assert (np.sum(changed, 0) == some).all()
        counts.append(np.sum(changed, 1))
    share, n = some / len(KINDS), 40 * B
    assert np.abs(np.sum(counts, 0) / n - share).max() <= 4.5 * (share * (1 - share) / n) ** 0.5


def test_switching_a_kind_on_leaves_the_draws_of_the_others_alone():
    alone, both = draws(1, flip=0.5)[0], draws(1, flip=0.5, shift=0.3, erase=0.5)[0]
    assert np.array_equal(alone.moves.flipped, both.moves.flipped)
    assert both.moves.down.any()


def test_cutmix_tells_the_untouched_area_and_takes_the_rest_from_the_partner():
    x = torch.arange(1.0, B + 1).view(B, 1, 1, 1).expand(B, *IMAGE)
    transforms = Transforms(Recipe(cutmix=1.0), "image", IMAGE, seed=0)
    for step in range(30):
        got, mixing = transforms.apply(x.clone(), 0, step)
        own = (got == x).double().mean((1, 2, 3))
        moved = mixing.partner != torch.arange(B)
        torch.testing.assert_close(own[moved], mixing.share.double()[moved], rtol=0, atol=1e-6)
        assert ((got == x) | (got == x[mixing.partner])).all()


def test_mixup_blends_by_the_share_it_tells():
    x = examples("image", IMAGE)
    got, mixing = Transforms(Recipe(mixup=0.4), "image", IMAGE, seed=0).apply(x.clone(), 0, 0)
    share = mixing.share.view(-1, 1, 1, 1)
    torch.testing.assert_close(got, share * x + (1 - share) * x[mixing.partner])
    assert sorted(mixing.partner.tolist()) == list(range(B))


def test_shares_of_mixup_follow_the_beta_distribution():
    shares = [float(mixing.share[0]) for mixing in mixings(400, mixup=0.4)]
    assert kstest(shares, beta(0.4, 0.4).cdf).pvalue > 1e-3


def test_with_mixup_and_cutmix_each_step_takes_one():
    both = mixings(300, mixup=1.0, cutmix=1.0)
    blends, cuts = mixings(300, mixup=1.0), mixings(300, cutmix=1.0)

    def same(a: Mixing, b: Mixing) -> bool:
        return torch.equal(a.share, b.share) and torch.equal(a.partner, b.partner)

    blended = [same(m, b) for m, b in zip(both, blends, strict=True)]
    cut = [same(m, c) for m, c in zip(both, cuts, strict=True)]
    assert all(b != c for b, c in zip(blended, cut, strict=True))
    assert abs(np.mean(cut) - 0.5) < 4 * 0.5 / 300**0.5


@pytest.mark.parametrize(("form", "shape"), [("image", IMAGE), ("series", SERIES), ("table", TABLE)])
def test_noise_has_its_deviation_and_dropout_its_rate(form, shape):
    x = torch.ones(4 * B, *shape)
    noise = Transforms(Recipe(input_noise=0.3), form, shape, 0).apply(x.clone(), 0, 0)[0] - 1
    n = noise.numel()
    assert abs(float(noise.mean())) < 4 * 0.3 / n**0.5
    assert float(noise.std()) == pytest.approx(0.3, rel=4 / (2 * n) ** 0.5)
    kept = Transforms(Recipe(input_dropout=0.3), form, shape, 0).apply(x.clone(), 0, 0)[0]
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert abs(float(kept.mean()) - 0.7) < 4 * (0.21 / n) ** 0.5


def test_noise_comes_before_erasing_so_that_what_is_erased_is_0():
    x = torch.ones(B, *IMAGE)
    erased = Transforms(Recipe(erase=1.0), "image", IMAGE, 0).apply(x.clone(), 0, 0)[0] == 0
    got = Transforms(Recipe(erase=1.0, input_noise=0.5, mixup=1.0), "image", IMAGE, 0).apply(x, 0, 0)[0]
    assert erased.any()
    assert torch.equal(got == 0, erased)


def test_a_table_keeps_zeros_and_ones_free_of_noise_and_codes_whole():
    scaled, codes = np.array([True, False, True, False, True, True, True, False]), [3, 7]
    x = examples("table", TABLE)
    x[:, codes] = torch.randint(0, 30, (B, 2), generator=torch.Generator().manual_seed(0)).float()
    noisy = Transforms(Recipe(input_noise=1.0), "table", TABLE, 0, scaled=scaled).apply(x.clone(), 0, 0)[0]
    assert torch.equal((noisy != x).all(0), torch.from_numpy(scaled))
    mixer = Transforms(Recipe(mixup=1.0), "table", TABLE, 0, codes=codes)
    larger = set()
    for step in range(10):
        got, mixing = mixer.apply(x.clone(), 0, step)
        own = bool(mixing.share[0] >= 0.5)
        larger.add(own)
        assert torch.equal(got[:, codes], x[:, codes] if own else x[mixing.partner][:, codes])
        assert not torch.equal(got[:, 0], x[:, 0])
    assert larger == {False, True}


def test_series_shift_and_mask_stay_within_their_shares():
    time = torch.arange(20.0).view(1, 20, 1).expand(4 * B, 20, 3) + 1
    shifted = Transforms(Recipe(time_shift=0.3), "series", SERIES, 0).apply(time.clone(), 0, 0)[0]
    by = (time - shifted)[:, 10, 0]
    assert sorted(by.unique().tolist()) == list(range(-6, 7))
    masked = Transforms(Recipe(time_mask=0.4), "series", SERIES, 0).apply(time.clone(), 0, 0)[0] == 0
    assert (masked == masked[..., :1]).all()  # all inputs of a step
    length = masked[..., 0].sum(1)
    assert sorted(length.unique().tolist()) == list(range(9))
    edges = (masked[..., 0].int().diff(dim=1) != 0).sum(1)
    assert int(edges.max()) <= 2  # one stretch
    assert masked[:, 0].any()
    assert masked[:, -1].any()


def test_magnitude_is_one_normal_factor_for_each_series():
    x = torch.ones(2000, *SERIES)
    factor = Transforms(Recipe(magnitude=0.2), "series", SERIES, 0).apply(x, 0, 0)[0]
    assert torch.equal(factor, factor[:, :1, :1].expand(x.shape))
    assert kstest(factor[:, 0, 0].numpy(), "norm", (1, 0.2)).pvalue > 1e-3


def test_tokens_are_dropped_at_their_rate_and_padding_never():
    x = examples("text", TEXT, 1000)
    got, mixing = Transforms(Recipe(token_dropout=0.2), "text", TEXT, 0).apply(x.clone(), 0, 0)
    assert mixing is None
    assert torch.equal(got == PADDING, x == PADDING)
    words = (x != PADDING) & (x != UNKNOWN)
    dropped = (got == UNKNOWN)[words].double()
    assert abs(float(dropped.mean()) - 0.2) < 4 * (0.16 / len(dropped)) ** 0.5
    assert torch.equal(got[got != UNKNOWN], x[got != UNKNOWN])


def test_a_single_row_and_double_precision_go_through_everything():
    x = examples("image", IMAGE, 1).double()
    got, mixing = Transforms(Recipe(**OF_IMAGES), "image", IMAGE, 0).apply(x.clone(), 0, 0)
    assert got.dtype == mixing.share.dtype == torch.float64
    assert mixing.partner.tolist() == [0]


def test_a_gallery_leaves_the_examples_alone_and_shows_different_copies():
    x = examples("image", IMAGE, 4)
    before = x.clone()
    copies = gallery(Recipe(flip=0.5, shift=0.3), "image", IMAGE, x, seed=0, count=3)
    assert torch.equal(x, before)
    assert [copy.shape for copy in copies] == [x.shape] * 3
    assert not torch.equal(copies[0], copies[1])
    plain = gallery(Recipe(), "image", IMAGE, x, seed=0, count=2)
    assert all(torch.equal(copy, x) for copy in plain)
    assert all(copy is not x for copy in plain)


def test_whole_steps_do_not_lose_one_to_rounding():
    assert [whole_steps(i / 100, 100) for i in range(101)] == list(range(101))
