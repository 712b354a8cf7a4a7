"""Short trainings on photos that differ in one thing each."""

import copy
import json
import weakref

import cv2
import numpy as np
import pytest
from annotated_people import SIZE, perfect_prediction, photo_of, standing_person
from mmengine.config import Config
from pycocotools import mask as coco_mask

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.datasets.readers import read_image
from mmhparse.evaluation.photos import AnnotatedPhoto, judge_photo, read_annotated_photos

TOOL = 'analysis/compare_photo_trainings.py'


@pytest.fixture
def release(folder):
    """The two photos with their labels, laid out as the config of the photo parser expects."""
    (folder / 'people.json').rename(folder / 'people_train.json')
    for root in ('labels/train', 'labels/raw'):
        for kind in ('part_maps', 'person_maps'):
            (folder / root / kind).mkdir(parents=True)
            for number, left in ((1, 10), (2, 100)):
                label = np.zeros(SIZE, np.uint8)
                label[10:110, left : left + 40] = 1
                cv2.imwrite(str(folder / root / kind / f'{number}.png'), label)
    return folder


@pytest.fixture
def compare(load_tool, call_main, release, repo_root):
    """Runs the tool on trainings of two steps; the lines that it wrote."""
    config = repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_mobilenet_photos.py'

    def run(*rows: str) -> list[dict]:
        arguments = [config, release / 'people_train.json', release, '--work-dir', release / 'work', '--rows', *rows]
        options = ['model.backbone.init_cfg=None', 'train_cfg.max_iters=2', 'param_scheduler.1.end=2']
        options += [f'data_root={release}', 'train_dataloader.batch_size=2', 'train_dataloader.num_workers=0']
        options += ['train_dataloader.persistent_workers=False', 'train_dataloader.dataset.data_prefix.img=']
        options += ['param_scheduler.0.end=1', 'param_scheduler.1.begin=1']
        call_main(load_tool(TOOL), *arguments, '--cfg-options', *options)
        return [json.loads(line) for line in (release / 'work' / 'photos.jsonl').read_text().splitlines()]

    return run


def test_each_row_is_trained_once_and_scored(compare, capfd):
    lines = compare('config', 'synthetic crowds')
    assert [(line['row'], line['price'], line['seed']) for line in lines] == [
        (row, price, 0) for row in ('config', 'synthetic crowds') for price in ('config', 'chosen')
    ]
    assert all(0 <= line['part_points'] <= 1 for line in lines)
    assert 'difference' in capfd.readouterr().out
    assert compare('config', 'synthetic crowds', 'labels by the teacher alone')[:4] == lines


def test_a_parser_of_other_parts_is_refused_before_it_is_trained(load_tool, call_main, repo_root, tmp_path):
    config = repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_mobilenet_garments.py'
    with pytest.raises(SystemExit, match="only 'densepose_14' can be scored"):
        call_main(load_tool(TOOL), config, tmp_path / 'people.json', tmp_path, '--work-dir', tmp_path / 'work')


def test_each_half_of_the_photos_gets_the_price_that_is_best_on_the_other(load_tool):
    photos = [photo_of(standing_person(left)) for left in (10, 40, 70, 100)]
    right = [judge_photo(photo, perfect_prediction(photo)) for photo in photos]
    nobody = [judge_photo(photo, perfect_prediction(photo_of())) for photo in photos]
    judged = {  # three prices: nobody, right on photos 0 and 2, right on 1 and 3
        0.0: nobody,
        0.1: [right[0], nobody[1], right[2], nobody[3]],
        -0.1: [nobody[0], right[1], nobody[2], right[3]],
    }
    tool = load_tool(TOOL)
    chosen, shifts = tool.at_chosen_prices(judged)
    assert shifts == [-0.1, 0.1]
    assert chosen == nobody  # each price is right on the half that chose it only
    chosen, shifts = tool.at_chosen_prices({0.0: nobody, 0.1: right, 0.2: right})
    assert shifts == [0.1, 0.1] and chosen == right  # of two that are as good, the one nearer to the config's
    assert tool.scores_of(chosen)['OKS_AP'] == pytest.approx(1)


