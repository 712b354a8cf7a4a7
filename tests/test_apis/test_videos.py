"""Videos keep the times, the sound and the upright pictures of their input, in a codec that was named."""

import builtins
import json
import os

import cv2
import numpy as np
import pytest
from bright_spot import spot

from mmhparse.apis.writers import video_codecs
from mmhparse.apis.writers.videos import VideoFile
from mmhparse.cli import infer as infer_command

UNEVEN = [0, 0.1, 0.2, 0.5, 0.55, 1.3, 2.0]


@pytest.fixture(scope='module')
def files():
    """Makes and reads videos; skips without PyAV."""
    pytest.importorskip('av', reason='PyAV is not installed: pip install "mmhparse[video]"')
    import video_files

    return video_files


@pytest.fixture
def no_pyav(monkeypatch):
    """PyAV is not installed."""
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == 'av':
            raise ModuleNotFoundError("No module named 'av'", name='av')
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, '__import__', without)
    monkeypatch.setattr(video_codecs, 'find_spec', lambda name: None)


def opencv_clip(path):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 5, (64, 48))
    for index in range(4):
        writer.write(spot((64, 48), (4 + 2 * index, 10, 24 + 2 * index, 30)))
    writer.release()
    return path


@pytest.fixture
def warned(monkeypatch):
    """The lines that are logged."""
    lines = []
    for module in ('video_codecs', 'video_sound'):
        monkeypatch.setattr(f'mmhparse.apis.writers.{module}.print_log', lambda text, *_: lines.append(text))
    return lines


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv'])
@pytest.mark.parametrize('codec', ['h264', 'vp9'])
def test_times_of_a_variable_frame_rate_and_the_sound_stay(infer, files, tmp_path, codec, suffix):
    clip = files.write_video(tmp_path / f'clip{suffix}', UNEVEN)
    out = infer(clip, out_dir=tmp_path / 'out', video_codec=codec)
    assert not out['failures']
    assert [prediction['video']['seconds'] for prediction in out['predictions']] == pytest.approx(UNEVEN, abs=1e-3)
    written = tmp_path / 'out' / 'videos' / 'clip.mp4'
    assert files.codecs(written) == {'video': codec, 'audio': 'aac'}
    assert files.frame_times(written) == pytest.approx(UNEVEN, abs=1e-3)
    # copied, not encoded once more
    before, after = files.sound_packets(clip), files.sound_packets(written)
    assert [content for _, content in before] == [content for _, content in after]
    assert [time for time, _ in before] == pytest.approx([time for time, _ in after], abs=2e-3)
    content = written.read_bytes()
    assert content.index(b'moov') < content.index(b'mdat'), 'a browser would have to load all of it to begin'
    assert json.loads((tmp_path / 'out' / 'predictions' / 'clip.json').read_text())['video_codec'] == codec


def test_sound_that_browsers_do_not_play_is_encoded_as_aac_at_its_time(infer, files, tmp_path):
    clip = files.write_video(tmp_path / 'clip.mkv', UNEVEN, sound='pcm_s16le', sound_from=0.5, seconds=1.5)
    infer(clip, out_dir=tmp_path / 'out', video_codec='h264')
    written = tmp_path / 'out' / 'videos' / 'clip.mp4'
    assert files.codecs(written)['audio'] == 'aac'
    samples, rate, start = files.heard(written)
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    assert start + loud[0] / rate == pytest.approx(0.5, abs=0.02)
    assert start + loud[-1] / rate == pytest.approx(2.0, abs=0.02)
    middle = samples[loud[0] : loud[-1]]
    pitch = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * rate / len(middle)
    assert pitch == pytest.approx(files.TONE, abs=2)
    assert np.abs(middle).max() == pytest.approx(8000 / 2**15, rel=0.1)


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv'])
def test_sound_of_a_clip_that_begins_late_in_its_file_is_in_step(infer, files, tmp_path, suffix):
    """The container's clock does not begin at 0, as in cuts and recordings of streams."""
    clip = files.write_video(tmp_path / f'clip{suffix}', [5 + time for time in UNEVEN], sound_from=5.5, seconds=1)
    list(infer.stream([clip], out_dir=tmp_path / 'out', video_codec='h264'))
    written = tmp_path / 'out' / 'videos' / 'clip.mp4'
    assert files.frame_times(written) == pytest.approx(UNEVEN, abs=1e-3)
    samples, rate, start = files.heard(written)
    assert start + np.flatnonzero(np.abs(samples) > 0.1)[0] / rate == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize('rotation', [90, 180, 270])
