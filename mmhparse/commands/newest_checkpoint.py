"""newest_checkpoint: the checkpoint from which an interrupted training is resumed."""

import re
from pathlib import Path

_NUMBERED = re.compile(r'(?:iter|epoch)_(\d+)\.pth')


def newest_checkpoint(work_dir: str | Path, out_dir: str | Path | None = None) -> Path | None:
    """The newest checkpoint of a work folder itself, wherever the folder was moved or copied to.

    mmengine writes the absolute path of its last checkpoint to the file ``last_checkpoint``: in a copied folder it
    names a checkpoint of the original, and in a renamed one none. Here, only its file name counts; a folder without
    that file is searched for the checkpoint of the most steps, ``iter_200.pth`` before ``iter_100.pth``.

    Args:
        work_dir: The folder.
        out_dir: ``out_dir`` of the CheckpointHook, if it writes checkpoints elsewhere, below the name of the folder.

    Returns:
        None if there is no checkpoint.
    """
    note = Path(work_dir) / 'last_checkpoint'
    folders = [Path(work_dir), *([Path(out_dir) / Path(work_dir).name] if out_dir else [])]
    for folder in folders if note.is_file() else []:
        noted = folder / Path(note.read_text(encoding='utf-8').strip().replace('\\', '/')).name
        if noted != folder and noted.exists():
            return noted
    numbered = {path: _NUMBERED.fullmatch(path.name) for folder in folders for path in folder.glob('*.pth')}
    steps = {path: int(match[1]) for path, match in numbered.items() if match}
    return max(steps, key=lambda path: (steps[path], path.name), default=None)
