"""Every rule in plain NumPy float64, written from its paper: slow, obvious, sharing nothing with the package.

Each oracle takes the starting weights and a list of gradients, and returns the weights after the last step.
"""

import numpy as np


def descent(x, grads, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, average=False):
    m = None
    for g in grads:
        g = g + weight_decay * x
        if momentum == 0:
            x = x - lr * g
            continue
        if average:
            m = (0 if m is None else momentum * m) + (1 - momentum) * g
        else:
            m = g if m is None else momentum * m + (1 - dampening) * g
        x = x - lr * (g + momentum * m if nesterov else m)
    return x


def adagrad(x, grads, lr, lr_decay=0.0, weight_decay=0.0, initial=0.0, eps=1e-10, inside=False):
    v = np.full_like(x, initial)
    for t, g in enumerate(grads, start=1):
        g = g + weight_decay * x
        v = v + g**2
        root = np.sqrt(v + eps) if inside else np.sqrt(v) + eps
        x = x - lr / (1 + (t - 1) * lr_decay) * g / root
    return x


def rmsprop(x, grads, lr, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False, inside=False):
    v, m, b = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for g in grads:
        g = g + weight_decay * x
        v = alpha * v + (1 - alpha) * g**2
        m = alpha * m + (1 - alpha) * g
        spread = np.maximum(v - m**2, 0) if centered else v
        root = np.sqrt(spread + eps) if inside else np.sqrt(spread) + eps
        b = momentum * b + g / root
        x = x - lr * b
    return x


def adam(
    x,
    grads,
    lr,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    decoupled=False,
    correction="both",
    eps_place="outside",
    nesterov=False,
):
    m, v = np.zeros_like(x), np.zeros_like(x)
    b1, b2 = betas
    for t, g in enumerate(grads, start=1):
        if decoupled:
            x = x - lr * weight_decay * x
        else:
            g = g + weight_decay * x
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        if eps_place == "folded" and correction == "both":  # the last remark of section 2
            x = x - lr * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps)
            continue
        m_hat, v_hat, rate = m, v, lr
        if correction == "both":
            m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        if correction == "rate":
            rate = lr / np.sqrt(1 - b2**t)
        if nesterov:
            m_hat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        root = np.sqrt(v_hat + eps) if eps_place == "inside" else np.sqrt(v_hat) + eps
        x = x - rate * m_hat / root
    return x


def lion(x, grads, lr, betas=(0.9, 0.99), weight_decay=0.0):
    m = np.zeros_like(x)
    for g in grads:
        u = np.sign(betas[0] * m + (1 - betas[0]) * g)
        x = x - lr * (u + weight_decay * x)
        m = betas[1] * m + (1 - betas[1]) * g
    return x


def ademamix(x, grads, lr, betas=(0.9, 0.999, 0.9999), mix=5.0, mix_warmup=0.0, eps=1e-8, weight_decay=0.0):
    m1, m2, v = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    b1, b2, b3 = betas
    for t, g in enumerate(grads, start=1):
        alpha, slow = mix, b3
        if mix_warmup:
            alpha = min(t * mix / mix_warmup, mix)
            share = t / mix_warmup
            top = np.log(b1) * np.log(b3)
            if share < 1:
                slow = min(np.exp(top / ((1 - share) * np.log(b3) + share * np.log(b1))), b3)
        m1 = b1 * m1 + (1 - b1) * g
        m2 = slow * m2 + (1 - slow) * g
        v = b2 * v + (1 - b2) * g**2
        step = (m1 / (1 - b1**t) + alpha * m2) / (np.sqrt(v / (1 - b2**t)) + eps)
        x = x - lr * (step + weight_decay * x)
    return x


def schedule_free(
    x0,
    grads,
    lr,
    beta=0.9,
    weight_decay=0.0,
    warmup_steps=0,
    r=0.0,
    weight_lr_power=2.0,
    beta2=None,
    eps=1e-8,
):
    """Returns (y, x); beta2 None is SGD."""
    z, x, v, total, top = x0.copy(), x0.copy(), np.zeros_like(x0), 0.0, 0.0
    y = x0
    for t, g in enumerate(grads, start=1):
        y = (1 - beta) * z + beta * x
        if beta2 is not None:
            v = beta2 * v + (1 - beta2) * g**2
            g = g / (np.sqrt(v / (1 - beta2**t)) + eps)
        g = g + weight_decay * y
        rate = lr * min(1, t / warmup_steps) if warmup_steps else lr
        top = max(top, rate)
        weight = t**r * top**weight_lr_power
        total += weight
        z = z - rate * g
        c = weight / total if total else 0.0
        x = (1 - c) * x + c * z
        y = (1 - beta) * z + beta * x
    return y, x


def orthogonalise(g, steps=5):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / max(np.linalg.norm(g), 1e-7)
    transposed = x.shape[0] > x.shape[1]
    x = x.T if transposed else x
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if transposed else x


def muon(x, grads, lr, weight_decay=0.1, momentum=0.95, nesterov=True, match=False):
    m = np.zeros_like(x)
    factor = 0.2 * np.sqrt(max(x.shape)) if match else np.sqrt(max(1, x.shape[0] / x.shape[1]))
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        u = momentum * m + (1 - momentum) * g if nesterov else m
        x = x - lr * weight_decay * x - lr * factor * orthogonalise(u)
    return x


def prodigy(x, grads, lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, d0=1e-6, d_coef=1.0):
    """Algorithm 4 with its own factors (1 − √β₂), which cancel in d."""
    x0, d, r, b1, b2 = x.copy(), d0, 0.0, *betas
    m, v, s = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for g in grads:
        m = b1 * m + (1 - b1) * d * g
        v = b2 * v + (1 - b2) * d**2 * g**2
        r = np.sqrt(b2) * r + (1 - np.sqrt(b2)) * lr * d**2 * np.sum(g * (x0 - x))
        s = np.sqrt(b2) * s + (1 - np.sqrt(b2)) * lr * d**2 * g
        x = x - lr * d * weight_decay * x - lr * d * m / (np.sqrt(v) + d * eps)
        d = max(d, d_coef * r / np.abs(s).sum())
    return x
