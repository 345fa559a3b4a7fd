"""Decide which recipes to try next, and which members leave at a rung. The only room that names Optuna."""
