"""A recurrent network for series and texts."""

import torch
from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentNet(nn.Module):
    """Recurrent layers, one upon the other, and a linear map of what they end with.

    Reads [B, steps, features], or tokens [B, steps] (tokens=True). Writes [B, outputs], or
    [B, steps, outputs] where the readout is "each".

    Args:
        inputs: features of a step, or different tokens.
        outputs: numbers to write.
        cell: "lstm" or "gru".
        depth: recurrent layers.
        width: units of each, in each direction.
        bidirectional: whether a second layer beside each reads the sequence backwards.
        readout: "last" (the state after the whole sequence; backwards, that is the first step's), "mean" over
            the steps, or "each" step by itself.
        tokens: whether the inputs are codes 0 … inputs - 1, to be embedded.
        embedding: numbers that stand for a token.
        dropout: probability of dropping a number that a recurrent layer has written.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        cell: str = "gru",
        depth: int = 1,
        width: int = 64,
        bidirectional: bool = False,
        readout: str = "last",
        tokens: bool = False,
        embedding: int = 32,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.width = width
        self.readout = readout
        self.embedding = nn.Embedding(inputs, embedding) if tokens else None
        states = 2 * width if bidirectional else width
        reads = [embedding if tokens else inputs, *[states] * (depth - 1)]
        self.layers = nn.ModuleList(
            CELLS[cell](read, width, batch_first=True, bidirectional=bidirectional) for read in reads
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(states, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs [B, outputs] or [B, steps, outputs]."""
        if self.embedding is not None:
            x = self.embedding(x)  # [B, steps, embedding]
        for layer in self.layers:
            x = self.dropout(layer(x)[0])  # [B, steps, states]
        if self.readout == "mean":
            x = x.mean(1)
        elif self.readout == "last":
            x = torch.cat([x[:, -1, : self.width], x[:, 0, self.width :]], 1)  # forwards, backwards
        logits: Tensor = self.head(x)
        return logits
