"""CihpDataset: Crowd Instance-level Human Parsing as its authors ship it."""

from typing import Literal

from mmhparse.registry import DATASETS

from .folder_parse_dataset import FolderParseDataset
from .readers.release_files import Release

_FOLDERS = {'train': 'Training', 'val': 'Validation'}


@DATASETS.register_module()
class CihpDataset(FolderParseDataset):
    """People in 19 parts, of Gong et al., "Instance-level Human Parsing via Part Grouping Network" (ECCV 2018).

    There are no joint labels: the joints are nine centres of parts, :data:`CIHP_CENTRES`.

    Args:
        data_root: The folder ``instance-level_human_parsing``.
        split: 'train' or 'val'; the labels of the test images are not public.
        ann_file: List of the images, below ``data_root`` unless absolute; by default ``Training/train_id.txt`` or
            ``Validation/val_id.txt``.
        **kwargs: As for :class:`FolderParseDataset`.

    Raises:
        FileNotFoundError: If a folder or the list is missing, or no listed image is there.
        ValueError: If a name of the list leaves the folder.
    """

    METAINFO = {'dataset_name': 'cihp', 'skeleton': 'cihp_centres_9', 'part_set': 'cihp_19'}
    RELEASE = Release(
        name='CIHP',
        source='https://sysu-hcp.net/lip/overview.php (CIHP, instance-level_human_parsing)',
        tree="""
instance-level_human_parsing/
  Training/train_id.txt                one name a line
  Training/Images/<name>.jpg           names of seven digits
  Training/Category_ids/<name>.png     part class of each pixel, 0 to 19
  Training/Human_ids/<name>.png        person of each pixel
  Training/Instance_ids/               not needed
  Validation/val_id.txt                and the same folders
""",
    )

    def __init__(
        self,
        data_root: str = 'data/instance-level_human_parsing',
        split: Literal['train', 'val'] = 'train',
        ann_file: str = '',
        **kwargs,
    ):
        if split not in _FOLDERS:
            raise ValueError(f"split must be 'train' or 'val' (the test labels are not public), got '{split}'.")
        folder = _FOLDERS[split]
        kinds = dict(img='Images', parts='Category_ids', persons='Human_ids', instances='Instance_ids')
        super().__init__(
            data_root=data_root,
            data_prefix={kind: f'{folder}/{name}' for kind, name in kinds.items()},
            ann_file=ann_file or f'{folder}/{split}_id.txt',
            **kwargs,
        )
