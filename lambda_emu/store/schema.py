"""The database's shape, one step a change. A step that was released is never edited; a new one is added."""

from __future__ import annotations

DATABASE = "lambda-emu.db"  # in the data directory, which is known by it

STEPS = (
    """
    CREATE TABLE functions (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        record  TEXT NOT NULL,  -- JSON, see codec.py
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID;
    CREATE TABLE events (
        request_id TEXT PRIMARY KEY,
        due_s      REAL NOT NULL,
        attempts   INTEGER NOT NULL,
        accepted_s REAL NOT NULL,
        record     TEXT NOT NULL,  -- the members that never change, as JSON
        payload    BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX events_due ON events (due_s);
    """,
    """
    CREATE TABLE versions (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
        record  TEXT NOT NULL,
        PRIMARY KEY (account, region, name, number)
    ) WITHOUT ROWID;
    CREATE TABLE records (
        kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, key TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (kind, account, region, key)
    ) WITHOUT ROWID;
    """,
    """
    DROP INDEX events_due;
    ALTER TABLE events RENAME TO whole_events;
    CREATE TABLE events (
        request_id TEXT PRIMARY KEY,
        due_s      REAL NOT NULL,
        attempts   INTEGER NOT NULL,
        accepted_s REAL NOT NULL,
        record     TEXT NOT NULL,
        running    INTEGER NOT NULL  -- 1: this run of the server has taken it
    ) WITHOUT ROWID;
    CREATE INDEX events_due ON events (due_s) WHERE running = 0;
    CREATE TABLE payloads (request_id TEXT PRIMARY KEY, payload BLOB NOT NULL);
    INSERT INTO events SELECT request_id, due_s, attempts, accepted_s, record, 0 FROM whole_events;
    INSERT INTO payloads SELECT request_id, payload FROM whole_events;
    DROP TABLE whole_events;
    """,
    """
    CREATE TABLE work (
        id         TEXT PRIMARY KEY,
        kind       TEXT NOT NULL,
        due_s      REAL NOT NULL,
        record     TEXT NOT NULL,    -- what never changes, as its kind writes it
        attempts   INTEGER NOT NULL,
        created_s  REAL NOT NULL,
        brought_by TEXT,             -- whose payload it has; NULL: its own, if any
        running    INTEGER NOT NULL  -- 1: this run of the server has taken it
    ) WITHOUT ROWID;
    CREATE INDEX work_due ON work (kind, due_s) WHERE running = 0;
    CREATE INDEX work_shared ON work (brought_by) WHERE brought_by IS NOT NULL;
    INSERT INTO work SELECT request_id, 'event', due_s, record, attempts, accepted_s, NULL, running FROM events;
    DROP TABLE events;
    ALTER TABLE payloads RENAME COLUMN request_id TO id;
    """,
    """
    CREATE TABLE sqs_queues (
        id         INTEGER PRIMARY KEY,  -- never given twice
        account    TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        attributes TEXT NOT NULL,        -- those that somebody set, as JSON
        tags       TEXT NOT NULL,        -- JSON
        created_s  INTEGER NOT NULL,
        modified_s INTEGER NOT NULL,
        UNIQUE (account, region, name)
    );
    CREATE TABLE sqs_messages (
        number    INTEGER PRIMARY KEY,  -- the order of all messages
        queue     INTEGER NOT NULL,
        id        TEXT NOT NULL,
        message_group TEXT,             -- NULL: not of a FIFO queue
        sent_s    REAL NOT NULL,
        due_s     REAL NOT NULL,        -- when it is visible
        size      INTEGER NOT NULL,
        receives  INTEGER NOT NULL,
        before    INTEGER NOT NULL,     -- those of them in another queue
        first_s   REAL                  -- when it was received first
    );
    CREATE INDEX sqs_messages_of ON sqs_messages (queue);
    CREATE TABLE sqs_contents (
        number INTEGER PRIMARY KEY, body TEXT NOT NULL, attributes TEXT NOT NULL, system TEXT NOT NULL
    );
    CREATE TABLE sqs_seen (
        queue   INTEGER NOT NULL,
        key     TEXT NOT NULL,  -- a deduplication id, with its group where it is looked at by group
        until_s REAL NOT NULL,
        id      TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (queue, key)
    ) WITHOUT ROWID;
    CREATE INDEX sqs_seen_until ON sqs_seen (until_s);
    """,
    """
    CREATE TABLE sqs_moves (
        number      INTEGER PRIMARY KEY,  -- of the last message that the task may move
        id          TEXT NOT NULL,
        source      TEXT NOT NULL,        -- ARN of a dead letter queue
        destination TEXT,                 -- ARN; NULL: where each message came from
        rate        INTEGER,              -- messages a second; NULL: as fast as it goes
        started_ms  INTEGER NOT NULL,
        to_move     INTEGER NOT NULL,
        moved       INTEGER NOT NULL,
        status      TEXT NOT NULL,
        reason      TEXT                  -- why it failed
    );
    """,
    "DROP INDEX sqs_messages_of;",  # each message paid for it, and only a purge asks
    """
    CREATE TABLE stream_positions (
        mapping TEXT NOT NULL,     -- UUID of an event source mapping
        shard   TEXT NOT NULL,
        lane    INTEGER NOT NULL,  -- which of so many that share the shard
        lanes   INTEGER NOT NULL,
        kind    TEXT NOT NULL,     -- what the text is
        text    TEXT NOT NULL,
        window  TEXT,              -- the tumbling window that is open, as JSON
        PRIMARY KEY (mapping, shard, lane)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE sqs_journal (
        one   INTEGER PRIMARY KEY CHECK (one = 1),
        taken INTEGER NOT NULL  -- the number of the last entry that is in the tables
    );
    """,
    """
    CREATE TABLE timetable (
        arn    TEXT PRIMARY KEY,  -- of the rule or schedule that is due
        timing TEXT NOT NULL,     -- JSON, see model/schedules/timing.py
        next_s INTEGER NOT NULL,  -- when, by its expression
        due_s  REAL NOT NULL      -- the same, or as much later as its window lets it be
    ) WITHOUT ROWID;
    CREATE INDEX timetable_due ON timetable (due_s, arn);
    """,
    """
    CREATE TABLE schedule_groups (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        record  TEXT NOT NULL,  -- JSON
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID;
    CREATE TABLE schedules (
        account TEXT NOT NULL, region TEXT NOT NULL, group_name TEXT NOT NULL, name TEXT NOT NULL,
        state   TEXT NOT NULL,
        record  TEXT NOT NULL,  -- JSON
        PRIMARY KEY (account, region, group_name, name)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE kinesis_streams (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        record  TEXT NOT NULL,  -- all of it, with its shards and consumers, as JSON
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID;
    CREATE TABLE kinesis_records (
        place INTEGER PRIMARY KEY,  -- its shard, and its number there in the last 40 bits
        at_ms INTEGER NOT NULL,
        key   TEXT NOT NULL,
        data  BLOB NOT NULL
    );
    CREATE TABLE kinesis_journal (
        one   INTEGER PRIMARY KEY CHECK (one = 1),
        taken INTEGER NOT NULL  -- the number of the last entry that is in the tables
    );
    """,
    """
    CREATE TABLE log_groups (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        record  TEXT NOT NULL,  -- JSON; what is in them is in logs.db
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID;
    CREATE TABLE log_position (
        one     INTEGER PRIMARY KEY CHECK (one = 1),
        segment INTEGER NOT NULL  -- of logs.db, the last that filters have seen
    );
    """,
    """
    CREATE TABLE firehose_streams (
        id      INTEGER PRIMARY KEY,  -- never given twice
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        record  TEXT NOT NULL,        -- JSON
        UNIQUE (account, region, name)
    );
    CREATE TABLE firehose_records (
        number    INTEGER PRIMARY KEY AUTOINCREMENT,  -- objects are named by it: never given twice
        stream    INTEGER NOT NULL,
        place     TEXT NOT NULL,     -- where it waits
        partition TEXT NOT NULL,     -- JSON, or empty
        at_ms     INTEGER NOT NULL,  -- when it came
        since_s   REAL NOT NULL,     -- since when it waits there
        size      INTEGER NOT NULL,
        origin    TEXT,              -- JSON: what Kinesis says of it
        data      BLOB NOT NULL
    );
    CREATE INDEX firehose_records_in ON firehose_records (stream, place, partition, number, size, since_s);
    """,
    """
    CREATE TABLE alarms (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        record  TEXT NOT NULL,  -- with its state, as JSON
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID;
    CREATE TABLE alarm_history (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        type    TEXT NOT NULL,  -- of the alarm
        kind    TEXT NOT NULL,  -- of the item
        at_s    REAL NOT NULL,
        summary TEXT NOT NULL,
        data    TEXT NOT NULL   -- JSON
    );
    CREATE INDEX alarm_history_of ON alarm_history (account, region, name);
    CREATE INDEX alarm_history_at ON alarm_history (at_s);
    """,
    """
    CREATE TABLE clock (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        shown_s  REAL NOT NULL,  -- how far work is ahead of the machine, by its dates
        waited_s REAL NOT NULL   -- and by its waits
    );
    """,
    """
    CREATE TABLE firehose_positions (
        stream   INTEGER NOT NULL,
        shard    TEXT NOT NULL,
        position TEXT NOT NULL,  -- a sequence number, or that it has ended
        PRIMARY KEY (stream, shard)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE archived_events (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,  -- replays know by it how far they are: never given twice
        account TEXT NOT NULL, region TEXT NOT NULL, archive TEXT NOT NULL,
        at_s    REAL NOT NULL,     -- the event's own time
        size    INTEGER NOT NULL,  -- bytes
        text    TEXT NOT NULL      -- as targets get it
    );
    CREATE INDEX archived_events_of ON archived_events (account, region, archive, at_s, id, size);
    """,
    "CREATE INDEX alarms_composite ON alarms (account, region) WHERE json_extract(record, '$.is_composite');",
)
