-- People at the web pages: owned by package directory.

ALTER TABLE user ADD COLUMN language TEXT NOT NULL DEFAULT ''; -- what pages and mails are in; '': what the browser asks for, and English

CREATE TABLE web_session (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	token      BLOB NOT NULL UNIQUE,            -- SHA-256 of what the browser keeps
	user       INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	version    INTEGER NOT NULL,                -- of the credential that was shown: a new password ends the session
	created_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	proved_at  INTEGER NOT NULL,                -- when the password was last shown in it
	remote     TEXT NOT NULL,
	agent      TEXT NOT NULL                    -- what the browser calls itself
) STRICT;
CREATE INDEX web_session_user ON web_session (user);
