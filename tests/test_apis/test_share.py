"""Share: processes parse each input once, and the summary of all has the order of the inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.apis import FailedInput, Share, StreamItem, StreamOptions
from mmhparse.apis.run_summary import RunSummary


@given(st.integers(0, 20), st.integers(1, 8))
def test_shares_are_disjoint_and_complete(count, of):
    picked = [list(Share(rank, of).pick(iter(range(count)))) for rank in range(of)]
    assert sorted(sum(picked, [])) == list(range(count))
    assert max(map(len, picked)) - min(map(len, picked)) <= 1


@pytest.mark.parametrize(('rank', 'of'), [(-1, 2), (2, 2), (0, 0)])
def test_there_is_no_such_process(rank, of):
    with pytest.raises(ValueError, match='0 <= rank < of'):
        Share(rank, of)


def test_people_are_not_shared_out():
    with pytest.raises(ValueError, match='without share'):
        StreamOptions(people=[], share=Share(0, 2))


@given(st.permutations(range(3)), st.integers(0, 9))
def test_the_summary_has_the_order_of_the_inputs_whoever_ends_first(order, failing):
    paths = [f'/photos/{number}.jpg' for number in range(9)]
    whole = RunSummary()
    for rank in order:
        own = RunSummary()
        for number, path in enumerate(paths):
            own.note_place(f'{number}', path)
            if number % 3 == rank:
                item = StreamItem(f'{number}', path)
                own.add_failure(item, FailedInput(path, '')) if number == failing else own.add_image(item, number)
        whole = own.after(whole)
    assert [image.name for image in whole.images] == [str(number) for number in range(9) if number != failing]
    assert [failure.source for failure in whole.failures] == paths[failing : failing + 1]
