"""metrics.json: the result of an evaluation, as a file."""

import json
import math
from pathlib import Path

HEADLINE_METRICS = ('AP_p_50', 'AP_p_vol', 'PCP_50', 'mIoU', 'OKS_AP')
"""The metrics by which parsers are compared, as the evaluation names them."""


def write_metrics(metrics: dict[str, float], path: str | Path) -> dict[str, float | None]:
    """Writes the metrics of an evaluation as JSON, in the order in which they came.

    Args:
        metrics: Names and values, fractions in [0, 1] where the metric is one.
        path: The file; its folder is made where needed.

    Returns:
        What was written: plain floats, and None (null) for a value that is not finite, because JSON has none.
    """
    plain = {name: float(value) for name, value in metrics.items()}
    plain = {name: value if math.isfinite(value) else None for name, value in plain.items()}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, indent=2) + '\n', encoding='utf-8')
    return plain
