"""The words every other room speaks: errors, knobs, recipes, seeds, budgets. Knows nothing of torch."""
