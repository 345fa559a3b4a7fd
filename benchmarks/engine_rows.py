"""The rows of the engine's table: who does which work, against whom, and what must be reached."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import peers

STACK, LOOP = "engine/steepest_stack.py", "engine/loop_by_hand.py"
REAL = (8, 64)
"""Members of the two real runs from which longer runs of slow contenders are reckoned."""
STEADY_EPOCHS = (20, 200)


@dataclass(frozen=True)
class Way:
    """One way to do a row's work: a script of this folder, run in a fresh process.

    Args:
        title: for messages.
        script: its path; it takes `--members` and `--epochs`, and prints a line of JSON.
        arguments: what else it is given, the work first.
        needs: what must be installed.
        real: members of two runs that are really made, where the time of the row's members is reckoned from
            them, on a line; () where all are trained.
    """

    title: str
    script: str
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    real: tuple[int, ...] = ()

    def missing(self) -> list[str]:
        """Requirements that are not installed."""
        return peers.Contender(self.title, self.title, self.script, self.needs).missing()


@dataclass(frozen=True)
class Against:
    """Whom steepest is held against: the best of one way or several, and the ratio of rates to be reached."""

    title: str
    at_least: float
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Row:
    """A row of the table, or several that share steepest's runs.

    Args:
        name: how it is asked for.
        title: what is done.
        ours: steepest's way.
        against: the others.
        work: whose limit stands beside it; see `engine/works.py`.
        members, epochs: how much of it.
        processes: that ours computes with.
        steady: on one core, with what starting and ending takes subtracted, by a short run and a long one.
        because: why it falls short where it is known to.
    """

    name: str
    title: str
    ours: Way
    against: tuple[Against, ...]
    work: str
    members: int
    epochs: int
    processes: int = 2
    steady: tuple[int, int] | None = None
    because: str = ""

    def quick(self) -> "Row":
        """The same with next to no work: to see that it runs, not how fast."""

        def small(way: Way) -> Way:
            return replace(way, real=(1, 2) if way.real else ())

        against = tuple(replace(a, ways=tuple(map(small, a.ways))) for a in self.against)
        steady = (1, 5) if self.steady else None
        return replace(self, ours=small(self.ours), against=against, members=3, epochs=1, steady=steady)


def _peer(name: str, real: tuple[int, ...] = ()) -> Way:
    contender = next(c for c in peers.CONTENDERS if c.name == name)
    return Way(contender.title, f"peers/{contender.file}", (), contender.needs, real)


def _stack(work: str, *arguments: str) -> Way:
    return Way(" ".join(["steepest", work, *arguments]), STACK, (work, *arguments))


def _loops(
    work: str, *arguments: str, title: str = "loop", counts: Sequence[int] = (1, 2)
) -> tuple[Way, ...]:
    return tuple(
        Way(
            f"{title}, {count} process{'es' * (count > 1)}",
            LOOP,
            (work, "--processes", str(count), *arguments),
        )
        for count in counts
    )


def _sweep(bounds: Sequence[float], real: tuple[int, ...] = ()) -> tuple[Against, ...]:
    loops = _peer("loop", real), _peer("loop2", real)
    others = (_peer(name, real) for name in ("optuna", "lightning", "ray"))
    titles = (
        "fused loop, better of 1 and 2 processes",
        "Optuna + DataLoader",
        "Optuna + Lightning",
        "Ray Tune",
    )
    ways = (loops, *((way,) for way in others))
    return tuple(Against(*each) for each in zip(titles, bounds, ways, strict=True))


def _versus_loop(
    at_least: float, work: str, title: str = "fused loop, better of 1 and 2 processes"
) -> tuple[Against]:
    return (Against(title, at_least, _loops(work)),)


def rows(bfloat16: bool) -> tuple[Row, ...]:
    """All rows that compare rates; `bfloat16`: whether this processor multiplies such numbers by itself."""
    sweep = _peer("steepest")
    last = _loops("cnn", "--channels-last", title="channels last", counts=(2,))
    rounded = _loops("cnn", "--channels-last", "--bfloat16", title="channels last, bfloat16", counts=(2,))
    tuned = (*last, *rounded) if bfloat16 else last
    return (
        Row("few", "32 rates × 20 epochs, MLP 17k, everything included", sweep, _sweep((2.5, 5, 8, 60)),
            "mlp17k", 32, 20),
        Row("many", "512 members × 20 epochs of it, everything included", sweep,
            _sweep((4, 8, 14, 100), REAL), "mlp17k", 512, 20),
        Row("steady", "the same network, steady state, one core", sweep,
            (Against("JAX vmap + scan + jit", 0.9, (_peer("jax"),)),),
            "mlp17k", peers.STEADY_MEMBERS, 20, 1, STEADY_EPOCHS),
        Row("small", "512 members, MLP 2.4k", _stack("mlp2k"), _versus_loop(8, "mlp2k"), "mlp2k", 512, 20),
        Row("large", "256 members, MLP 85k", _stack("mlp85k"), _versus_loop(1.8, "mlp85k"), "mlp85k", 256, 5),
        Row("gru", "32 members, GRU, 32 states, 40 steps", _stack("gru"),
            _versus_loop(2, "gru", "loop over `nn.GRU`, better of 1 and 2 processes"), "gru", 32, 3),
        Row("lstm", "32 members, LSTM, 32 states, 40 steps", _stack("lstm"),
            _versus_loop(1, "lstm", "loop over `nn.LSTM`, better of 1 and 2 processes"), "lstm", 32, 3),
        Row("cnn", "16 members, small CNN, 3×32×32", _stack("cnn"),
            (Against("default layout, better of 1 and 2 processes", 2.2, _loops("cnn")),
             Against(f"best by hand: channels last{', bfloat16 or not' * bfloat16}", 0.95, tuned)),
            "cnn", 16, 2),
        Row("mixed", "256 members, MLP 17k: 8 optimizers × 4 activations × 2 dropouts × 4 batch sizes",
            _stack("mlp17k", "--recipes", "mixed"),
            (Against("AdamW in batches of 32", 0.6, (_stack("mlp17k-32"),)),),
            "mlp17k-32", 256, 5),
        Row("workers", "512 members, MLP 17k: 2 workers", _stack("mlp17k", "--workers", "2"),
            (Against("1 worker", 1.7, (_stack("mlp17k", "--workers", "1"),)),), "mlp17k", 512, 10),
    )  # fmt: skip
