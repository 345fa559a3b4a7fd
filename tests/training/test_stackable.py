"""Which modules can be stacked, and in what words it is said why one cannot."""

import pytest
import torch
from torch import Tensor, nn

from steepest.base.recipe import Recipe
from steepest.networks.families import COMPETING
from steepest.networks.ports import Ports
from steepest.training.stackable import stackable

PORTS = {
    "table": Ports("table", (5,), 3),
    "image": Ports("image", (2, 8, 8), 3),
    "series": Ports("series", (8, 2), 3),
    "text": Ports("text", (8,), 3, tokens=9),
}


@pytest.mark.parametrize("form", PORTS)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_every_family_is_stackable(form: str, cell: str) -> None:
    for family in COMPETING[form]:
        for norm in ("none", "layer") if family == "transformer" else ("none", "batch", "group", "rms"):
            recipe = Recipe(
                network=family, norm=norm, depth=1, width=8, residual=family != "rnn", cell=cell, dropout=0.1
            )
            assert stackable(recipe, PORTS[form]) == "", (family, norm)


class Plain(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.map = nn.Linear(inputs, outputs)
        self.register_buffer("unsaved", torch.zeros(outputs), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.map(x)


class Drawing(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(self.map(x), 0.2, self.training)


class Reading(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return self.map(x) * (2 if x.sum().item() > 0 else 1)


class Branching(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return self.map(x) * (2 if x.sum() > 0 else 1)


class Selecting(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return self.map(x) + x[x > 0].sum()


class Noting(Plain):
    def forward(self, x: Tensor) -> Tensor:
        y = self.map(x)
        self.unsaved.copy_(y.detach().mean(0))
        return y


class Recurrent(Plain):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.layer = nn.RNN(inputs, inputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.map(self.layer(x.unsqueeze(0))[0][0])


class Between(Recurrent):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.layer = nn.GRU(inputs, inputs, 2, dropout=0.2)


class Encoder(Plain):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(8, outputs)
        self.read, self.places = nn.Linear(1, 8), nn.Parameter(torch.zeros(inputs, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.map(self.encoder(self.read(x.unsqueeze(2)) + self.places).mean(1))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Plain", ""),
        ("Encoder", ""),
        ("Drawing", "it draws random numbers by itself, not by a dropout layer"),
        ("Reading", "it reads a number of the data with item()"),
        ("Branching", "a branch of it depends on numbers of the data"),
        ("Selecting", "a shape in it depends on numbers of the data"),
        ("Noting", "it writes in place to a tensor that its members share, such as an unsaved buffer"),
        ("Recurrent", "torch has no batched form of rnn_tanh"),
        ("Between", "dropout between the layers of a recurrent module draws by itself"),
    ],
)
def test_the_users_own(name: str, reason: str) -> None:
    recipe = Recipe.make(network="own", factory=f"{__name__}:{name}")
    assert stackable(recipe, PORTS["table"]) == reason


def test_nothing_is_drawn_from_torchs_generator() -> None:
    before = torch.random.get_rng_state()
    stackable(Recipe(network="rnn", width=5, dropout=0.5), PORTS["series"])
    assert torch.equal(torch.random.get_rng_state(), before)
