"""Networks in plain PyTorch, as users see them in their exported script.

    parts.py        activations by name, norms by name, residual sums
    conv.py         `ConvNet`: images, volumes, series, texts
    recurrent.py    `RecurrentNet`: series and texts
    transformer.py  `TransformerNet`: series and texts
    residual.py     `PlainMLP` and `ResidualMLP`: tables, and anything flattened
    start.py        how their weights start

These files import torch and nothing else of steepest, but for one line that names what they take from
`parts.py`: their text can be pasted into one script, which `pasting.py` does. `making.py` builds them for the
package.
"""
