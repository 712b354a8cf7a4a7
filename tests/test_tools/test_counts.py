"""Numbers that are given to tools: those below the least are refused before the work."""

import pytest


@pytest.mark.parametrize(
    ('tool', 'option', 'least'),
    [
        ('misc/browse_dataset.py', '--num', 1),
        ('analysis/dataset_report.py', '--workers', 0),
        ('analysis/analyze_errors.py', '--worst', 0),
        ('dataset_converters/label_photos.py', '--workers', 1),
        ('dataset_converters/garments_from_ccp.py', '--workers', 1),
    ],
)
@pytest.mark.parametrize('given', ['below', 'text'])
def test_counts_below_the_least_are_refused(run_tool, capsys, tool, option, least, given):
    """Before, ``--num 0`` drew a picture, ``--worst -1`` all but one, and the others ended with a traceback."""
    value = str(least - 1) if given == 'below' else '2.5'
    with pytest.raises(SystemExit) as ended:
        run_tool(tool, 'a', 'b', 'c', f'{option}={value}')
    assert ended.value.code == 2
    assert f"{option}: must be a whole number of at least {least}, got '{value}'" in capsys.readouterr().err
