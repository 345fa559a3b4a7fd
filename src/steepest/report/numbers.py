"""How numbers are written: the same on the page, in Markdown and in the terminal."""

import math
from collections.abc import Iterable
from typing import Any

NONE = "–"


def finite(values: Iterable[float | None]) -> list[float]:
    """The values that are numbers."""
    return [value for value in values if value is not None and math.isfinite(value)]


def decimals_for(uncertainty: float | None, size: float | None = None) -> int:
    """Decimals that show two digits of an uncertainty; without one, four digits of a number of that size.

    Example:
        >>> decimals_for(0.0062), decimals_for(None, 0.98), decimals_for(None, 1234.5)
        (4, 4, 0)
    """
    if uncertainty is not None and math.isfinite(uncertainty) and uncertainty > 0:
        return _clamp(1 - math.floor(math.log10(uncertainty)))
    if size is None or not math.isfinite(size) or size == 0:
        return 4
    return _clamp(3 - math.floor(math.log10(abs(size))))


def _clamp(decimals: int) -> int:
    return min(max(decimals, 0), 6)


def number(value: float | None, decimals: int = 4) -> str:
    """A score with a fixed number of decimals.

    Example:
        >>> number(0.98125, 3), number(-1.5, 1), number(None)
        ('0.981', '−1.5', '–')
    """
    if value is None:
        return NONE
    if not math.isfinite(value):
        return str(value).replace("-", "−")
    text = f"{value:,.{decimals}f}" if abs(value) < 1e7 else f"{value:.3g}"
    return text.replace("-", "−")


def signed(value: float | None, decimals: int = 4) -> str:
    """A difference, with its sign.

    Example:
        >>> signed(0.0123, 3), signed(-0.5, 1), signed(0.0, 1)
        ('+0.012', '−0.5', '0.0')
    """
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 else text


def count(value: float | None) -> str:
    """A whole number with thousands separated.

    Example:
        >>> count(12345)
        '12,345'
    """
    return NONE if value is None else f"{round(value):,}"


def many(value: int, one: str, several: str = "") -> str:
    """A number and its noun.

    Example:
        >>> many(1, "member"), many(1200, "member"), many(2, "class", "classes")
        ('1 member', '1,200 members', '2 classes')
    """
    return f"{value:,} {one if value == 1 else several or one + 's'}"


def duration(seconds: float | None) -> str:
    """A length of time.

    Example:
        >>> duration(0.034), duration(58.31), duration(200), duration(7500)
        ('0.03 s', '58.3 s', '3 min 20 s', '2 h 5 min')
    """
    if seconds is None:
        return NONE
    if seconds < 100:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """An amount of bytes.

    Example:
        >>> size(640), size(70_400), size(2_140_000)
        ('640 B', '70 kB', '2.1 MB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            value = count / scale
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count:.0f} B"


def knob(value: Any) -> str:
    """A knob's value.

    Example:
        >>> knob(0.0031416), knob(1e-08), knob("adamw"), knob(64), knob(True)
        ('0.00314', '1e-8', 'adamw', '64', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return tidy_exponent(f"{value:.3g}")
    return NONE if value is None else str(value)


def tidy_exponent(text: str) -> str:
    """No padded exponents: 1e-05 becomes 1e-5.

    Example:
        >>> tidy_exponent("1e-05"), tidy_exponent("3e+04")
        ('1e-5', '3e4')
    """
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def measure(value: float | None) -> str:
    """A measure of unknown size, to four digits.

    Example:
        >>> measure(0.09314), measure(51.2), measure(12345.6)
        ('0.09314', '51.20', '12,346')
    """
    return number(value, decimals_for(None, value))
