"""Leaves people out whose scores are low."""

from typing import cast

import torch

from mmhparse.structures import HumanParseDataSample, Parsing, PartTable


def leave_out_people(sample: HumanParseDataSample, min_score: float) -> None:
    """Removes the people of lower scores from a parsed sample, and numbers the others anew, in the same order.

    Their pixels keep their parts, and are nobody's.

    Args:
        sample: With ``pred_people``, ``pred_parts`` and ``pred_parsing``, which are replaced.
        min_score: Least person score.
    """
    keep = sample.pred_people.scores >= min_score  # (P,)
    if keep.all():
        return
    number = torch.cat([torch.zeros(1, dtype=torch.long), keep.cumsum(0) * keep])  # (P + 1,) new ids
    parsing = Parsing.from_pixel_data(sample.pred_parsing, sample.pred_parts)
    parts = cast(PartTable, parsing.parts[keep[parsing.parts.persons - 1]])
    parts.persons = number[parts.persons]
    person_map = number.to(parsing.person_map.dtype)[parsing.person_map.long()]  # (H, W)
    sample.pred_people = sample.pred_people[keep]
    sample.pred_parsing = Parsing(parsing.part_map, person_map, parts).to_pixel_data()
    sample.pred_parts = parts
