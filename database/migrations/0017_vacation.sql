-- What is answered in the name of who is away: owned by package directory.

CREATE TABLE vacation (
	user      INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	active    INTEGER NOT NULL,
	first_day TEXT NOT NULL,                    -- such as 2026-12-31, by the machine's clock; '' for at once
	last_day  TEXT NOT NULL,                    -- the last one away; '' for until it is switched off
	subject   TEXT NOT NULL,                    -- '' for the subject of what is answered
	text      TEXT NOT NULL,
	sender    TEXT NOT NULL,                    -- the From field; '' for the address that was written to
	period    INTEGER NOT NULL                  -- days in which a sender is answered once
) STRICT;

-- Who was answered, so that nobody is twice within the period.
CREATE TABLE vacation_answered (
	user   INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	sender TEXT NOT NULL,
	at     INTEGER NOT NULL,
	PRIMARY KEY (user, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX vacation_answered_at ON vacation_answered (user, at);
