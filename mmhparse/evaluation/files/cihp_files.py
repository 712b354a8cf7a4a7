"""CihpFiles: truth as CIHP is released, predictions as its challenge takes them."""

from collections.abc import Sequence

from mmhparse.evaluation.functional import PeopleMaps

from .cihp_predictions import CihpPredictions, files_of_layout
from .folders import match_names, present_ids, read_map, read_part_map, require_folders
from .records import PredictedImage, TrueImage

_MAP, _PEOPLE = 'Category_ids/NAME.png', 'Human_ids/NAME.png'


class CihpFiles:
    """Truth and predictions in CIHP's layout.

    The truth is ``Category_ids/NAME.png`` and ``Human_ids/NAME.png``; :class:`.CihpPredictions` describes predictions.

    Args:
        truth, predicted: The folders.
        parts: Names of the part classes, the background first.

    Raises:
        FileNotFoundError: If a folder is missing.
        ValueError: If there is no truth, one is incomplete, or there is a prediction without truth.
    """

    def __init__(self, truth: str, predicted: str, parts: Sequence[str]):
        require_folders(truth, 'Category_ids', 'Human_ids', whose='truth')
        self._predictions = CihpPredictions(predicted, parts)
        self.parts = self._predictions.parts
        self.with_people = self._predictions.with_people
        self._truth = {layout: files_of_layout(truth, layout) for layout in (_MAP, _PEOPLE)}
        self.names, self.missing = match_names(self._truth, self._predictions.files, truth)

    def truth(self, name: str) -> TrueImage:
        part_map = read_part_map(self._truth[_MAP][name], self.parts, may_ignore=True)
        person_map = read_map(self._truth[_PEOPLE][name], part_map)
        return TrueImage(part_map, PeopleMaps.from_ids(part_map, person_map, present_ids(person_map)))

    def prediction(self, name: str) -> PredictedImage:
        return self._predictions.prediction(name)
