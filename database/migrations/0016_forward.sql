-- Mail that people pass on: owned by package directory.

CREATE TABLE forward (
	user   INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	target TEXT NOT NULL,                       -- an address, ours or elsewhere
	keep   INTEGER NOT NULL,                    -- a copy stays; the same in all rows of a user
	PRIMARY KEY (user, target)
) STRICT, WITHOUT ROWID;
