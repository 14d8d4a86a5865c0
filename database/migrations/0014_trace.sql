-- Each attempt is noted with its message in the trace: owned by package queue.

ALTER TABLE outbound ADD COLUMN trace TEXT NOT NULL DEFAULT ''; -- what the message is called there; '' for none
