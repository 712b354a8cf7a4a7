"""What importing the package brings in, and what it does without: mmpose, and torch before it is needed."""

import subprocess
import sys

import pytest


def in_new_process(code, *, without=()):
    """Runs code where some libraries cannot be imported; returns its last line."""
    hidden = ''.join(f'sys.modules[{name!r}] = None; ' for name in without)
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', f'import sys; {hidden}{code}'], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ''


def test_the_package_itself_is_light():
    in_new_process(
        'import mmhparse; slow = {"torch", "mmcv", "scipy", "matplotlib", "cv2", "mmpose"} & set(sys.modules); '
        'assert not slow, slow'
    )


def test_a_photo_is_parsed_without_mmpose():
    printed = in_new_process(
        'import numpy as np; from mmhparse.apis import HumanParsingInferencer; '
        'infer = HumanParsingInferencer("synthetic", device="cpu", show_progress=False); '
        'out = infer(np.zeros((48, 64, 3), np.uint8)); '
        'from mmhparse.registry import KEYPOINT_CODECS; '
        'codec = KEYPOINT_CODECS.build(dict(type="mmhparse.GroupingPoseCodec")); '
        'print(out["predictions"][0]["part_map"].shape, KEYPOINT_CODECS.parent, type(codec).__name__)',
        without=['mmpose'],
    )
    assert printed == '(48, 64) None GroupingPoseCodec'


def test_codecs_are_the_same_with_and_without_mmpose():
    pytest.importorskip('mmpose')
    code = (
        'import numpy as np; from mmhparse.codecs import GroupingPoseCodec; '
        'from mmhparse.testing import synthetic_scene; '
        'joints = synthetic_scene(0, (96, 64), num_people=1).annotation.joints; '
        'made = GroupingPoseCodec().encode(joints[..., :2], joints[..., 2], (96, 64)); '
        'print(sorted((name, float(np.abs(value).sum())) for name, value in made.items()), '
        'GroupingPoseCodec.instance_mapping_table)'
    )
    assert in_new_process(code) == in_new_process(code, without=['mmpose'])


@pytest.mark.parametrize('first', ['mmhparse.registry', 'mmpose.registry'])
def test_codecs_are_found_from_mmpose_whichever_is_imported_first(first):
    pytest.importorskip('mmpose')
    in_new_process(
        f'import {first}; import mmhparse; from mmpose.registry import KEYPOINT_CODECS; '
        'codec = KEYPOINT_CODECS.build(dict(type="mmhparse.GroupingPoseCodec")); '
        'from mmpose.codecs.base import BaseKeypointCodec; assert isinstance(codec, BaseKeypointCodec)'
    )


@pytest.mark.parametrize(
    ('version', 'message'),
    [('"9.9"', 'needs mmcv>=2.0.0,<2.2.0 but found 9.9'), ('None', 'needs mmcv, which is not installed')],
)
def test_an_unsuitable_mmcv_is_named_with_what_to_install(version, message):
    printed = in_new_process(
        'from importlib import metadata; real = metadata.version\n'
        'def version(name):\n'
        f'    found = {version} if name.startswith("mmcv") else real(name)\n'
        '    if found is None: raise metadata.PackageNotFoundError(name)\n'
        '    return found\n'
        'metadata.version = version\n'
        'try: import mmhparse\n'
        'except ImportError as error: print(error)',
        without=['mmcv'],
    )
    assert message in printed and 'pip install "mmcv-lite>=2.0.0,<2.2.0"' in printed
