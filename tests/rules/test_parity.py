"""Drop-ins against the libraries people come from: torch.optim, optax, schedulefree; float64, 1e-12."""

from copy import deepcopy

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import schedulefree
import torch

from steepest import rules
from steepest.rules.catalogue import rule as rule_of

jax.config.update("jax_enable_x64", True)
STEPS, SHAPE = 100, (3, 4)
rng = np.random.default_rng(1)
START = rng.normal(size=SHAPE)
GRADS = list(rng.normal(size=(STEPS, *SHAPE)))
T = torch.optim

TORCH = [
    (rules.GD, {"lr": 0.1}, T.SGD, {"lr": 0.1}),
    (rules.SGD, {}, T.SGD, {}),
    (rules.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}, T.SGD, None),
    (rules.Momentum, {"weight_decay": 0.1}, T.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (rules.Nesterov, {"lr": 0.1}, T.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (rules.AdaGrad, {}, T.Adagrad, {}),
    (rules.AdaGrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.2}, T.Adagrad, None),
    (rules.RMSProp, {}, T.RMSprop, {}),
    (rules.RMSProp, {"momentum": 0.9, "weight_decay": 0.1, "alpha": 0.9}, T.RMSprop, None),
    (rules.RMSProp, {"momentum": 0.9, "centered": True, "eps": 0.1}, T.RMSprop, None),
    (rules.Adam, {}, T.Adam, {}),
    (rules.Adam, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 0.1, "weight_decay": 0.1}, T.Adam, None),
    (rules.AdamW, {}, T.AdamW, {}),
    (rules.AdamW, {"lr": 0.1, "weight_decay": 0.5}, T.AdamW, None),
    (
        rules.NAdamW,
        {"lr": 0.1, "weight_decay": 0.1},
        T.NAdam,
        {"lr": 0.1, "weight_decay": 0.1, "momentum_decay": 1e6, "decoupled_weight_decay": True},
    ),
]


def run(optimizer_class, settings):
    weight = torch.nn.Parameter(torch.tensor(START))
    optimizer = optimizer_class([weight], **settings)
    for grad in GRADS:
        weight.grad = torch.tensor(grad)
        optimizer.step()
    return weight.detach().numpy(), optimizer


@pytest.mark.parametrize(("ours", "settings", "theirs", "told"), TORCH)
def test_torch(ours, settings, theirs, told):
    mine, _ = run(ours, settings)
    yours, _ = run(theirs, settings if told is None else told)
    # torch keeps NAdam's running product in float32: the only pair that cannot agree to 1e-12
    bound = 1e-5 if theirs is T.NAdam else 1e-12
    np.testing.assert_allclose(mine, yours, rtol=bound, atol=bound)


def test_torch_muon_to_the_accuracy_of_its_bfloat16():
    mine, _ = run(rules.Muon, {"lr": 0.01})
    yours, _ = run(T.Muon, {"lr": 0.01})
    assert np.abs(mine - yours).max() < 0.02 * np.abs(yours - START).max()


OPTAX = [
    (rules.GD, {"lr": 0.1}, optax.sgd(0.1)),
    (rules.Momentum, {"lr": 0.1}, optax.sgd(0.1, momentum=0.9)),
    (
        rules.Momentum,
        {"lr": 0.1, "form": "average"},
        optax.chain(optax.ema(0.9, debias=False), optax.sgd(0.1)),
    ),
    (rules.Nesterov, {"lr": 0.1}, optax.sgd(0.1, momentum=0.9, nesterov=True)),
    (
        rules.AdaGrad,
        {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-7, "eps_place": "inside"},
        optax.adagrad(0.1),
    ),
    (rules.RMSProp, {"lr": 0.1, "alpha": 0.9, "eps_place": "inside"}, optax.rmsprop(0.1)),
    (rules.RMSProp, {"lr": 0.1, "alpha": 0.9}, optax.rmsprop(0.1, eps_in_sqrt=False)),
    (rules.Adam, {"lr": 0.1}, optax.adam(0.1)),
    (rules.Adam, {"lr": 0.1, "eps": 0.1, "eps_place": "inside"}, optax.adam(0.1, eps=0.0, eps_root=0.1)),
    (rules.AdamW, {"lr": 0.1, "weight_decay": 0.3}, optax.adamw(0.1, weight_decay=0.3)),
    (rules.NAdamW, {"lr": 0.1, "weight_decay": 0.3}, optax.nadamw(0.1, weight_decay=0.3)),
    (rules.Lion, {"lr": 0.1, "weight_decay": 0.3}, optax.lion(0.1, weight_decay=0.3)),
    (
        rules.AdEMAMix,
        {"lr": 0.1, "mix": 5.0, "weight_decay": 0.3},
        optax.contrib.ademamix(0.1, alpha=5.0, weight_decay=0.3),
    ),
]


