"""Truth and predictions as files of each layout, and the scores of the same arrays."""

import json

import numpy as np
from PIL import Image

from mmhparse.datasets import parse_annotations, parse_categories, part_instance_map
from mmhparse.evaluation.files import CihpFiles, CocoFiles, MhpFiles, Protocols
from mmhparse.evaluation.functional import (
    PeopleMaps,
    instance_part_ap,
    part_confusion,
    part_region_ap,
    semantic_part_scores,
)
from mmhparse.structures import CIHP_19, DENSEPOSE_14, MHP_V2_58, ParseAnnotation
from mmhparse.testing import synthetic_scene

SIZE = (96, 72)
COUNT = 6


def draw_scenes() -> tuple[list, list]:
    """True annotations, and predictions: in part those of another scene, with people in another order."""
    truths = [synthetic_scene(seed, SIZE, num_people=2 + seed % 2).annotation for seed in range(COUNT)]
    return truths, [damaged(one, seed) for seed, one in enumerate(truths)]


def damaged(truth, seed: int):
    """Part map, person map and person scores of a prediction with all kinds of errors."""
    generator = np.random.default_rng(seed)
    other = synthetic_scene(100 + seed, SIZE, num_people=3).annotation
    parts, persons = truth.part_map.copy(), truth.person_map.astype(np.int64)
    parts[:, : SIZE[0] // 3] = other.part_map[:, : SIZE[0] // 3]
    persons[:, : SIZE[0] // 3] = other.person_map[:, : SIZE[0] // 3]
    persons[(persons > 0) & (parts == 0)] = 0
    present = generator.permutation(np.setdiff1d(persons, 0))
    number = np.zeros(persons.max() + 1, np.int64)
    number[present] = np.arange(1, len(present) + 1)
    return parts, number[persons].astype(np.uint8), generator.random(len(present)).round(3)


def save(folder, name: str, array: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(folder / f'{name}.png')


def write_cihp(root, truths, predictions):
    """Parts of a person have the person's score; returns the files."""
    for index, (truth, (parts, persons, scores)) in enumerate(zip(truths, predictions, strict=True)):
        name = f'{index:07}'
        save(root / 'gt' / 'Category_ids', name, truth.part_map)
        save(root / 'gt' / 'Human_ids', name, truth.person_map)
        instances = part_instance_map(parts, persons, len(CIHP_19), consecutive=True)
        save(root / 'pred' / 'global_parsing', name, parts)
        save(root / 'pred' / 'instance_parsing', name, instances)
        save(root / 'pred' / 'Human_ids', name, persons)
        firsts = [np.argmax(instances == number) for number in range(1, instances.max() + 1)]
        lines = [f'{parts.flat[first]} {scores[persons.flat[first] - 1]}\n' for first in firsts]
        (root / 'pred' / 'instance_parsing' / f'{name}.txt').write_text(''.join(lines))
    return CihpFiles(str(root / 'gt'), str(root / 'pred'), CIHP_19.parts)


def write_mhp(root, truths, predictions):
    lines = []
    for index, (truth, (parts, persons, scores)) in enumerate(zip(truths, predictions, strict=True)):
        for person in range(1, len(truth) + 1):
            labels = np.where(truth.person_map == person, truth.part_map, 0)
            red = np.stack([labels, np.full_like(labels, 7), 0 * labels], axis=-1)
            save(root / 'gt' / 'parsing_annos', f'{index}_{len(truth):02}_{person:02}', red)
        save(root / 'pred' / 'global_seg', str(index), parts)
        save(root / 'pred' / 'global_tag', str(index), persons)
        lines.append(' '.join([str(index), *(f'{person} {score}' for person, score in enumerate(scores, start=1))]))
    (root / 'pred' / 'results.txt').write_text('\n'.join(lines) + '\n')
    return MhpFiles(str(root / 'gt'), str(root / 'pred'), MHP_V2_58.parts)


def write_coco(root, truths, predictions):
    for folder, annotations in (('gt', truths), ('pred', predictions)):
        content = dict(categories=parse_categories(DENSEPOSE_14, None), images=[], annotations=[])
        for index, one in enumerate(annotations):
            content['images'].append(dict(id=index, file_name=f'{index}.jpg', width=SIZE[0], height=SIZE[1]))
            first = len(content['annotations']) + 1
            if folder == 'gt':
                content['annotations'] += parse_annotations(one, index, first)
                continue
            parts, persons, scores = one
            people = ParseAnnotation(
                parts, persons.astype(np.int32), np.zeros((len(scores), 17, 3)), np.zeros((len(scores), 4))
            )
            records = parse_annotations(people, index, first)
            owners = [record['id'] for record in records if 'person_id' not in record]
            score_of = dict(zip(owners, scores.tolist(), strict=True))
            content['annotations'] += [one | {'score': score_of[one.get('person_id', one['id'])]} for one in records]
        (root / folder).mkdir()
        (root / folder / 'coco.json').write_text(json.dumps(content))
    return CocoFiles(str(root / 'gt'), str(root / 'pred'))


WRITERS = {'cihp': write_cihp, 'mhp': write_mhp, 'coco': write_coco}


def scores_on_arrays(truths, predictions, classes: int, protocols: Protocols) -> dict[str, float]:
    semantic, people, regions = protocols.rules
    true = [PeopleMaps(one.part_map, one.person_map, len(one)) for one in truths]
    found = [PeopleMaps(parts, persons, len(scores)) for parts, persons, scores in predictions]
    tables = []
    for one in found:
        table = np.full((one.num_people, classes), np.nan)
        shown = (one.person_map[0] > 0) & (one.part_map[0] > 0)
        table[one.person_map[0][shown] - 1, one.part_map[0][shown]] = 1
        tables.append(table)
    part_scores = [table * scores[:, None] for table, (_, _, scores) in zip(tables, predictions, strict=True)]
    confusion = sum(part_confusion(p[0], t.part_map, classes) for p, t in zip(predictions, truths, strict=True))
    ap = instance_part_ap(found, [scores for *_, scores in predictions], true, classes, people)
    return {
        'mIoU': semantic_part_scores(confusion, semantic).miou,
        'AP_p_vol': ap.ap_vol,
        'PCP_50': ap.pcp[4],
        'AP_r_vol': part_region_ap(found, part_scores, true, classes, regions).ap_vol,
    }