def test_sizes_are_checked_before_the_trainings(compare, release):
    people = json.loads((release / 'people_train.json').read_text())
    people['images'][0]['height'] += 1
    (release / 'people_train.json').write_text(json.dumps(people))
    with pytest.raises(SystemExit, match=r"1\.png' is \(120, 160\), but .*people_train\.json says \(121, 160\)"):
        compare('config')
    assert not list(release.glob('work/*/iter_*.pth'))


def test_photos_are_decoded_as_with_that_price_in_the_config(load_tool, repo_root):
    tool = load_tool(TOOL)
    path = next((repo_root / 'demo').glob('*.jpg'))
    infer = HumanParsingInferencer('photos-14-parts', show_progress=False)
    size = read_image(path, exif=False).shape[:2]
    judged = tool.judge_at_prices(infer, [AnnotatedPhoto(path, size, True, ())])
    people = set()
    for shift in (-0.2, 0.0, 0.2):
        config = copy.deepcopy(infer.cfg)
        config.model.codec.limbs.price += shift
        other = HumanParsingInferencer(config, BUNDLED_MODELS['photos-14-parts'].path, show_progress=False)
        (expected,) = other(str(path))['predictions']
        (found,) = judged[shift]
        for mask, person in zip(found.masks, expected['people'], strict=True):
            pixels = expected['person_map'] == person['id']  # (H, W)
            np.testing.assert_array_equal(np.zeros_like(pixels) if mask is None else coco_mask.decode(mask), pixels)
        np.testing.assert_allclose(found.scores, [person['score'] for person in expected['people']])
        people.add(tuple(found.scores))
    assert len(people) > 1  # the price matters here


def test_the_maps_of_one_decoding_are_kept_at_a_time(load_tool, folder, monkeypatch):
    """Of all photos, at nine prices, they would be too many."""
    tool, kept = load_tool(TOOL), []
    original = tool.as_parsed_photo

    def noting(prediction):
        assert not any(reference() for reference in kept)
        parsed = original(prediction)
        kept.append(weakref.ref(parsed.person_map))
        return parsed

    monkeypatch.setattr(tool, 'as_parsed_photo', noting)
    photos = read_annotated_photos(folder / 'people.json', folder)
    tool.judge_at_prices(HumanParsingInferencer('synthetic', device='cpu', show_progress=False), photos)
    assert len(kept) == 9 * len(photos) == 18


def trained_config(load_tool, repo_root, row):
    cfg = Config.fromfile(repo_root / 'configs' / 'multi_granularity' / 'mg-pgd_mobilenet_photos.py')
    load_tool(TOOL).ROWS[row](cfg)
    return cfg


def steps(dataset):
    return [step.type for step in dataset.pipeline]


def test_rows_change_what_their_names_say(load_tool, repo_root):
    plain, *others = (
        trained_config(load_tool, repo_root, row)
        for row in ('config', 'no pasted people', 'from scratch', 'without grouping', 'links', 'synthetic crowds')
    )
    unpasted, scratch, without, links, crowds = others
    steps_of = [steps(cfg.train_dataloader.dataset) for cfg in (plain, unpasted)]
    assert 'CopyPastePeople' in steps_of[0]
    assert steps_of[1] == [step for step in steps_of[0] if step != 'CopyPastePeople']
    assert plain.model.backbone.init_cfg and scratch.model.backbone.init_cfg is None
    assert plain.model.losses.grouping == dict(type='GroupingLoss', pixel_weight=1.0)
    assert 'grouping' not in without.model.losses
    assert links.model.losses.grouping == dict(type='GroupingLoss')
    photos, drawn = crowds.train_dataloader.dataset.datasets
    assert photos == plain.train_dataloader.dataset
    assert steps(drawn) == [step for step in steps_of[0] if step not in ('LoadImage', 'CopyPastePeople')]
