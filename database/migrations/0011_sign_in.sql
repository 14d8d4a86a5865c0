-- Ways to sign in beside the password, and coming and going: owned by package directory.

CREATE TABLE app_password (                   -- one for each device
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	user             INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	name             TEXT NOT NULL,
	scopes           TEXT NOT NULL,             -- words: 'imap', 'submission'
	hash             BLOB NOT NULL,             -- HMAC-SHA-256: the secret is made here, and has 118 bits
	scram_salt       BLOB NOT NULL,
	scram_iterations INTEGER NOT NULL,
	scram_stored_key BLOB NOT NULL,
	scram_server_key BLOB NOT NULL,
	created_at       INTEGER NOT NULL,
	used_at          INTEGER NOT NULL DEFAULT 0,
	used_from        TEXT NOT NULL DEFAULT '',  -- address
	used_by          TEXT NOT NULL DEFAULT ''   -- what the client calls itself
) STRICT;
CREATE INDEX app_password_user ON app_password (user);

CREATE TABLE totp (                           -- RFC 6238
	user         INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	secret       TEXT NOT NULL,                 -- base32
	confirmed_at INTEGER NOT NULL DEFAULT 0,    -- 0: the first code has not been shown yet
	last_step    INTEGER NOT NULL DEFAULT 0     -- no code of this time step or an earlier one counts again
) STRICT;

CREATE TABLE passkey (
	id         BLOB PRIMARY KEY,                -- the authenticator's
	user       INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	credential TEXT NOT NULL,                   -- JSON: public key, counter, flags
	created_at INTEGER NOT NULL,
	used_at    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_user ON passkey (user);

CREATE TABLE recovery_code (                  -- each is good once, and then gone
	user INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	hash BLOB NOT NULL,                         -- HMAC-SHA-256
	PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (                     -- a link by which somebody chooses their password
	user       INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	hash       BLOB NOT NULL UNIQUE,            -- HMAC-SHA-256 of the token
	expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE leaving (                        -- disabled, and removed when the time has come
	user     INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	asked_at INTEGER NOT NULL,
	due_at   INTEGER NOT NULL,
	disabled INTEGER NOT NULL                   -- whether they were before
) STRICT;

CREATE INDEX audit_subject ON audit (subject, id);