def test_rotated_videos_are_upright(infer, files, tmp_path, rotation):
    plain = infer(files.write_video(tmp_path / 'plain.mp4', UNEVEN), out_dir=tmp_path / 'plain', video_codec='h264')
    clip = files.write_video(tmp_path / 'clip.mp4', UNEVEN, rotation=rotation)
    turned = infer(clip, out_dir=tmp_path / 'out', video_codec='h264')
    size = files.SIZE if rotation == 180 else files.SIZE[::-1]
    for before, after in zip(plain['predictions'], turned['predictions'], strict=True):
        assert (after['width'], after['height']) == size
        expected = np.rot90(before['part_map'], rotation // 90)
        assert np.mean(expected != after['part_map']) < 0.02
    with files.av.open(str(tmp_path / 'out' / 'videos' / 'clip.mp4')) as container:
        frame = next(container.decode(video=0))
    # the picture with its legend is larger, but as upright
    assert frame.rotation == 0 and (frame.width > frame.height) == (size[0] > size[1])


@pytest.mark.parametrize('codec', ['h264', 'vp9'])
def test_colours_and_odd_sizes(files, tmp_path, codec):
    from mmhparse.apis.stream_item import Clip

    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128)]
    file = VideoFile(tmp_path / 'clip.mp4', Clip('clip', None, fps=4), codec)
    for index, colour in enumerate(colours):
        file.add(np.full((35, 65, 3), colour, np.uint8), index / 4)
    file.add(np.full((70, 130, 3), colours[0], np.uint8), 1.0)  # another size than the first
    file.finish()
    with files.av.open(str(tmp_path / 'clip.mp4')) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height, context.colorspace, context.color_range) == (64, 34, 1, 1)
        frames = list(container.decode(video=0))
    assert len(frames) == 5
    for frame, colour in zip(frames, [*colours, colours[0]], strict=True):
        assert np.abs(files.bt709_colour(frame) - colour).max() < 6
    assert float(frames[-1].pts * frames[-1].time_base) == 1.0
    with files.av.open(str(tmp_path / 'clip.mp4')) as container:
        assert container.duration / 1e6 == pytest.approx(1.25, abs=0.01)


def test_videos_without_sound_and_with_broken_sound(infer, files, tmp_path, warned):
    silent = files.write_video(tmp_path / 'silent.mp4', UNEVEN, sound=None)
    infer(silent, out_dir=tmp_path / 'out', video_codec='h264')
    assert files.codecs(tmp_path / 'out' / 'videos' / 'silent.mp4') == {'video': 'h264'}
    broken = files.av.error.InvalidDataError(1094995529, 'Invalid data')

    def no_source(path, *arguments, **options):
        if arguments or options:
            return real(path, *arguments, **options)
        raise broken

    real = files.av.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.av, 'open', no_source)
        infer(opencv_clip(tmp_path / 'clip.avi'), out_dir=tmp_path / 'out', video_codec='h264')
    assert len(warned) == 1 and 'clip.avi' in warned[0] and 'is left out from here: Invalid data' in warned[0]
    assert len(files.frame_times(tmp_path / 'out' / 'videos' / 'clip.mp4')) == 4


def test_without_pyav_a_named_codec_is_refused_before_the_work(infer, no_pyav, tmp_path, capsys, monkeypatch):
    clip = opencv_clip(tmp_path / 'clip.avi')
    for codec in ('h264', 'vp9'):
        with pytest.raises(ModuleNotFoundError, match=r'pip install "mmhparse\[video\]".*mpeg4'):
            infer(clip, out_dir=tmp_path / 'out', video_codec=codec)
    assert not (tmp_path / 'out').exists()
    monkeypatch.setattr(infer_command, 'make_inferencer', lambda *arguments: infer)
    assert infer_command.main([str(clip), '--out-dir', str(tmp_path / 'out'), '--video-codec', 'vp9']) == 2
    assert 'mmhparse[video]' in capsys.readouterr().err
    # where no video is to be written, none is refused
    assert len(infer(clip, out_dir=tmp_path / 'maps', formats='part_maps', video_codec='h264')['predictions']) == 4


