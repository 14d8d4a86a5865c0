package imapd

import (
	"strconv"
	"strings"

	"letterbox/store"
)

// Object ids of RFC 8474: a letter for the kind, so that no two kinds share an
// id, and the store's number.
const (
	emailPrefix  = "M"
	threadPrefix = "T"
)

func emailID(id store.MessageID) string { return emailPrefix + strconv.FormatInt(int64(id), 10) }

func threadID(id int64) string { return threadPrefix + strconv.FormatInt(id, 10) }

// parseObjectID reverses emailID and threadID. An id that was never given is
// 0, which nothing has.
func parseObjectID(prefix, id string) int64 {
	digits, ok := strings.CutPrefix(id, prefix)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n
}

// mailboxID is a mailbox's MAILBOXID (RFC 8474).
func mailboxID(id store.MailboxID) string { return "F" + strconv.FormatInt(int64(id), 10) }
