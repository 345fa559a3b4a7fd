"""The argument DATA of a command may name the user's own network; the data then follow `--data`."""

import re
from pathlib import Path

from steepest.base.errors import BadInput

NAMED = re.compile(r"([\w.]+|.*\.py):[A-Za-z_]\w*")
"""module:function, or path/to/file.py:function."""


def data_and_network(data: str, option: str | None, network: str | None = None) -> tuple[str, str | None]:
    """What is read, and the network that is asked for.

    Args:
        data: the argument DATA.
        option: what `--data` gives.
        network: what `--network` gives.

    Raises:
        BadInput: for a network without data, data without a network, and two of either.

    Example:
        >>> data_and_network("mynet:make", "people.csv")
        ('people.csv', 'mynet:make')
        >>> data_and_network("people.csv", None, "mlp,cnn")
        ('people.csv', 'mlp,cnn')
    """
    named = NAMED.fullmatch(data) is not None and not Path(data).exists()
    if option is None:
        if named:
            remedy = f"Write {data} --data people.csv, or --data digits."
            raise BadInput("--data", "must name the data that your network learns", "nothing", remedy)
        return data, network
    if not named:
        remedy = "Write mymodule:make, or path/to/file.py:make; or leave --data out."
        raise BadInput("your network", "must be named by module:function where --data is given", data, remedy)
    if network is not None:
        raise BadInput("--network", "must be left out with a network of your own", network, "Leave it out.")
    return option, data
