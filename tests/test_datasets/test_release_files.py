from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmhparse.apis.input_files import find_files
from mmhparse.datasets import Release, files_in, is_list_name, join_inside, read_names
from mmhparse.datasets.readers import IMAGE_SUFFIXES

RELEASE = Release('My people', 'https://example.org', 'my_people/\n  images/*.jpg\n  list.txt')


def test_missing_folders_say_where_to_get_the_data_and_what_to_expect(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"(?s)My people: folder '.*none' does not exist.*example.*images/\*"):
        RELEASE.require(str(tmp_path / 'none'), 'list.txt')
    (tmp_path / 'list.txt').touch()
    with pytest.raises(FileNotFoundError, match=r"folder '.*' lacks images, maps\. Get the data from https://example"):
        RELEASE.require(str(tmp_path), 'images', 'list.txt', 'maps')
    RELEASE.require(str(tmp_path), 'list.txt')


@pytest.mark.parametrize('name', ['', '/etc/passwd', '../a', 'a/../../b', '..', 'a\\..\\b', 'a\0b', '.'])
def test_names_cannot_leave_the_root(name):
    with pytest.raises(ValueError, match='leads out of the folder'):
        join_inside('/data', 'images', name)


def test_other_names_are_joined():
    assert join_inside('/data', 'images', 'a..b/c.jpg') == '/data/images/a..b/c.jpg'


def test_lists(tmp_path):
    path = tmp_path / 'list.txt'
    with pytest.raises(FileNotFoundError, match='there is no list'):
        read_names(str(path))
    path.write_bytes(b'\xef\xbb\xbf3\r\n\n 10 \r\n')
    assert read_names(str(path)) == ['3', '10']
    for content, message in ((b'\n', 'is empty'), (b'a\nb\na\n', "has 'a' twice"), (b'\xff\xfe\x00', 'is not text')):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_names(str(path))


def test_files_by_name(tmp_path):
    for name in ('a.png', '._a.png', 'b.c.PNG'):
        (tmp_path / name).touch()
    assert files_in(str(tmp_path)) == {'a': str(tmp_path / 'a.png'), 'b.c': str(tmp_path / 'b.c.PNG')}


def test_folders_of_data_sets_and_of_inputs_know_the_same_images(tmp_path):
    """One list of suffixes: before, photos of some suffixes were parsed, and left out of data sets."""
    for suffix in (*IMAGE_SUFFIXES, *map(str.upper, IMAGE_SUFFIXES), '.json', '.txt', ''):
        (tmp_path / f'{len(suffix)}{suffix.lstrip(".")}{suffix}').touch()
    found = sorted(files_in(str(tmp_path)).values())
    assert found == sorted(find_files(str(tmp_path))) and len(found) == 2 * len(IMAGE_SUFFIXES)


@given(name=st.text(st.characters(codec='utf-8') | st.characters(categories=['Cs']), max_size=5))
@example(name='Screenshot at 3.04\u202fPM')
@example(name='\ufffe')
@example(name='caf\udce9')
def test_names_that_lists_and_xml_hold_come_back(tmp_path_factory, name):
    if not is_list_name(name):
        assert not name.isprintable() or name != name.strip() or not name
        return
    path = tmp_path_factory.mktemp('list') / 'list.txt'
    path.write_bytes(f'{name}\nother.png\n'.encode())
    assert read_names(str(path)) == [name, 'other.png'] == path.read_text(encoding='utf-8').splitlines()
    element = ElementTree.Element('image', name=name)
    assert ElementTree.fromstring(ElementTree.tostring(element, encoding='utf-8')).get('name') == name


def test_names_of_screenshots_are_kept():
    assert is_list_name('Screenshot at 3.04\u202fPM') and is_list_name('\u5199\u771f 1 (2)')
