"""store: records in SQLite, artifacts in a content-addressed folder. What it acknowledged is on disk."""

from lambda_emu.store.data_directory import DataDirectoryInUse
from lambda_emu.store.draft import Draft
from lambda_emu.store.events import EventQueue, QueuedEvent
from lambda_emu.store.shelf import Shelf
from lambda_emu.store.store import Store
from lambda_emu.store.work import Work, WorkTable
from lambda_emu.store.writer import NewerSchema

__all__ = [
    "DataDirectoryInUse",
    "Draft",
    "EventQueue",
    "NewerSchema",
    "QueuedEvent",
    "Shelf",
    "Store",
    "Work",
    "WorkTable",
]
