"""CocoFiles: truth and predictions as people and parts in json files of COCO's format."""

from mmhparse.structures import IGNORE

from .coco_people import CocoPeople
from .coco_predictions import CocoPredictions
from .records import PredictedImage, TrueImage, overlay, stack_people


class CocoFiles:
    """Truth and predictions in the layout of ``CocoParseDataset`` and of the inferencer's ``coco.json``.

    :class:`.CocoPredictions` describes people and parts. Images belong together by ``name``, or ``file_name`` without
    suffix if they have none; part classes by their names. In the truth, pixels of a person's mask that are in no part
    of it, and crowds, are ignored. Where people overlap, the later is on top in the part map.

    Args:
        truth, predicted: The files, or folders with a ``coco.json``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is not of this layout, names an image twice, or has a prediction without truth.
    """

    with_people = True

    def __init__(self, truth: str, predicted: str):
        self._truth = CocoPeople(truth, with_scores=False)
        self.parts = self._truth.parts
        self._predictions = CocoPredictions(predicted, self.parts, whose='the truth')
        shapes = self._predictions.shapes
        if not self._truth.shapes:
            raise ValueError(f"'{self._truth.path}' has no images: is this the truth?")
        without_truth = sorted(shapes.keys() - self._truth.shapes.keys())
        if without_truth:
            raise ValueError(
                f"'{self._predictions.path}' has image '{without_truth[0]}', of which there is no truth in "
                f"'{self._truth.path}'."
            )
        self.names = tuple(self._truth.shapes)
        self.missing = {
            name: f"image '{name}' in '{self._predictions.path}'" for name in self.names if name not in shapes
        }

    def truth(self, name: str) -> TrueImage:
        file = self._truth
        maps = [file.label_map(name, person, self.parts, IGNORE) for person in file.people(name, crowds=False)]
        part_map = overlay(maps, file.shapes[name])
        people = stack_people(maps, file.shapes[name])
        for crowd in file.people(name, crowds=True):
            free = file.crowd_mask(name, crowd) & (part_map == 0)  # (H, W)
            part_map[free] = IGNORE
            people.part_map[:, free], people.person_map[:, free] = IGNORE, IGNORE
        return TrueImage(part_map, people)

    def prediction(self, name: str) -> PredictedImage:
        shape, expected = self._predictions.shapes[name], self._truth.shapes[name]
        if shape != expected:
            raise ValueError(
                f"'{self._predictions.path}': image '{name}' is {shape} (height, width), but in the truth {expected}."
            )
        return self._predictions.prediction(name)
