-- Mail that leaves is sent: owned by package queue.

ALTER TABLE outbound ADD COLUMN passed_on TEXT NOT NULL DEFAULT ''; -- the domain of ours in whose name it is passed on; '' when it was written here

ALTER TABLE outbound_recipient ADD COLUMN domain TEXT NOT NULL DEFAULT '';    -- of the address: lower case, A-labels
ALTER TABLE outbound_recipient ADD COLUMN report TEXT NOT NULL DEFAULT '';    -- what the sender is yet to be told: 'failed', 'delayed', 'relayed' or ''
ALTER TABLE outbound_recipient ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;  -- the sender was told that it is late
ALTER TABLE outbound_recipient ADD COLUMN last_host TEXT NOT NULL DEFAULT ''; -- that gave last_reply
ALTER TABLE outbound_recipient ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0; -- of the last attempt

UPDATE outbound_recipient SET domain = lower(replace(address, rtrim(address, replace(address, '@', '')), ''));

CREATE INDEX outbound_domain ON outbound_recipient (domain, next_at) WHERE state = 'waiting';
CREATE INDEX outbound_report ON outbound_recipient (outbound) WHERE report <> '';

CREATE TABLE sts_policy (                     -- MTA-STS (RFC 8461), as fetched
	domain     TEXT PRIMARY KEY,
	policy_id  TEXT NOT NULL,
	mode       TEXT NOT NULL,                   -- 'enforce', 'testing', 'none'
	mx         TEXT NOT NULL,                   -- patterns with spaces between
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE detour (                         -- providers that refuse our address: their mail goes by the relay
	provider TEXT PRIMARY KEY,                  -- the domain that its servers' names end in
	until_at INTEGER NOT NULL,
	reply    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who signs: owned by package directory.

CREATE TABLE dkim_key (
	domain     INTEGER NOT NULL REFERENCES domain(id) ON DELETE CASCADE,
	selector   TEXT NOT NULL,
	private    BLOB NOT NULL,                   -- PKCS #8
	created_at INTEGER NOT NULL,
	signs_at   INTEGER NOT NULL,                -- from then on it signs: published before
	retired_at INTEGER NOT NULL DEFAULT 0,      -- from then on it does not; 0: still does
	PRIMARY KEY (domain, selector)
) STRICT, WITHOUT ROWID;
