"""tools/analysis/draw_data_flow.py: one small picture for each stage."""

import cv2


def test_pictures_of_all_stages(load_tool, tmp_path, monkeypatch):
    command = load_tool('analysis/draw_data_flow.py')
    monkeypatch.setattr('sys.argv', ['draw_data_flow.py', '--size', '96', '72', '--out-dir', str(tmp_path / 'out')])
    command.main()
    files = sorted((tmp_path / 'out').iterdir())
    assert [file.name[:3] for file in files] == [f'{number:02d}_' for number in range(1, 9)]
    assert all(file.stat().st_size <= command.LARGEST_FILE for file in files)
    pictures = [cv2.imread(str(file)) for file in files]
    assert all(picture.shape[0] >= 144 and picture.shape[1] >= 192 for picture in pictures)
    assert len({picture[:144, :192].tobytes() for picture in pictures}) == 8
