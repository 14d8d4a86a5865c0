-- A series is one figure over time.
CREATE TABLE series (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- sample has one row for each series and minute, hour and day (step, in seconds).
CREATE TABLE sample (
	series INTEGER NOT NULL REFERENCES series (id),
	step   INTEGER NOT NULL,
	at     INTEGER NOT NULL, -- beginning of the minute, hour or day, in seconds since 1970
	value  INTEGER NOT NULL,
	PRIMARY KEY (series, step, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX sample_age ON sample (step, at);

-- spread likewise: how many durations fell into which bucket.
CREATE TABLE spread (
	series INTEGER NOT NULL REFERENCES series (id),
	step   INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	counts BLOB NOT NULL,
	PRIMARY KEY (series, step, at)
) STRICT, WITHOUT ROWID;

-- session is one connection of a user that has ended.
CREATE TABLE session (
	id        INTEGER PRIMARY KEY,
	account   INTEGER NOT NULL,
	address   TEXT NOT NULL,
	device    TEXT NOT NULL,
	words     TEXT NOT NULL,
	protocol  TEXT NOT NULL,
	remote    TEXT NOT NULL,
	tls       TEXT NOT NULL,
	mechanism TEXT NOT NULL,
	began_at  INTEGER NOT NULL,
	ended_at  INTEGER NOT NULL,
	received  INTEGER NOT NULL,
	sent      INTEGER NOT NULL,
	commands  INTEGER NOT NULL,
	waiting   INTEGER NOT NULL,
	ending    TEXT NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account, ended_at);
CREATE INDEX session_age ON session (ended_at);

-- device is how far each device knows the mailbox that it looked at last.
CREATE TABLE device (
	device  TEXT PRIMARY KEY,
	account INTEGER NOT NULL,
	address TEXT NOT NULL,
	words   TEXT NOT NULL,
	remote  TEXT NOT NULL,
	tls     TEXT NOT NULL,
	waiting INTEGER NOT NULL,
	first_at INTEGER NOT NULL,
	last_at INTEGER NOT NULL,
	mailbox INTEGER NOT NULL,
	modseq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- dismissal keeps a finding from being shown, until a time or for good.
CREATE TABLE dismissal (
	finding  TEXT PRIMARY KEY,
	until_at INTEGER NOT NULL, -- 0: for good
	by_whom  TEXT NOT NULL,
	at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- note holds what has to be remembered from one day to the next.
CREATE TABLE note (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
