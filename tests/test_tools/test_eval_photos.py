"""Scoring parsers on photos from the command line."""

import json

import numpy as np
import pytest
from annotated_people import SIZE, perfect_prediction, photo_of, standing_person

from mmhparse.apis.model_names import BUNDLED_MODELS
from mmhparse.models.teachers import BodyPix

TOOL = 'analysis/eval_photos.py'


def test_models_of_the_package_are_scored(run_tool, folder, capsys):
    name = next(iter(BUNDLED_MODELS))
    run_tool(TOOL, folder / 'people.json', folder, '--models', name, '--limit', 1, '--out', folder / 'scores.json')
    assert '1 people with joints' in capsys.readouterr().out
    scores = json.loads((folder / 'scores.json').read_text())[name]
    assert 0 <= scores['part_points'] <= 1
    assert scores['details']['parts']['points'] == 10
    assert scores['seconds'] > 0


def test_networks_run_in_the_precision_asked_for(load_tool, call_main, folder, monkeypatch):
    tool, precisions = load_tool(TOOL), []
    original = tool.HumanParsingInferencer

    def spied(*args, **options):
        infer = original(*args, **options)
        precisions.append(infer.parsing_pipeline.network.precision)
        return infer

    monkeypatch.setattr(tool, 'HumanParsingInferencer', spied)
    for option in ([], ['--precision', 'bfloat16']):
        call_main(tool, folder / 'people.json', folder, '--models', 'synthetic', '--limit', 1, *option)
    assert precisions == ['float32', 'bfloat16']


def test_a_parser_of_ones_own_is_scored_by_its_weights(run_tool, folder):
    weights = next(iter(BUNDLED_MODELS.values())).path
    run_tool(TOOL, folder / 'people.json', folder, '--weights', weights, '--limit', 1, '--out', folder / 'scores.json')
    assert list(json.loads((folder / 'scores.json').read_text())) == [weights.rpartition('/')[2]]


def test_bodypix_is_a_peer(run_tool, folder):
    """Weights that nobody trained, in the layout of BodyPix's file."""
    weights = folder / 'bodypix.npz'
    state = BodyPix().state_dict()
    state['heads.heatmaps.bias'].fill_(-20)  # nobody anywhere: decoding many people takes long
    np.savez(weights, **{name.removeprefix('backbone.'): value.numpy() for name, value in state.items()})
    arguments = ['--models', 'synthetic', '--bodypix', weights, '--bodypix-stride', 16, '--limit', 1]
    run_tool(TOOL, folder / 'people.json', folder, *arguments, '--out', folder / 'scores.json')
    assert list(json.loads((folder / 'scores.json').read_text())) == ['synthetic', 'BodyPix']
    with pytest.raises(SystemExit, match="There are no BodyPix weights at 'gone.npz'"):
        run_tool(TOOL, folder / 'people.json', folder, '--models', 'synthetic', '--bodypix', 'gone.npz')


def test_predictions_become_rows_whatever_the_ids_of_people(load_tool):
    tool = load_tool(TOOL)
    truth = perfect_prediction(photo_of(standing_person(10), standing_person(100)))
    ids = [7, 3]
    people = [
        dict(id=person, score=score, keypoints=keypoints.tolist())
        for person, score, keypoints in zip(ids, truth.scores, truth.keypoints, strict=True)
    ]
    prediction = dict(people=people, part_map=truth.part_map, person_map=np.array([0, *ids])[truth.person_map])
    found = tool.as_parsed_photo(prediction)
    np.testing.assert_array_equal(found.person_map, truth.person_map)
    np.testing.assert_array_equal(found.keypoints, truth.keypoints)
    nobody = tool.as_parsed_photo(dict(people=[], part_map=truth.part_map, person_map=truth.person_map * 0))
    assert nobody.keypoints.shape == (0, 17, 2)


def test_each_photo_is_parsed_once_and_the_first_once_more(load_tool, folder):
    """The first call warms up and is not counted."""
    tool = load_tool(TOOL)
    photos = [photo_of(standing_person(10)), photo_of(standing_person(100))]
    images = [np.full((*SIZE, 3), number, np.uint8) for number in range(2)]
    seen = []

    def parse(image):
        seen.append(image[0, 0, 0])
        return perfect_prediction(photos[image[0, 0, 0]])

    row = tool.evaluate('perfect', parse, photos, images)
    assert seen == [0, 0, 1]
    assert set(row.scores.metrics().values()) == {1.0}


def test_scores_that_are_not_defined_are_null(run_tool, folder):
    content = json.loads((folder / 'people.json').read_text())
    content['annotations'] = []
    (folder / 'people.json').write_text(json.dumps(content))
    run_tool(TOOL, folder / 'people.json', folder, '--models', 'synthetic', '--out', folder / 'scores.json')
    scores = json.loads((folder / 'scores.json').read_text())['synthetic']
    assert [scores['OKS_AP'], scores['mask_AP'], scores['part_points']] == [None] * 3


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--config', 'c.py'], '--config needs --weights'),
        (['--threads', '0'], 'argument --threads: must be a whole number of at least 1'),
        (['--models', 'none'], 'invalid choice'),
    ],
)
def test_mistakes_of_the_command(run_tool, folder, capsys, arguments, message):
    with pytest.raises(SystemExit):
        run_tool(TOOL, folder / 'people.json', folder, *arguments)
    assert message in capsys.readouterr().err


def test_files_that_are_missing_end_the_command_with_a_message(run_tool, folder):
    with pytest.raises(SystemExit, match='gone.json'):
        run_tool(TOOL, folder / 'gone.json', folder)
    (folder / '2.png').unlink()
    with pytest.raises(SystemExit, match=r"There is no image file '.*2.png'"):
        run_tool(TOOL, folder / 'people.json', folder)
    (folder / 'empty.json').write_text(json.dumps(dict(images=[], categories=[], annotations=[])))
    with pytest.raises(SystemExit, match='lists no photos'):
        run_tool(TOOL, folder / 'empty.json', folder)
