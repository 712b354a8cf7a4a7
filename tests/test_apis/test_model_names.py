"""Models by name: those that come with the package, and what is said about others."""

from pathlib import Path

import numpy as np
import pytest
from bright_spot import bright_spot_config

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL, HumanParsingInferencer
from mmhparse.apis.model_names import describe_bundled_models
from mmhparse.engine.packed_weights import pack_weights, read_packed
from mmhparse.testing import synthetic_scene


@pytest.fixture(scope='module')
def scene():
    return synthetic_scene(7_200_003, (256, 192)).image[..., ::-1]


def test_the_default_is_one_of_the_bundled_models(repo_root):
    assert DEFAULT_MODEL in BUNDLED_MODELS
    named, default = HumanParsingInferencer(DEFAULT_MODEL, device='cpu'), HumanParsingInferencer(device='cpu')
    photo = str(repo_root / 'demo' / 'street.jpg')
    one, other = (infer(photo)['predictions'][0] for infer in (named, default))
    np.testing.assert_array_equal(one['part_map'], other['part_map'])
    assert one['people'] == other['people'] and len(one['people']) > 0
    assert named.parsing_pipeline.settings == default.parsing_pipeline.settings
    assert named.parsing_pipeline.settings['weights'] == BUNDLED_MODELS[DEFAULT_MODEL].file


@pytest.mark.parametrize('name', BUNDLED_MODELS)
def test_every_bundled_model_exists_and_is_described(name):
    model = BUNDLED_MODELS[name]
    assert Path(model.path).is_file() and Path(model.path).parent.name == 'weights'
    assert '\n' not in model.description and model.description in describe_bundled_models()
    infer = HumanParsingInferencer(name, device='cpu')
    assert infer.cfg.default_scope == 'mmhparse'
    assert infer.part_set.name == model.part_set


def test_the_garment_parser_dresses_people(repo_root):
    """Somebody in the photo has a face, hair and clothes, and whoever is found has garments of their own."""
    infer = HumanParsingInferencer('photos-garments', device='cpu', show_progress=False)
    found = infer(str(repo_root / 'demo' / 'street.jpg'))['predictions'][0]
    names = [infer.part_set.parts[label] for label in np.unique(found['part_map'])]
    assert {'background', 'hair', 'face', 'upper_clothes', 'pants'} <= set(names)
    assert len(found['people']) >= 1
    assert {part['label'] for part in found['parts']} <= set(range(1, 18))


def test_a_bundled_model_with_other_weights(tmp_path):
    bundled = read_packed(BUNDLED_MODELS['synthetic'].path)
    state = {key: value * 0 if value.is_floating_point() else value for key, value in bundled['state_dict'].items()}
    pack_weights(tmp_path / 'zeros.npz', state, 'default_scope = "mmhparse"')
    infer = HumanParsingInferencer('synthetic', tmp_path / 'zeros.npz', device='cpu')
    assert all(not value.any() for value in infer.model.state_dict().values() if value.is_floating_point())
    assert infer.parsing_pipeline.settings['weights'] == 'zeros.npz'


def test_unknown_names_are_answered_with_the_bundled_ones():
    for name, kind in (('photos-of-cats', ValueError), ('photos-of-cats.py', FileNotFoundError)):
        with pytest.raises(kind) as error:
            HumanParsingInferencer(name, device='cpu')
        for known, model in BUNDLED_MODELS.items():
            assert f"'{known}' ({model.description})" in str(error.value)


@pytest.mark.filterwarnings('ignore:No weights')
def test_a_config_is_no_name(tmp_path):
    bright_spot_config().dump(tmp_path / 'synthetic.py')
    infer = HumanParsingInferencer(tmp_path / 'synthetic.py', device='cpu')
    assert type(infer.model).__name__ == 'BrightSpotParser'
