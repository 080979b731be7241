"""store: records in SQLite, artifacts in a content-addressed folder. What it acknowledged is on disk."""

from lambda_emu.store.data_directory import DataDirectoryInUse
from lambda_emu.store.events import EventQueue, LastAnswer, QueuedEvent
from lambda_emu.store.store import Store
from lambda_emu.store.table import Table
from lambda_emu.store.transaction import Transaction
from lambda_emu.store.work import Done, WorkItem, WorkTable
from lambda_emu.store.writer import NewerSchema

__all__ = [
    "DataDirectoryInUse",
    "Done",
    "EventQueue",
    "LastAnswer",
    "NewerSchema",
    "QueuedEvent",
    "Store",
    "Table",
    "Transaction",
    "WorkItem",
    "WorkTable",
]
