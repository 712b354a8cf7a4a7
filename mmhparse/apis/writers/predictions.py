"""predictions/NAME.json: the record of one image."""

import json

import numpy as np

from ..prediction import MAPS


class Predictions:
    """The prediction without its maps, as JSON. Written last: where it is, the other files are."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'predictions/{name}.json',)

    def contents(self, prediction: dict, picture: np.ndarray | None) -> tuple[bytes, ...]:
        plain = {key: value for key, value in prediction.items() if key not in MAPS}
        return (json.dumps(plain).encode(),)
