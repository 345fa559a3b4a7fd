"""A space file: YAML, one knob a line, as `lr: 1e-4..1e-1:log`."""

from pathlib import Path
from typing import Any

import yaml

from steepest.base.errors import BadRecipe


def read_space(path: str | Path) -> dict[str, Any]:
    """A space file: YAML, one knob a line.

    Raises:
        BadRecipe: for a file that cannot be read, that is no such YAML, or that names a knob twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        node = yaml.compose(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise BadRecipe("space", "must be a readable file", f"{path} ({reason})", "Check the path.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "unreadable"
        raise BadRecipe(
            place, "must be YAML", problem, "Write one knob a line, as lr: 1e-4..1e-1:log."
        ) from None
    if not isinstance(node, yaml.MappingNode):
        given = (
            "nothing" if node is None else "a list" if isinstance(node, yaml.SequenceNode) else "one value"
        )
        raise BadRecipe(str(path), "must be a list of `knob: range` lines", given, "As lr: 1e-4..1e-1:log.")
    seen: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            constraint = f"must name {key.value} once: line {seen[key.value]} does already"
            raise BadRecipe(f"{path}, line {line}", constraint, key.value, "Remove one of them.")
        seen[key.value] = line
    return {str(key): value for key, value in yaml.safe_load(text).items()}
