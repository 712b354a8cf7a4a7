"""Values in place of others, in generated spoilt files."""

from hypothesis import strategies as st

NUMBERS = [0, -1, 1, 2, 7.5, 1e8, -1e8, 1e300, 2**40, 10**400, float('nan'), float('inf'), -float('inf'), True]
OTHERS = [None, '', 'x', '1', [], [[]], {}, [None], [1, 2], 40 * [3], 'é' * 50, '../up', '\x00']
TEXTS = ['', ' ', '-1', '0', '1.5', 'nan']
"""Texts that are no name, and numbers where others are expected."""
VALUES = st.sampled_from([*NUMBERS, *OTHERS]) | st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)
RUNS = st.fixed_dictionaries(
    dict(
        size=st.sampled_from([[64, 64], [64, 63], [256, 256], [0, 0], [64.0, 64], [10**6, 10**6], 'x', [-64, -64]]),
        counts=st.lists(st.integers(-2, 5000), max_size=6)
        | st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=12)
        | st.sampled_from([[4096], [65536], [0, 4096], [2**70], '', 'oooooooooooo', None, [1.5]]),
    )
)
CORNERS = st.lists(st.sampled_from(NUMBERS) | st.floats(-80, 150), max_size=12)
