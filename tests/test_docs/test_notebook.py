"""demo/parse_photos.ipynb runs from its first cell to its last, and shows what it says."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

NEEDS = "is not installed: pip install nbclient nbformat ipykernel (the extra 'tests' has them)"
nbformat = pytest.importorskip('nbformat', reason=f'nbformat {NEEDS}')
nbclient = pytest.importorskip('nbclient', reason=f'nbclient {NEEDS}')
pytest.importorskip('ipykernel', reason=f'ipykernel {NEEDS}')


@pytest.fixture(scope='module')
def cells(repo_root):
    """The cells of code after a run in the folder of the sample photos."""
    notebook = nbformat.read(repo_root / 'demo' / 'parse_photos.ipynb', as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get('outputs')], 'clear the outputs before you commit it'
    client = nbclient.NotebookClient(notebook, timeout=600, resources={'metadata': {'path': repo_root / 'demo'}})
    client.execute()  # raises the error of a cell
    return [cell for cell in notebook.cells if cell.cell_type == 'code']


def picture_of(cell):
    (output,) = [output for output in cell.outputs if 'image/png' in output.get('data', {})]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(output.data['image/png']))).convert('RGB'))


def test_it_runs_and_shows_what_it_says(cells, repo_root):
    photo = Image.open(repo_root / 'demo' / 'ball_game.jpg')  # the first one
    _, picture, table, cut_out, network = cells
    assert picture_of(picture).std() > 10
    lines = ''.join(output.text for output in table.outputs).splitlines()
    assert lines[0].startswith('ball_game') and lines[0].endswith('people')
    areas = [int(line.split(' pixels')[0].split()[-1]) for line in lines[1:]]
    assert areas and areas == sorted(areas, reverse=True)
    shown = picture_of(cut_out)
    assert shown.shape[:2] == photo.size[::-1]
    kept = (shown == np.asarray(photo.convert('RGB'))).all(2)
    # what is not kept is white
    assert 0 < kept.mean() < 0.9 and (shown[~kept] == 255).all()
    assert str(photo.size[::-1]).strip('()') in ''.join(output.data['text/plain'] for output in network.outputs)
