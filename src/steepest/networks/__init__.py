"""Networks: from a frozen spec to weights, layers, losses and cost.

    spec.py            what a network is, without torch: family, sizes, activation, dropout
    activations.py     the one table of non-linearities, each with its gain
    initialisation.py  how weights start
    build.py           an ordinary `torch.nn.Sequential` from a spec
    losses.py          the task loss of every member of a stack at once
    cost.py            parameters, FLOPs and bytes before anything is trained

Knows nothing of data or update rules. Importing this file does not import torch; its modules do.
"""