def test_without_pyav_mpeg4_is_written_and_said_unless_it_was_named(infer, no_pyav, tmp_path, warned):
    clip = opencv_clip(tmp_path / 'clip.avi')
    cv2.imwrite(str(tmp_path / 'photo.png'), spot())
    infer(clip, out_dir=tmp_path / 'named', video_codec='mpeg4')
    infer(tmp_path / 'photo.png', out_dir=tmp_path / 'photos')
    assert not warned
    infer([clip, clip], out_dir=tmp_path / 'out')
    (line,) = warned
    assert 'MPEG-4 part 2, without sound' in line and 'pip install "mmhparse[video]"' in line
    for folder in ('named', 'out'):
        written = cv2.VideoCapture(str(tmp_path / folder / 'videos' / 'clip.mp4'))
        assert int(written.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, 'little') in (b'mp4v', b'FMP4')
        assert written.get(cv2.CAP_PROP_FRAME_COUNT) == 4
        assert json.loads((tmp_path / folder / 'predictions' / 'clip.json').read_text())['video_codec'] == 'mpeg4'


def test_with_pyav_auto_is_h264(infer, files, tmp_path):
    infer(opencv_clip(tmp_path / 'clip.avi'), out_dir=tmp_path / 'out')
    assert files.codecs(tmp_path / 'out' / 'videos' / 'clip.mp4') == {'video': 'h264'}


def test_builds_of_pyav_without_the_encoder_and_unknown_codecs(infer, files, tmp_path, monkeypatch):
    def no_codec(name, mode):
        raise files.av.codec.codec.UnknownCodecError(name)

    monkeypatch.setattr(files.av.codec, 'Codec', no_codec)
    with pytest.raises(ValueError, match='no encoder libx264'):
        infer(tmp_path / 'clip.avi', out_dir=tmp_path / 'out', video_codec='h264')
    with pytest.raises(ValueError, match="video_codec must be among .*'hevc'"):
        infer(tmp_path / 'clip.avi', out_dir=tmp_path / 'out', video_codec='hevc')


def test_resume_makes_a_video_of_another_codec_anew(infer, files, tmp_path):
    clip = opencv_clip(tmp_path / 'clip.avi')
    for codec, parsed in (('mpeg4', 4), ('mpeg4', 0), ('vp9', 4), ('auto', 0), ('vp9', 0)):
        out = infer([clip], out_dir=tmp_path / 'out', resume=True, video_codec=codec)
        assert len(out['predictions']) == parsed, codec
    assert files.codecs(tmp_path / 'out' / 'videos' / 'clip.mp4') == {'video': 'vp9'}


def test_names_that_are_not_utf8_keep_their_sound(infer, files, tmp_path):
    clip = files.write_video(tmp_path / 'clip.mp4', UNEVEN)
    strange = os.fsdecode(os.fsencode(tmp_path) + b'/clip\xe9.mp4')
    clip.rename(strange)
    infer(strange, out_dir=tmp_path / 'out', video_codec='h264')
    (written,) = (tmp_path / 'out' / 'videos').iterdir()
    written.rename(tmp_path / 'written.mp4')
    assert files.codecs(tmp_path / 'written.mp4') == {'video': 'h264', 'audio': 'aac'}


def test_frames_without_usable_times_follow_at_the_frame_rate(monkeypatch):
    from mmhparse.apis.reading import _TimeStamps
    from mmhparse.apis.stream_item import Clip

    class Capture:
        stated = [40.0, 140.0, 140.0, float('nan'), 540.0]

        def get(self, _):
            return self.stated.pop(0)

    stamps = _TimeStamps(Capture(), Clip('clip', 'clip.avi', fps=10))
    assert [stamps.next() for _ in range(5)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.5])


def test_an_interrupted_video_leaves_no_file(files, tmp_path):
    from mmhparse.apis.stream_item import Clip

    source = files.write_video(tmp_path / 'source.mp4', UNEVEN)
    file = VideoFile(tmp_path / 'clip.mp4', Clip('clip', str(source), fps=10), 'h264')
    file.add(np.zeros((48, 64, 3), np.uint8), 0.0)
    file.discard()
    assert [path.name for path in tmp_path.iterdir()] == ['source.mp4']
