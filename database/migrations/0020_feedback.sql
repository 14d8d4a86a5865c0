-- What servers report to each other: owned by package feedback, but for the last
-- column, which is queue's.

-- What was seen of others' mail, by day (UTC, days since 1970) and domain, until the
-- domain is told.
CREATE TABLE observation (
	kind   TEXT NOT NULL,                      -- 'dmarc', 'tls'
	day    INTEGER NOT NULL,
	domain TEXT NOT NULL,                      -- whose policy it is about
	policy TEXT NOT NULL,                      -- JSON
	what   TEXT NOT NULL,                      -- JSON; '' for a session that was as it should be
	count  INTEGER NOT NULL,
	PRIMARY KEY (kind, day, domain, policy, what)
) STRICT, WITHOUT ROWID;

-- Reports that leave by HTTPS.
CREATE TABLE report_post (
	id       INTEGER PRIMARY KEY,
	url      TEXT NOT NULL,
	media    TEXT NOT NULL,
	content  BLOB NOT NULL,
	tries    INTEGER NOT NULL DEFAULT 0,
	next_at  INTEGER NOT NULL,
	until_at INTEGER NOT NULL,                 -- given up then
	posting  INTEGER NOT NULL DEFAULT 0        -- under way: whether it arrived is not known
) STRICT;

-- Reports of others about domains of ours.
CREATE TABLE report (
	id         INTEGER PRIMARY KEY,
	kind       TEXT NOT NULL,                  -- 'dmarc', 'tls'
	domain     TEXT NOT NULL,                  -- ours
	reporter   TEXT NOT NULL,                  -- the domain that stands for it
	report_id  TEXT NOT NULL,                  -- as the reporter calls it
	begins_at  INTEGER NOT NULL,
	ends_at    INTEGER NOT NULL,
	arrived_at INTEGER NOT NULL,
	lines      INTEGER NOT NULL,
	UNIQUE (kind, domain, reporter, report_id)
) STRICT;
CREATE INDEX report_domain ON report (domain, begins_at);

CREATE TABLE dmarc_line (
	report      INTEGER NOT NULL REFERENCES report(id) ON DELETE CASCADE,
	source      TEXT NOT NULL,                 -- address
	author      TEXT NOT NULL,                 -- domain of From
	passes      INTEGER NOT NULL,              -- the author's domain stands for them
	disposition TEXT NOT NULL,
	spf_domain  TEXT NOT NULL,
	spf_result  TEXT NOT NULL,
	dkim_domain TEXT NOT NULL,
	dkim_result TEXT NOT NULL,
	count       INTEGER NOT NULL
) STRICT;
CREATE INDEX dmarc_line_report ON dmarc_line (report);

CREATE TABLE tls_line (
	report INTEGER NOT NULL REFERENCES report(id) ON DELETE CASCADE,
	policy TEXT NOT NULL,                      -- 'tlsa', 'sts', 'no-policy-found'
	result TEXT NOT NULL,                      -- '' for sessions that were as they should be
	host   TEXT NOT NULL,
	reason TEXT NOT NULL,
	count  INTEGER NOT NULL
) STRICT;
CREATE INDEX tls_line_report ON tls_line (report);

-- What the machines are called that reports name.
CREATE TABLE source_name (
	address  TEXT PRIMARY KEY,
	name     TEXT NOT NULL,                    -- '' for none
	asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE outbound ADD COLUMN lax_tls INTEGER NOT NULL DEFAULT 0; -- encryption that fails is no reason to keep it
