"""Finding: one line of ``mmhparse check``."""

from dataclasses import dataclass
from typing import Literal

Status = Literal['ok', 'missing', 'wrong']
"""Whether something is there, is not, or is there in a way that does not work."""

_MARKS: dict[Status, str] = {'ok': 'ok', 'missing': '--', 'wrong': '!!'}


@dataclass(frozen=True)
class Finding:
    """What is known of one library or device.

    Attributes:
        group: 'needed', 'devices', or the name of an extra.
        name: Of the library or device.
        status: Whether it is there.
        text: Its version, or what is wrong and what to do.
    """

    group: str
    name: str
    status: Status
    text: str

    @property
    def is_fatal(self) -> bool:
        """Whether parsing does not work without it."""
        return self.group == 'needed' and self.status != 'ok'

    def line(self, width: int) -> str:
        """The finding in one line, its name filled up to that width."""
        return f'{self.group:8} {_MARKS[self.status]}  {self.name:{width}}  {self.text}'
