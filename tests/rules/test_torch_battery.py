"""PyTorch's own tables of optimizer inputs and error inputs, run over the drop-in classes."""

import inspect

import pytest
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db

from steepest import rules

INFO = {info.optim_cls.__name__: info for info in optim_db}
PAIRS = {
    "SGD": (rules.SGD, "SGD"),
    "GD": (rules.GD, "SGD"),
    "Momentum": (rules.Momentum, "SGD"),
    "Nesterov": (rules.Nesterov, "SGD"),
    "AdaGrad": (rules.AdaGrad, "Adagrad"),
    "RMSProp": (rules.RMSProp, "RMSprop"),
    "Adam": (rules.Adam, "Adam"),
    "AdamW": (rules.AdamW, "AdamW"),
    "NAdamW": (rules.NAdamW, "AdamW"),
    "Lion": (rules.Lion, "AdamW"),
    "AdEMAMix": (rules.AdEMAMix, "AdamW"),
    "ScheduleFreeSGD": (rules.ScheduleFreeSGD, "SGD"),
    "ScheduleFreeAdamW": (rules.ScheduleFreeAdamW, "AdamW"),
    "Muon": (rules.Muon, "Muon"),
    "Prodigy": (rules.Prodigy, "AdamW"),
}
SAME = ("SGD", "AdaGrad", "RMSProp", "Adam", "AdamW")


def accepted(rule, kwargs):
    return set(kwargs) <= set(inspect.signature(rule).parameters)


def inputs(name):
    """The rows of torch's table that this class has arguments for."""
    rule, info = PAIRS[name]
    rows = [row for row in INFO[info].optim_inputs_func(device="cpu") if accepted(rule, row.kwargs)]
    if rule is rules.AdEMAMix:
        rows = [row for row in rows if "betas" not in row.kwargs]
    return rows


def params():
    source = torch.Generator().manual_seed(0)
    return [
        torch.nn.Parameter(torch.randn(*s, generator=source, dtype=torch.float64))
        for s in ((3, 4), (4, 4), (2, 1))
    ]


def descend(optimizer, weights, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        sum((w**2).sum() for w in weights).backward()
        optimizer.step()


@pytest.mark.parametrize("name", PAIRS)
def test_every_row_of_the_table_goes_the_right_way(name):
    rows = inputs(name)
    assert len(rows) >= 2
    for row in rows:
        weights = params()
        start = sum(float((w.detach() ** 2).sum()) for w in weights)
        optimizer = PAIRS[name][0](weights, **row.kwargs)
        descend(optimizer, weights, 30)
        end = sum(float((w.detach() ** 2).sum()) for w in weights)
        assert end > start if row.kwargs.get("maximize") else end < start, row.desc


@pytest.mark.parametrize("name", SAME)
def test_every_row_of_the_table_equals_torch(name):
    rule, info = PAIRS[name]
    for row in inputs(name):
        ours, theirs = params(), params()
        descend(rule(ours, **row.kwargs), ours, 30)
        descend(INFO[info].optim_cls(theirs, **row.kwargs), theirs, 30)
        for mine, yours in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, yours, rtol=1e-12, atol=1e-12, msg=row.desc)


@pytest.mark.parametrize("name", PAIRS)
def test_every_error_row_of_the_table_raises_its_type(name):
    rule, info = PAIRS[name]
    checked = 0
    for row in INFO[info].optim_error_inputs_func("cpu", torch.float64):
        given = row.optimizer_error_input
        tensors = [b for b in given.kwargs.get("betas", ()) if isinstance(b, torch.Tensor)]
        if not accepted(rule, given.kwargs) or tensors or "only support 2D" in given.desc:
            continue  # torch's switches; tensor betas and Muon on vectors, which we take
        if rule is rules.AdEMAMix and "betas" in given.kwargs:
            continue
        wanted = (
            (row.error_type, TypeError) if row.error_on is OptimizerErrorEnum.STEP_ERROR else row.error_type
        )
        weights = params()[:1] if given.params is None else given.params
        with pytest.raises(wanted):
            rule(weights, **given.kwargs)
        checked += 1
    assert checked >= 6


@pytest.mark.parametrize("name", PAIRS)
def test_state_dicts_are_deterministic(name):
    dumps = []
    for _ in range(2):
        weights = params()
        optimizer = PAIRS[name][0](weights, lr=1e-2)
        descend(optimizer, weights, 5)
        dumps.append(optimizer.state_dict())
    assert dumps[0]["param_groups"] == dumps[1]["param_groups"]
    for index, state in dumps[0]["state"].items():
        for key, value in state.items():
            assert torch.equal(value, dumps[1]["state"][index][key])


@pytest.mark.parametrize("name", PAIRS)
def test_named_parameters_and_hooks(name):
    weights, seen = params(), []
    optimizer = PAIRS[name][0]([(f"w{i}", w) for i, w in enumerate(weights)], lr=1e-2)
    optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    optimizer.register_state_dict_post_hook(lambda _, state: seen.append("saved") or state)
    descend(optimizer, weights, 1)
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["w0", "w1", "w2"]
    assert seen == ["before", "after", "saved"]


@pytest.mark.parametrize("scheduler", [s for row in INFO["SGD"].scheduler_inputs for s in row])
@pytest.mark.parametrize("name", ["SGD", "Adam", "Lion", "Muon"])
def test_torch_schedulers(name, scheduler):
    weights = params()
    optimizer = PAIRS[name][0](weights, lr=1e-2)
    made = scheduler(optimizer)
    rates = set()
    for _ in range(25):
        descend(optimizer, weights, 1)
        rates.add(float(optimizer.param_groups[0]["lr"]))
        made.step(*([1.0] if isinstance(made, torch.optim.lr_scheduler.ReduceLROnPlateau) else []))
    assert len(rates) > 1