@pytest.mark.parametrize(
    ("ours", "settings", "theirs"), OPTAX, ids=lambda value: getattr(value, "__name__", "")
)
def test_optax(ours, settings, theirs):
    mine, _ = run(ours, settings)
    yours = jnp.asarray(START)
    state = theirs.init(yours)
    advance = jax.jit(theirs.update)
    for grad in GRADS:
        updates, state = advance(jnp.asarray(grad), state, yours)
        yours = optax.apply_updates(yours, updates)
    np.testing.assert_allclose(mine, np.asarray(yours), rtol=1e-12, atol=1e-12)


def test_a_stack_is_what_jax_maps_over_optax():
    """`jax.vmap` over `optax.adamw` is the one library that takes hyperparameters per member."""
    lr, decay, beta2 = [0.1, 0.01, 0.3], [0.0, 0.1, 0.5], [0.9, 0.99, 0.999]

    def train(lr, decay, beta2, start):
        rule = optax.adamw(lr, b2=beta2, weight_decay=decay)
        carry = (start, rule.init(start))

        def body(carry, grad):
            theta, state = carry
            updates, state = rule.update(grad, state, theta)
            return (optax.apply_updates(theta, updates), state), None

        return jax.lax.scan(body, carry, jnp.asarray(np.stack(GRADS)))[0][0]

    hypers = [jnp.asarray(v) for v in (lr, decay, beta2)]
    yours = jax.vmap(train, in_axes=(0, 0, 0, None))(*hypers, jnp.asarray(START))
    rule = rule_of("adamw")
    hyper = {
        name: torch.tensor(v, dtype=torch.float64)
        for name, v in {"lr": lr, "weight_decay": decay, "beta2": beta2}.items()
    }
    theta = torch.tensor(START).expand(3, *SHAPE).clone()
    state = rule.init(theta)
    for grad in GRADS:
        theta, state = rule.update(theta, torch.tensor(grad).expand_as(theta), state, hyper)
    np.testing.assert_allclose(theta, np.asarray(yours), rtol=1e-12, atol=1e-12)


FREE = {"lr": 0.1, "weight_decay": 0.1, "warmup_steps": 9, "r": 0.5}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (rules.ScheduleFreeSGD, schedulefree.SGDScheduleFree),
        (rules.ScheduleFreeAdamW, schedulefree.AdamWScheduleFree),
    ],
)
def test_schedulefree(ours, theirs):
    weights = [torch.nn.Parameter(torch.tensor(START)) for _ in range(2)]
    mine, yours = ours([weights[0]], **FREE), theirs([weights[1]], **FREE)
    yours.train()
    for grad in GRADS:
        for weight, optimizer in zip(weights, (mine, yours), strict=True):
            weight.grad = torch.tensor(grad)
            optimizer.step()
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-12, atol=1e-12)
    mine.eval()
    yours.eval()
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-12, atol=1e-12)


CHECKPOINTS = [case for case in TORCH if case[2] is not T.NAdam]


@pytest.mark.parametrize(("ours", "settings", "theirs", "told"), CHECKPOINTS)
@pytest.mark.parametrize("to_torch", [False, True])
def test_checkpoints_load_both_ways(ours, settings, theirs, told, to_torch):
    """A run that changes library half-way ends where the unchanged run ends."""
    told = settings if told is None else told
    first, second = ((ours, settings), (theirs, told)) if to_torch else ((theirs, told), (ours, settings))
    weight, optimizer = run(*first)
    mover = torch.nn.Parameter(torch.tensor(weight))
    stayer = torch.nn.Parameter(torch.tensor(weight))
    kept = first[0]([stayer], **first[1])
    kept.load_state_dict(deepcopy(optimizer.state_dict()))
    moved = second[0]([mover], **{**second[1], "lr": 9.0})  # the checkpoint's rate must win
    moved.load_state_dict(deepcopy(optimizer.state_dict()))
    for grad in GRADS[:10]:
        for parameter, each in ((mover, moved), (stayer, kept)):
            parameter.grad = torch.tensor(grad)
            each.step()
    torch.testing.assert_close(mover, stayer, rtol=1e-12, atol=1e-12)


def test_muon_loads_torch_checkpoint():
    _, optimizer = run(T.Muon, {"lr": 0.01})
    weight = torch.nn.Parameter(torch.tensor(START))
    mine = rules.Muon([weight])
    mine.load_state_dict(deepcopy(optimizer.state_dict()))
    weight.grad = torch.tensor(GRADS[0])
    mine.step()
    before = next(iter(optimizer.state.values()))["momentum_buffer"]
    torch.testing.assert_close(mine.state[weight]["momentum_buffer"], before.lerp(weight.grad, 0.05))
