-- Addresses that people make for one purpose and switch off: owned by package directory.

CREATE TABLE disposable (
	id         INTEGER PRIMARY KEY,
	domain     INTEGER NOT NULL REFERENCES domain(id) ON DELETE CASCADE,
	localpart  TEXT NOT NULL,
	user       INTEGER REFERENCES user(id) ON DELETE SET NULL, -- NULL: they have gone, and nobody gets it again
	note       TEXT NOT NULL,                   -- what for
	off        INTEGER NOT NULL,                -- mail to it is refused
	created_at INTEGER NOT NULL,
	used_at    INTEGER NOT NULL,                -- 0: never
	used_by    TEXT NOT NULL,                   -- who wrote to it last
	uses       INTEGER NOT NULL,
	UNIQUE (domain, localpart)
) STRICT;

CREATE INDEX disposable_user ON disposable (user);
