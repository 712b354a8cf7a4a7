"""LaunchedProcess: what a launcher says, in the environment, of the process that it started."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from mmhparse.apis.share import Share

Launcher = Literal['none', 'pytorch', 'slurm']

_RANK_OF_LAUNCHER: dict[Launcher, tuple[str, str, str]] = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
}


@dataclass(frozen=True)
class LaunchedProcess:
    """One of the processes that share the inputs.

    Attributes:
        share: Its inputs.
        local_rank: Its number on this machine.
        is_restarted: Whether torchrun started it again, after one of the processes had died.
    """

    share: Share = Share()
    local_rank: int = 0
    is_restarted: bool = False

    @classmethod
    def of(cls, launcher: Launcher, environment: Mapping[str, str] = os.environ) -> 'LaunchedProcess':
        """What the environment says.

        Raises:
            ValueError: If the launcher has not set its variables.
        """
        if launcher == 'none':
            return cls()
        names = _RANK_OF_LAUNCHER[launcher]
        missing = [name for name in names if name not in environment]
        if missing:
            raise ValueError(
                f'--launcher {launcher} expects {" and ".join(missing)} in the environment: start it by '
                f'{"tools/dist_infer.sh" if launcher == "pytorch" else "tools/slurm_infer.sh"}.'
            )
        rank, world, local_rank = (int(environment[name]) for name in names)
        return cls(Share(rank, world), local_rank, environment.get('TORCHELASTIC_RESTART_COUNT', '0') != '0')

    @property
    def device(self) -> str | None:
        """A GPU of its own; None, for the default, without GPUs or where it is the only process."""
        count = torch.cuda.device_count()
        return f'cuda:{self.local_rank % count}' if self.share.of > 1 and count else None
