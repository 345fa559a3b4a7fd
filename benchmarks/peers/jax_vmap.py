"""What an expert writes by hand in JAX: all networks in one compiled program, `vmap` over `scan` over `scan`.

Compiling counts. Rates are an axis of the program; any other change of the recipe means writing it anew.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax, random

from work import BATCH, SIZES, STEPS, digits, measure

Parameters = list[tuple[Array, Array]]


def fresh(key: Array) -> Parameters:
    """First weights, uniform within ±1/√(fan-in) as PyTorch's are."""
    layers = []
    for fan_in, fan_out in itertools.pairwise(SIZES):
        key, first, second = random.split(key, 3)
        bound = fan_in**-0.5
        weight = random.uniform(first, (fan_in, fan_out), minval=-bound, maxval=bound)
        layers.append((weight, random.uniform(second, (fan_out,), minval=-bound, maxval=bound)))
    return layers


def logits(parameters: Parameters, x: Array) -> Array:
    """[B, 10] for x [B, 64]."""
    *hidden, (weight, bias) = parameters
    for inner, shift in hidden:
        x = jax.nn.relu(x @ inner + shift)
    return x @ weight + bias


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """Build the program, compile it, run it once."""
    x, y, x_held, y_held = (jnp.asarray(each) for each in digits())
    padding = STEPS * BATCH - len(x)  # the short last batch is filled up with rows of weight zero
    weights = jnp.concatenate([jnp.ones(len(x)), jnp.zeros(padding)]).reshape(STEPS, BATCH)

    def loss(parameters: Parameters, rows: Array, weight: Array) -> Array:
        each = optax.softmax_cross_entropy_with_integer_labels(logits(parameters, x[rows]), y[rows])
        return (each * weight).sum() / weight.sum()

    def member(key: Array, rate: Array) -> Array:
        optimizer = optax.adamw(rate, weight_decay=1e-2)
        first, orders = random.split(key)
        parameters = fresh(first)

        def step(carry: Any, batch: tuple[Array, Array]) -> tuple[Any, None]:
            parameters, state = carry
            gradient = jax.grad(loss)(parameters, *batch)
            updates, state = optimizer.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), None

        def epoch(carry: Any, key: Array) -> tuple[Any, None]:
            order = jnp.pad(random.permutation(key, len(x)), (0, padding)).reshape(STEPS, BATCH)
            return lax.scan(step, carry, (order, weights))[0], None

        start = parameters, optimizer.init(parameters)
        (parameters, _), _ = lax.scan(epoch, start, random.split(orders, epochs))
        return (logits(parameters, x_held).argmax(1) == y_held).mean()

    keys = random.split(random.key(0), len(rates))
    scores: list[float] = jax.jit(jax.vmap(member))(keys, jnp.asarray(rates, jnp.float32)).tolist()
    return scores


if __name__ == "__main__":
    measure(train)
