"""The table that metrics print."""

from mmhparse.evaluation.metrics.table import format_table


def test_table():
    text = format_table(['part', 'IoU', 'accuracy'], [('torso', [0.5, float('nan')]), ('left_hand', [1, 0.25])])
    assert text.splitlines() == [
        'part          IoU  accuracy',
        '---------------------------',
        'torso      0.5000         -',
        'left_hand  1.0000    0.2500',
    ]
