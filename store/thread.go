package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"

	"letterbox/message"
)

// maxReferences bounds how many ancestors of a message are looked up.
const maxReferences = 16

// findThread returns the thread that a message belongs to (RFC 8474 THREADID):
// that of the nearest ancestor, or of a message with the same Message-ID, that
// the account has seen. 0 when none is known.
func (j *job) findThread(a AccountID, m *message.Message) (thread int64, err error) {
	for _, ref := range ancestors(m) {
		err := j.tx.QueryRow(`SELECT thread FROM thread_ref WHERE account = ? AND ref = ?`,
			int64(a), hashRef(ref)).Scan(&thread)
		if !errors.Is(err, sql.ErrNoRows) {
			return thread, err
		}
	}
	return 0, nil
}

// ancestors are the Message-IDs to look for, most telling first: the message's
// own, its parent, then those before it and at last the root.
func ancestors(m *message.Message) []string {
	var refs []string
	add := func(ref string) {
		if ref != "" && len(refs) < maxReferences {
			refs = append(refs, ref)
		}
	}
	add(m.MessageID)
	if n := len(m.References); n > 0 {
		add(m.References[n-1])
		add(m.References[0])
	}
	for _, ref := range m.InReplyTo {
		add(ref)
	}
	for i := len(m.References) - 2; i > 0; i-- {
		add(m.References[i])
	}
	return refs
}

// joinThread lets later messages find the thread: by the message's own
// Message-ID, and by the first it refers to, for siblings whose parent the
// account never saw. Rows stay when the message goes: its thread may go on.
func (j *job) joinThread(a AccountID, thread int64, m *message.Message) error {
	for _, ref := range [...]string{m.MessageID, root(m)} {
		if ref == "" {
			continue
		}
		_, err := j.tx.Exec(`INSERT INTO thread_ref (account, ref, thread) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			int64(a), hashRef(ref), thread)
		if err != nil {
			return err
		}
	}
	return nil
}

// root is the oldest message that m refers to.
func root(m *message.Message) string {
	switch {
	case len(m.References) > 0:
		return m.References[0]
	case len(m.InReplyTo) > 0:
		return m.InReplyTo[0]
	}
	return ""
}

// hashRef shortens a Message-ID for the index. In an account of a million
// messages two of them collide with a chance of one in ten million.
func hashRef(ref string) int64 {
	sum := sha256.Sum256([]byte(ref))
	return int64(binary.LittleEndian.Uint64(sum[:8]))
}
