"""What an ONVIF operation of the virtual camera is: its access class (O-25) and its handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.camera.accounts import Access
from tests.fakes.camera.soap import Call

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera


@dataclass(frozen=True, slots=True)
class Operation:
    """``handle`` returns the response element as text, or raises ``soap.Fault``."""

    access: Access
    handle: Callable[[VirtualCamera, Call], str]
