-- Who: owned by package directory.

CREATE TABLE domain (
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,            -- lower case, A-labels
	created_at INTEGER NOT NULL                 -- seconds since 1970, as every *_at below
) STRICT;

CREATE TABLE user (
	id         INTEGER PRIMARY KEY AUTOINCREMENT, -- the account id everywhere else; never given twice
	domain     INTEGER NOT NULL REFERENCES domain(id),
	localpart  TEXT NOT NULL,                   -- NFC, lower case
	name       TEXT NOT NULL DEFAULT '',
	role       TEXT NOT NULL DEFAULT '',        -- '', 'admin', 'helper', 'auditor'
	disabled   INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	UNIQUE (domain, localpart)
) STRICT;

CREATE TABLE credential (
	user             INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	argon2id         TEXT NOT NULL,             -- PHC string
	scram_salt       BLOB NOT NULL,             -- RFC 5802, SHA-256 (RFC 7677)
	scram_iterations INTEGER NOT NULL,
	scram_stored_key BLOB NOT NULL,
	scram_server_key BLOB NOT NULL,
	version          INTEGER NOT NULL,          -- grows with each change: ends cached sign-ins
	changed_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE alias (
	domain    INTEGER NOT NULL REFERENCES domain(id),
	localpart TEXT NOT NULL,                    -- '*' is the domain's catch-all
	target    TEXT NOT NULL,                    -- an address, ours or elsewhere
	PRIMARY KEY (domain, localpart, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE known_peer (                     -- where a user signed in from before: never locked out
	user    INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	peer    TEXT NOT NULL,                      -- address (IPv4) or /64 (IPv6)
	last_at INTEGER NOT NULL,
	PRIMARY KEY (user, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
	id      INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	actor   TEXT NOT NULL,                      -- a user's address, 'command line', 'system'
	action  TEXT NOT NULL,                      -- 'user.add', 'signin.ok', ...
	subject TEXT NOT NULL,
	remote  TEXT NOT NULL DEFAULT '',
	detail  TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE setting (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Mail: owned by package store.

CREATE TABLE account (
	id             INTEGER PRIMARY KEY,         -- user.id
	modseq         INTEGER NOT NULL,            -- highest given to any change
	uidvalidity    INTEGER NOT NULL,            -- highest given to any mailbox, alive or deleted: none repeats
	bytes          INTEGER NOT NULL DEFAULT 0,  -- what counts for the quota
	messages       INTEGER NOT NULL DEFAULT 0,
	limit_bytes    INTEGER NOT NULL DEFAULT 0,  -- 0: unlimited
	limit_messages INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE mailbox (
	id           INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: also MAILBOXID (RFC 8474)
	account      INTEGER REFERENCES account(id), -- NULL: deleted; its rows are being cleared away
	name         TEXT NOT NULL,                 -- NFC, '/' between levels, 'INBOX' in capitals
	special_use  TEXT NOT NULL DEFAULT '',      -- '\Sent' ... or ''
	uidvalidity  INTEGER NOT NULL,
	uidnext      INTEGER NOT NULL DEFAULT 1,
	modseq       INTEGER NOT NULL,              -- highest of any change in it (HIGHESTMODSEQ)
	history_from INTEGER NOT NULL,              -- expunges up to this modseq may be forgotten
	recent_from  INTEGER NOT NULL DEFAULT 1,    -- uids from here are \Recent to the next session
	messages     INTEGER NOT NULL DEFAULT 0,
	unseen       INTEGER NOT NULL DEFAULT 0,
	deleted      INTEGER NOT NULL DEFAULT 0,
	bytes        INTEGER NOT NULL DEFAULT 0,
	created_at   INTEGER NOT NULL,
	UNIQUE (account, name)
) STRICT;

CREATE TABLE subscription (                   -- by name: it may outlive its mailbox (RFC 9051 section 6.3.7)
	account INTEGER NOT NULL REFERENCES account(id),
	name    TEXT NOT NULL,
	PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE keyword (
	mailbox INTEGER NOT NULL REFERENCES mailbox(id) ON DELETE CASCADE,
	bit     INTEGER NOT NULL,                   -- in entry.flags
	name    TEXT NOT NULL,
	PRIMARY KEY (mailbox, bit)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (                          -- hot and narrow: one row a message in a mailbox
	mailbox  INTEGER NOT NULL,
	uid      INTEGER NOT NULL,
	modseq   INTEGER NOT NULL,
	flags    INTEGER NOT NULL,                  -- bits 0-7 system flags, from 8 the mailbox's keywords
	message  INTEGER NOT NULL,
	saved_at INTEGER NOT NULL,                  -- SAVEDATE (RFC 8514)
	size     INTEGER NOT NULL,                  -- message.size: counters without the cold table
	PRIMARY KEY (mailbox, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (                        -- cold and append-only: what never changes; copies share it
	id            INTEGER PRIMARY KEY AUTOINCREMENT, -- also EMAILID (RFC 8474)
	account       INTEGER NOT NULL,
	blob          INTEGER NOT NULL,             -- blob.id
	size          INTEGER NOT NULL,             -- prefix and body: RFC822.SIZE
	received_at   INTEGER NOT NULL,             -- INTERNALDATE
	received_zone INTEGER NOT NULL,             -- minutes east of UTC
	thread        INTEGER NOT NULL,             -- THREADID; 0: the id, as this message began it
	prefix        BLOB NOT NULL,                -- header lines put before the body for this recipient
	envelope      BLOB NOT NULL,                -- wire form
	bodystructure BLOB NOT NULL,                -- wire form
	parts         BLOB NOT NULL,                -- message.Part tree, encoded: offsets in the body
	header        BLOB NOT NULL,                -- the usual header fields, as they came
	preview       TEXT NOT NULL
) STRICT;

CREATE TABLE copies (                         -- only for messages that stand in more than one entry
	message INTEGER PRIMARY KEY,
	extra   INTEGER NOT NULL                    -- entries beyond the first
) STRICT;

CREATE TABLE dropped (                        -- entries that are gone and not settled yet with message and copies
	message INTEGER PRIMARY KEY,
	entries INTEGER NOT NULL
) STRICT;

CREATE TABLE thread_ref (                     -- which thread a Message-ID belongs to
	account INTEGER NOT NULL,
	ref     INTEGER NOT NULL,                   -- hash of the Message-ID
	thread  INTEGER NOT NULL,
	PRIMARY KEY (account, ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE expunged (                       -- history for QRESYNC, bounded by mailbox.history_from
	mailbox INTEGER NOT NULL,
	modseq  INTEGER NOT NULL,
	uid     INTEGER NOT NULL,
	PRIMARY KEY (mailbox, modseq, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	hash     BLOB NOT NULL UNIQUE,              -- SHA-256 of the body
	pack     INTEGER NOT NULL,
	offset   INTEGER NOT NULL,
	length   INTEGER NOT NULL,                  -- of the record in the pack
	size     INTEGER NOT NULL,                  -- of the body
	refs     INTEGER NOT NULL,
	freed_at INTEGER NOT NULL DEFAULT 0         -- when refs became 0
) STRICT;
CREATE INDEX blob_freed ON blob (freed_at) WHERE refs = 0;

CREATE TABLE held (                           -- bodies kept for others than mailboxes: the outbound queue
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	blob INTEGER NOT NULL
) STRICT;

-- Mail that leaves: owned by package queue.

CREATE TABLE outbound (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL,                -- who submitted it; 0: the appliance
	sender     TEXT NOT NULL,                   -- reverse-path, '' for <>
	held       INTEGER NOT NULL,                -- held.id
	prefix     BLOB NOT NULL,                   -- header lines to send before the held body
	size       INTEGER NOT NULL,                -- prefix and body
	body       TEXT NOT NULL DEFAULT '',        -- '', '7BIT', '8BITMIME', 'BINARYMIME'
	smtputf8   INTEGER NOT NULL DEFAULT 0,
	requiretls INTEGER NOT NULL DEFAULT 0,
	dsn_ret    TEXT NOT NULL DEFAULT '',        -- RFC 3461: 'FULL', 'HDRS' or ''
	dsn_envid  TEXT NOT NULL DEFAULT '',
	created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE outbound_recipient (
	outbound   INTEGER NOT NULL REFERENCES outbound(id) ON DELETE CASCADE,
	address    TEXT NOT NULL,
	dsn_notify TEXT NOT NULL DEFAULT '',        -- RFC 3461: 'NEVER' or a list
	dsn_orcpt  TEXT NOT NULL DEFAULT '',
	state      TEXT NOT NULL DEFAULT 'waiting', -- 'waiting', 'held', 'sent', 'failed'
	attempts   INTEGER NOT NULL DEFAULT 0,
	next_at    INTEGER NOT NULL,
	last_reply TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (outbound, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbound_due ON outbound_recipient (next_at) WHERE state = 'waiting';
