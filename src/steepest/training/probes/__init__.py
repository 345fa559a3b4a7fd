"""What is measured inside a training run: gradients, updates, weights, activations, per member and layer."""
