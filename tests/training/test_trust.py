"""A zoo of networks as people write them: what each may do is known, named and placed, or refused."""

import inspect
import itertools
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.networks import own_checks
from steepest.networks.own_checks import HARMLESS
from steepest.training import trust as trust_file
from steepest.training.source import Source
from steepest.training.trust import Trust, trust

HERE = "test_trust.py"


class Net(nn.Module):
    """What the others change; a line with `# here` is the one that should be named."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.read, self.write = nn.Linear(inputs, 6), nn.Linear(6, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(torch.tanh(self.read(x)))


# -- those that may be stacked -----------------------------------------------------------------------------


def mlp(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, outputs))


class Normed(Net):
    """Batch norm, a buffer that is saved, one that is not, and a counter."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.norm = nn.BatchNorm1d(6)
        self.register_buffer("average", torch.zeros(6))
        self.register_buffer("unsaved", torch.ones(6), persistent=False)
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.read(x)) * self.unsaved
        if self.training:
            self.seen += 1
            self.average.mul_(0.9).add_(0.1 * x.detach().mean(0))
        return self.write(x - self.average)


class Tied(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.middle, self.again = nn.Linear(6, 6), nn.Linear(6, 6)
        self.again.weight = self.middle.weight
        self.frozen = nn.Parameter(torch.randn(6, 6), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.again(torch.tanh(self.middle(self.read(x) @ self.frozen))))


class Lazy(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.read, self.write = nn.LazyLinear(6), nn.LazyLinear(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(torch.relu(self.read(x)))


class Attention(nn.Module):
    """Written out, over the columns of a table."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.places, self.maps = nn.Parameter(torch.randn(inputs, 8)), nn.Linear(8, 24)
        self.norm, self.write = nn.LayerNorm(8), nn.Linear(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.maps(self.norm(x.unsqueeze(2) * self.places)).chunk(3, -1)
        return self.write((torch.softmax(q @ k.mT / 8**0.5, -1) @ v).mean(1))


class Language(nn.Module):
    """Reads tokens and writes at every position, by one matrix for both."""

    def __init__(self, tokens: int, outputs: int) -> None:
        super().__init__()
        self.read, self.write = nn.Embedding(tokens, 8), nn.Linear(8, outputs, bias=False)
        self.write.weight, self.cell = self.read.weight, nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        state, written = torch.zeros(len(x), 8), []
        for token in self.read(x).unbind(1):  # a recurrent network, written out
            state = torch.tanh(self.cell(torch.cat([token, state], 1)))
            written.append(self.write(state))
        return torch.stack(written, 1)


def cnn(shape: tuple[int, ...], classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(shape[0], 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout2d(0.2), nn.Flatten(), nn.Linear(16, classes),
    )  # fmt: skip


# -- those that train one member at a time -----------------------------------------------------------------


class Branches(Net):
    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 0:  # here
            x = -x
        return super().forward(x)


class Reads(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * x.abs().max().item()  # here


class Selects(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + x[x > 0].sum()  # here


class Loops(Net):
    def forward(self, x: Tensor) -> Tensor:
        for _ in range(int(x.abs().amax()) % 3):  # here
            x = torch.tanh(x)
        return super().forward(x)


class ThroughNumpy(Net):
    def forward(self, x: Tensor) -> Tensor:
        scale = torch.from_numpy(np.abs(x.numpy()).mean(0))  # here
        return super().forward(x * scale)


class Counts(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1  # here
        return super().forward(x)


class Remembers(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.history: list[float] = []

    def forward(self, x: Tensor) -> Tensor:
        self.note(x)
        return super().forward(x)

    def note(self, x: Tensor) -> None:
        self.history.append(len(x))  # here


class Caches(nn.Module):
    """A layer within keeps what it saw."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body, self.write = Shown(inputs, 6), nn.Linear(6, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.body(x))


class Shown(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        self.last = super().forward(x)
        return self.last


class Draws(Net):
    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            x = x + 0.1 * torch.randn_like(x)  # here
        return super().forward(x)


class DrawsByFunction(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.dropout(x, 0.2, self.training))  # here


class DrawsInside(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.attend = nn.MultiheadAttention(inputs, 1, dropout=0.3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(1)
        return super().forward(self.attend(x, x, x)[0].squeeze(1))  # here


class MyDropout(nn.Dropout):
    """A class of its own: nobody knows what else it does."""


class DrawsByAnother(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.drop = MyDropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.drop(x))  # here


class Clamps(Net):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.read.weight.clamp_(-0.1, 0.1)
        return super().forward(x)


class Recurrent(nn.Module):
    cells: type[nn.RNNBase] = nn.RNN

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer, self.write = self.cells(inputs, 5, batch_first=True), nn.Linear(5, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.layer(x.unsqueeze(1))[0][:, -1])


class Gated(Recurrent):
    cells = nn.GRU


class Remembering(Recurrent):
    cells = nn.LSTM


class NoRule(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.histc(x.detach(), 4).std()  # here


# -- those that cannot be trained --------------------------------------------------------------------------


class Pair(Net):
    def forward(self, x: Tensor) -> Any:  # here
        return super().forward(x), x


class Turned(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x).mT


class OnlyTwo(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(2, 6))  # here


class OneForAll(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x)[:2]


class Codes(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x).round().long()


class Infinite(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x) / torch.zeros(())


class Steep(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x) + (self.read.weight.sum() * 0).abs().sqrt()


class Detached(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x).detach()


class InPlace(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        z = torch.tanh(self.read(x))
        out = self.write(z)
        z += 1
        return out


class Fails(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.prepared(x))

    def prepared(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.ones(1, 1)])  # here


class FailsInTraining(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + torch.ones(3)) if self.training else super().forward(x)  # here


class AlwaysDrops(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.dropout(x, 0.5))  # here


class NumpyNoise(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        noise = np.random.default_rng().normal(size=x.shape)
        return super().forward(x + torch.from_numpy(noise).float() if self.training else x)


class GlobalNoise(Net):
    def forward(self, x: Tensor) -> Tensor:  # here
        return super().forward(x * random.random() if self.training else x)


class OwnGenerator(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.draw = np.random.default_rng(0)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.draw.random() if self.training else 1.0  # here
        return super().forward(x * scale)


class WarmsUp(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.calls += 1  # here
        return super().forward(x) * min(1.0, self.calls / 100)


class WarmsUpByCounter(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen += 1  # here
        return super().forward(x) * self.seen.float().clamp(max=100)


class Carries(Net):
    """A state that goes from one batch to the next."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.state = torch.zeros(6)

    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.read(x) + self.state)
        self.state = z.mean(0).detach()  # here
        return self.write(z)


class Averages(Net):
    """A mean over all batches, whose count is a whole number and is not kept."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.norm = nn.BatchNorm1d(6, momentum=None)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.norm(self.read(x)))


class Grows(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("memory", torch.zeros(1, 6))

    def forward(self, x: Tensor) -> Tensor:
        z = self.read(x)
        self.memory = torch.cat([self.memory, z[:1].detach()])  # here
        return self.write(z)


class Retypes(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("scale", torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.scale = self.scale.double()  # here
        return self.write(self.read(x) * self.scale.float())


class Rebinds(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("average", torch.zeros(6))

    def forward(self, x: Tensor) -> Tensor:
        z = self.read(x)
        if self.training:
            self.average = 0.9 * self.average + 0.1 * z.detach().mean(0)  # here
        return self.write(z - self.average)


_count = itertools.count(1)
_shared = nn.Linear(6, 6)


def other_shapes(inputs: int, outputs: int) -> nn.Module:  # here
    width = next(_count)
    return nn.Sequential(nn.Linear(inputs, width), nn.Linear(width, outputs))


def other_values(inputs: int, outputs: int) -> nn.Module:  # here
    network = nn.Linear(inputs, outputs)
    nn.init.constant_(network.weight, random.random())
    return network


def shares_a_layer(inputs: int, outputs: int) -> nn.Module:  # here
    return nn.Sequential(nn.Linear(inputs, 6), _shared, nn.Linear(6, outputs))


def breaks(inputs: int, outputs: int) -> nn.Module:
    return nn.Linear(inputs, outputs // 0)  # here


# -- what is only mentioned --------------------------------------------------------------------------------


class Idle(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.spare = nn.Linear(3, 3)


class AlwaysAlike(Net):
    def __init__(self, inputs: int, outputs: int) -> None:
        torch.manual_seed(0)
        super().__init__(inputs, outputs)


class ByTheBatch(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean(0))


# -- what is said of them ----------------------------------------------------------------------------------


@pytest.fixture
def table(classification: Source) -> Source:
    return classification


@pytest.fixture
def images() -> Source:
    draw = np.random.default_rng(0)
    data = DataSet(
        name="toy", task="classification", target="y", classes=("a", "b", "c"), form="image", shape=(2, 4, 4),
        x=draw.normal(size=(60, 32)).astype(np.float32), y=draw.integers(0, 3, 60),
    )  # fmt: skip
    return Source.of(data, [Split(np.arange(50), np.arange(50, 60))])


def trusted(make: Callable[..., Any], source: Source, **knobs: Any) -> Trust:
    name = f"{make.__module__}:{make.__qualname__}"
    return trust(Recipe.make(network="own", factory=name, **knobs), source)


def line_of(thing: Any) -> str:
    """Where `# here` stands, or the first line of `forward`, or of the function."""
    lines, first = inspect.getsourcelines(thing)
    marked = [first + i for i, line in enumerate(lines) if "# here" in line]
    return f"{HERE}:{marked[0]}" if marked else ""


@pytest.mark.parametrize("make", [mlp, Normed, Tied, Lazy, Attention, Gated, Remembering])
def test_well_behaved_networks_may_be_stacked_and_nothing_is_said_of_them(make: Any, table: Source) -> None:
    assert trusted(make, table) == Trust(True, ())


def test_a_network_that_reads_tokens_and_writes_at_every_position_may_be_stacked() -> None:
    draw = np.random.default_rng(0)
    data = DataSet(
        name="toy", task="next-token", target="y", classes=tuple("abcde"), form="text", shape=(7,),
        vocabulary=tuple("abcde"), x=draw.integers(0, 5, (60, 7)).astype(np.int32),
        y=draw.integers(0, 5, (60, 7)),
    )  # fmt: skip
    source = Source.of(data, [Split(np.arange(50), np.arange(50, 60))])
    assert trusted(Language, source) == Trust(True, ())


def test_convolutions_with_batch_norm_and_dropout_may_be_stacked(images: Source) -> None:
    assert trusted(cnn, images) == Trust(True, ())


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (Branches, "control flow", "a branch depends on numbers of the data"),
        (Loops, "control flow", r"item\(\) reads a number of the data"),
        (Reads, "control flow", r"item\(\) reads a number of the data"),
        (Selects, "control flow", "a shape depends on numbers of the data"),
        (ThroughNumpy, "operator", "it does not run as one program"),
        (NoRule, "operator", "no batched form of an operator here: histc"),
        (Recurrent, "operator", "no batched form of an operator here: rnn_tanh"),
        (Counts, "python state", "forward changes the attribute calls"),
        (Remembers, "python state", "forward changes the attribute history"),
        (Caches, "python state", "forward changes the attribute body.last"),
        (Draws, "random numbers", "forward draws random numbers itself"),
        (DrawsByFunction, "random numbers", "forward draws random numbers itself"),
        (DrawsInside, "random numbers", "MultiheadAttention draws random numbers itself"),
        (DrawsByAnother, "random numbers", "MyDropout draws random numbers itself"),
        (Clamps, "parameters", "forward changes the parameter read.weight"),
    ],
)
def test_what_cannot_be_stacked_takes_turns_and_the_line_is_named(
    make: Any, kind: str, words: str, table: Source
) -> None:
    found = trusted(make, table)
    assert not found.stack
    (reason,) = (r for r in found.reasons if r.kind not in HARMLESS)
    assert reason.kind == kind
    assert re.search(words, reason.words), reason
    assert reason.where.endswith(line_of(make)), reason
    assert HERE in reason.where
    assert found.words.startswith(f"networks train one after the other: {reason.words} ({reason.where})")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Pair, r"must write shape \[2, 3\] for a batch of 2, but got 'tuple'. Return one tensor"),
        (Turned, r"must write shape \[2, 3\] for a batch of 2, but got \[3, 2\]"),
        (OnlyTwo, r'must read rows of shape \[8, 6\] in evaluation, but got "RuntimeError: shape'),
        (OneForAll, r"must write shape \[8, 3\] for 8 rows, but got \[2, 3\]"),
        (Codes, "must write floating-point numbers, but got 'torch.int64'"),
        (Infinite, "must write finite numbers at its start, but got '-?inf'"),
        (Steep, "must have finite gradients at its start, but got 'read.weight: nan'"),
        (Detached, "must write what depends on its parameters, but got 'outputs without gradient'"),
        (InPlace, "must be differentiable, but got 'RuntimeError: one of the variables needed"),
        (Fails, "must read a batch of numbers of shape .* but got 'RuntimeError"),
        (FailsInTraining, r"must read rows of shape \[8, 6\] in training, but got 'RuntimeError"),
        (AlwaysDrops, "must write the same .* evaluated, but got 'random numbers'. Use nn.Dropout"),
        (NumpyNoise, "must write the same from the same .* but got 'other numbers: .*Draw with torch"),
        (GlobalNoise, "must write the same from the same .* but got 'other numbers: .*Draw with torch"),
        (OwnGenerator, "but got 'something that changes with the attribute draw'"),
        (WarmsUp, "but got 'something that changes with the attribute calls'. Keep it in a buffer"),
        (WarmsUpByCounter, "but got 'something that changes with the buffer seen'. Keep it in a buffer"),
        (
            Carries,
            "evaluated, but got 'something that changes with the attribute state'. Let evaluation depend",
        ),
        (Averages, "must change its buffers by what is kept alone, .* the buffer norm.num_batches_tracked"),
        (Grows, r"must keep the shape and type .* but got 'memory: \[1, 6\] of float32 before, \[2, 6\]"),
        (Retypes, r"must keep the shape and type .* but got 'scale: .*\[6\] of float64 after"),
        (Rebinds, r"must keep the tensors it holds, but got 'another tensor as average'.*self.average.copy_"),
        (other_shapes, "must be of one shape for one set of arguments, but got '0.weight"),
        (
            other_values,
            "must start alike whenever it is made under one seed, but got 'other values of weight'",
        ),
        (shares_a_layer, "must be another network at every call, but got 'the same 1.weight twice'"),
        (breaks, r"must be made by breaks\(inputs=6, outputs=3\), but got 'ZeroDivisionError"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_line_and_the_remedy(
    make: Any, message: str, table: Source
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        trusted(make, table)
    if make is Averages:  # torch's own layer counts: the network that has it is named
        assert HERE in caught.value.argument
    else:
        assert caught.value.argument.endswith(f"{line_of(make)})"), caught.value.argument
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (Idle, "unused", "the parameters spare.weight, spare.bias have no effect on what it writes"),
        (AlwaysAlike, "start", "it starts alike under every seed"),
        (ByTheBatch, "rows", "depends on the rows beside it"),
    ],
)
def test_what_is_merely_odd_is_said(make: Any, kind: str, words: str, table: Source) -> None:
    found = trusted(make, table)
    assert found.stack
    assert [r.kind for r in found.reasons] == [kind]
    assert words in found.words
    assert found.words.startswith("networks can train as one stack; ")


class Coupled(Net):
    """Nothing names what it does; only the probe sees that members meet."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * Mean.apply(x))


class Mean(torch.autograd.Function):
    """Of all numbers there are, whoever's: its batched form is wrong."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.mean().reshape(1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(*_: Any) -> Any:
        return None

    @staticmethod
    def vmap(_: Any, __: Any, x: Tensor) -> Any:
        return x.mean().reshape(1), None


def test_two_steps_together_are_held_against_two_steps_alone(table: Source) -> None:
    found = trusted(Coupled, table)
    assert not found.stack
    (reason,) = (r for r in found.reasons if r.kind not in HARMLESS)
    assert reason.kind == "inequality"
    assert re.match(r"two steps together and alone differ by .* in read.weight, steps of", reason.words)


def test_every_loss_is_probed(table: Source, regression: Source) -> None:
    assert trusted(mlp, table, label_smoothing=0.1, focal=1.0, class_weights=0.5).stack
    assert trusted(mlp, regression, error="huber").stack


def test_other_families_are_trusted_and_nothing_is_drawn_from_torchs_generator(table: Source) -> None:
    before = torch.random.get_rng_state()
    assert trust(Recipe(), table) == Trust(True)
    assert trusted(mlp, table).stack
    assert torch.equal(before, torch.random.get_rng_state())
    assert trust_file.inspected is own_checks.inspected


def test_few_rows_are_enough(table: Source) -> None:
    fold = replace(table.folds[0], train=np.arange(3))
    assert trusted(mlp, replace(table, folds=(fold,))).stack
