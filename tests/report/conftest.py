"""A journal written by hand that looks like a real study: curves that rise, noise, rungs, finalists."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.store import CurvePoint, Document, Journal, MemberPlan, Outcome, open_journal

HORIZON = 27
RUNGS = (1, 3, 9, 27)
NOISE = 0.0035
OPTIMIZERS = ("adamw", "nadamw", "adam", "rmsprop", "nesterov", "momentum", "adagrad", "sgd")
CENTER = {"adagrad": 0.03, "nesterov": 0.05, "momentum": 0.05, "sgd": 0.2, "rmsprop": 1e-3}
DEFAULT = Recipe()
WINNER = Recipe(
    optimizer="nadamw",
    lr=0.004217,
    schedule="linear",
    width=256,
    activation="gelu",
    dropout=0.18,
    weight_decay=0.03,
    label_smoothing=0.02,
)


class Writer:
    """Writes one made-up study."""

    def __init__(self, journal: Journal, members: int, regression: bool, gain: float) -> None:
        self.journal, self.members, self.regression, self.gain = journal, members, regression, gain
        self.draw = generator(7, "story")
        self.next = 0
        self.top, self.floor = (0.80, -0.2) if regression else (0.955, 0.1)

    def score(self, quality: float, epoch: float, pace: float = 1.0) -> float:
        rise = 1 - math.exp(-((pace * epoch / 0.55) ** 0.6))
        return self.floor + (self.top + quality - self.floor) * rise + float(self.draw.normal(0, NOISE))

    def plan(self, stage: str, label: str, recipe: Recipe, replicate: int, origin: str) -> int:
        number, self.next = self.next, self.next + 1
        self.journal.plan(
            [
                MemberPlan(
                    number,
                    stage,
                    label,
                    recipe.model_dump(),
                    1000 + number,
                    replicate,
                    replicate,
                    17_226,
                    origin,
                )
            ]
        )
        return number

    def train(
        self, number: int, quality: float, epochs: int, status: str = "finished", every: int = 1
    ) -> float:
        moments = [e for e in range(1, epochs + 1) if e % every == 0 or e == 1]
        curve = [
            CurvePoint(number, float(e), 22 * e, 2.0 / e, 1.8 / e + 0.1, self.score(quality, e))
            for e in moments
        ]
        last = curve[-1].score
        self.journal.record(curve, [Outcome(number, status, "", last, float(epochs), 0.02 * epochs)])
        return last

    def calibrate(self) -> None:
        scores = [
            self.train(self.plan("calibrate", "default", DEFAULT, r, "default"), 0.0, HORIZON)
            for r in range(8)
        ]
        body = {"n": 8, "mean": np.mean(scores), "sd": np.std(scores, ddof=1), "seconds_per_member": 0.31}
        body |= {"steps_per_second": 15210.0, "horizon_epochs": HORIZON}
        bar = {"n": 5, "seconds": 0.4}
        rows = [
            {"name": "linear model", "score": self.top - 0.03, "sd": 0.006, **bar},
            {"name": "gradient-boosted trees", "score": self.top + 0.004, "sd": 0.005, **bar},
        ]
        self.journal.record(
            documents=[
                Document("calibration", body),
                Document("baselines", {"rows": rows, "bar": rows[1]["score"]}),
            ]
        )

    def candidate(self, place: int) -> tuple[Recipe, float, float]:
        draw = self.draw
        if place == 0:
            return WINNER, self.gain, 1.1
        optimizer = OPTIMIZERS[int(draw.integers(len(OPTIMIZERS)))]
        center = CENTER.get(optimizer, 2e-3)
        lr = float(np.clip(center * 10 ** draw.normal(0, 0.6), 1e-5, 5.0))
        off = math.log10(lr / center)
        recipe = Recipe(
            optimizer=optimizer,
            lr=lr,
            schedule=("constant", "linear", "cosine", "wsd")[int(draw.integers(4))],
            width=(32, 64, 128, 256)[int(draw.integers(4))],
            depth=int(draw.integers(1, 4)),
            activation=("relu", "gelu", "silu", "mish", "tanh")[int(draw.integers(5))],
            dropout=float(draw.choice([0.0, draw.uniform(0.02, 0.5)])),
            weight_decay=float(draw.choice([0.0, 10 ** draw.uniform(-4, -0.5)])),
            batch_size=(32, 64, 128, 256)[int(draw.integers(4))],
        )
        penalty = 0.05 * off**2 + (0.012 if recipe.schedule == "constant" else 0.0) + 0.01 * recipe.dropout
        quality = self.gain - 0.004 - penalty - abs(float(draw.normal(0, 0.006)))
        return recipe, quality, math.exp(-1.6 * off**2 + float(draw.normal(0, 0.15)))

    def search(self) -> None:
        candidates = []
        for place in range(self.members):
            recipe, quality, pace = self.candidate(place)
            origin = ("portfolio", "prior", "prior", "uniform", "tpe")[place % 5]
            candidates.append((self.plan("search", "", recipe, 0, origin), quality, pace))
        for number, *_ in [c for c in candidates if c[0] % 23 == 5]:
            cause = "the training loss was NaN at step 9"
            point = CurvePoint(number, 0.4, 9, math.nan, math.nan, math.nan)
            self.journal.record([point], [Outcome(number, "diverged", cause, None, 0.4, 0.01)])
        alive = [c for c in candidates if c[0] % 23 != 5]
        for place, epoch in enumerate(RUNGS):
            points = [
                CurvePoint(n, float(epoch), 22 * epoch, 1 / epoch, 1 / epoch, self.score(q, epoch, pace))
                for n, q, pace in alive
            ]
            ranked = sorted(zip(points, alive, strict=True), key=lambda pair: -pair[0].score)
            last = place == len(RUNGS) - 1
            keep = len(ranked) if last else max(1, len(ranked) // 3)
            ends = [
                Outcome(
                    p.member, "finished" if i < keep else "dropped", "", p.score, float(epoch), 0.02 * epoch
                )
                for i, (p, _) in enumerate(ranked)
                if last or i >= keep
            ]
            rung = {"epoch": epoch, "members": len(alive), "kept": keep}
            self.journal.record(points, ends, [Document("rung", rung)])
            alive = [c for _, c in ranked[:keep]]

    def confirm(self, replicates: int) -> tuple[list[float], list[float]]:
        scores: dict[str, list[float]] = {"default": [], "finalist 1": [], "finalist 2": []}
        recipes = {"default": (DEFAULT, 0.0), "finalist 1": (WINNER, self.gain)}
        recipes["finalist 2"] = (WINNER.replace(optimizer="adamw"), self.gain - 0.003)
        for replicate in range(replicates):
            split_luck = float(self.draw.normal(0, 0.004))
            for label, (recipe, quality) in recipes.items():
                number = self.plan("confirm", label, recipe, replicate, "default")
                scores[label].append(self.train(number, quality + split_luck, HORIZON))
        rows = [
            {
                "label": label,
                "member_recipe_key": recipes[label][0].key(),
                "search_score": self.top + quality + 0.008 if label != "default" else None,
                "confirmed_mean": np.mean(scores[label]),
                "confirmed_sd": np.std(scores[label], ddof=1) if replicates > 1 else None,
                "n": replicates,
                "verdict_sentence": "" if label == "default" else "better than the default (Holm, p = 0.008)",
            }
            for label, (_, quality) in recipes.items()
        ]
        self.journal.record(documents=[Document("finalists", {"rows": rows})])
        return scores["finalist 1"], scores["default"]

    def conclude(self, winner: list[float], default: list[float], kind: str) -> None:
        d = np.array(winner) - np.array(default)
        half = 2.4 * d.std(ddof=1) / math.sqrt(len(d)) if len(d) > 1 else math.nan
        low, high = float(d.mean() - half), float(d.mean() + half)
        sentence = {
            "better": f"Over {len(d)} paired replicates the found recipe scored {d.mean():+.4f} above "
            f"the default (95 % interval {low:+.4f} to {high:+.4f}).",
            "unresolved": f"{len(d)} replicates are too few to decide; about 14 would be needed.",
        }.get(kind, f"The interval {low:+.4f} to {high:+.4f} decides it.")
        verdict = {
            "kind": kind,
            "effect": d.mean(),
            "low": low,
            "high": high,
            "level": 0.95,
            "n": len(d),
            "n_needed": 14 if kind == "unresolved" else None,
            "rope": NOISE,
            "p_value": 0.0078,
            "p_superior": 0.97,
            "sentence": sentence,
            "winner_scores": winner,
            "default_scores": default,
            "method": "mean paired difference, t interval, exact sign-flip test",
        }
        curse = {"search_score": float(np.mean(winner)) + 0.009, "confirmed_mean": float(np.mean(winner))}
        curse |= {
            "confirmed_low": float(np.mean(winner)) - 0.002,
            "confirmed_high": float(np.mean(winner)) + 0.002,
        }
        curse |= {"candidates": self.members, "expected_flattery": 0.0088}
        curse["sentence"] = (
            f"The best of {self.members} search scores flattered the recipe by 0.0090; "
            "fresh seeds are what counts."
        )
        self.journal.record(documents=[Document("verdict", verdict), Document("curse", curse)])

    def test(self, winner: list[float], default: list[float]) -> None:
        def scores(values: list[float]) -> dict[str, Any]:
            values = [value - 0.003 for value in values]
            return {"scores": values, "mean": np.mean(values), "sd": np.std(values, ddof=1)}

        body: dict[str, Any] = {"winner": scores(winner), "default": scores(default), "n": 360}
        body["metrics"] = (
            {"r2": 0.81, "rmse": 51.2, "mae": 40.3}
            if self.regression
            else {"accuracy": 0.972, "log_loss": 0.0931}
        )
        body["baselines"] = [
            {"name": "linear model", "score": self.top - 0.036, "n": 1},
            {"name": "gradient-boosted trees", "score": self.top - 0.001, "n": 1},
        ]
        if not self.regression:
            body["confusion"] = [
                [36 if i == j else int((3 * i + j) % 11 == 0) for j in range(10)] for i in range(10)
            ]
        self.journal.record(documents=[Document("test", body)])


def _study(regression: bool) -> dict[str, Any]:
    return {
        "data": "diabetes" if regression else "digits",
        "task": "regression" if regression else "classification",
        "target": "progression" if regression else "digit",
        "classes": [] if regression else [str(i) for i in range(10)],
        "rows": 442 if regression else 1797,
        "features": 10 if regression else 64,
        "development_rows": 354 if regression else 1437,
        "test_rows": 88 if regression else 360,
        "fingerprint": "b2:9f31c07ad2e84b16",
        "notes": ["3 columns are constant and were left out: pixel_0_0, pixel_4_0, pixel_4_7."],
        "columns": [[f"pixel_{i}_{j}", "numeric", ""] for i in range(8) for j in range(8)],
        "command": "steepest tune digits --budget 60s --seed 0",
        "budget": "60s",
        "seed": 0,
        "score_name": "r2" if regression else "accuracy",
        "versions": {"steepest": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6", "python": "3.11.9"},
        "machine": {"processor": "AMD EPYC", "cores": 2, "memory": "8 GiB"},
        "started": "2026-08-14T09:31:07+00:00",
        "precision": "auto",
    }


def write_story(
    place: Path,
    *,
    members: int = 200,
    regression: bool = False,
    replicates: int = 8,
    kind: str = "better",
    gain: float = 0.021,
    until: str = "end",
) -> Journal:
    """A study that goes as far as `until`: "start", "calibrate", "search", "confirm" or "end"."""
    journal = open_journal(place, create=True)
    writer = Writer(journal, members, regression, gain)
    journal.record(documents=[Document("study", _study(regression))])
    stages = ("start", "calibrate", "search", "confirm", "end")
    reached = stages.index(until)
    if reached >= 1:
        writer.calibrate()
    if reached >= 2:
        writer.search()
    if reached >= 3:
        winner, default = writer.confirm(replicates)
    if reached >= 4:
        writer.conclude(winner, default, kind)
        if replicates > 1:
            writer.test(winner, default)
        changed = [k for k, v in WINNER.model_dump().items() if v != DEFAULT.model_dump()[k]]
        recipe = {"values": WINNER.model_dump(), "default": DEFAULT.model_dump(), "changed": changed}
        stage_rows = [
            {"name": "calibrate", "seconds": 2.6, "members": 8, "member_steps": 4752},
            {"name": "search", "seconds": 42.1, "members": members, "member_steps": 96_240},
            {"name": "confirm", "seconds": 11.8, "members": 3 * replicates, "member_steps": 14_256},
        ]
        end = {
            "reason": "budget",
            "sentence": "The budget of 60s was spent; confirmation had its reserved share.",
        }
        journal.record(
            documents=[
                Document("recipe", {**recipe, "parameters": 85_002, "key": WINNER.key()}),
                Document("timing", {"stages": stage_rows, "total_seconds": 58.4}),
                Document("end", end),
            ]
        )
    else:
        sentence = "Ctrl-C ended the search early; what was finished is kept."
        journal.record(documents=[Document("end", {"reason": "interrupted", "sentence": sentence})])
    return journal


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory):
    """Makes a journal: `story(kind="worse", members=1000)`; the same arguments give the same journal."""
    made: dict[str, Journal] = {}

    def make(**options: Any) -> Journal:
        key = repr(sorted(options.items()))
        if key not in made:
            made[key] = write_story(tmp_path_factory.mktemp("study"), **options)
        return made[key]

    yield make
    for journal in made.values():
        journal.close()
