"""The client matrix: which clients there are, what each is asked, and what of it a cassette is to hold."""

from __future__ import annotations

from clients.client import Client, plain
from clients.frameworks import FRAMEWORKS
from clients.sdks import SDKS

__all__ = ["CLIENTS", "Client", "plain"]

CLIENTS: tuple[Client, ...] = (*SDKS, *FRAMEWORKS)
