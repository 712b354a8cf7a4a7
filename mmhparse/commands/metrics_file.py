"""metrics.json: the results of an evaluation."""

import json
import math
from pathlib import Path

HEADLINE_METRICS = ('AP_p_50', 'AP_p_vol', 'PCP_50', 'mIoU', 'OKS_AP')
"""The metrics by which parsers are compared."""


def write_metrics(metrics: dict[str, float], path: str | Path) -> dict[str, float | None]:
    """Writes the metrics of an evaluation as JSON, in their order.

    Args:
        metrics: Values by name; most are fractions in [0, 1].
        path: The file; its folder is created if missing.

    Returns:
        The written values: plain floats, and None (null) for values that are not finite, which JSON lacks.
    """
    plain = {name: float(value) for name, value in metrics.items()}
    plain = {name: value if math.isfinite(value) else None for name, value in plain.items()}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, indent=2) + '\n', encoding='utf-8')
    return plain
