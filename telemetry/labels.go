package telemetry

import (
	"strings"
	"sync"
)

// other stands for every value that is not expected.
const other = "other"

func protocolLabel(protocol string) string {
	switch protocol {
	case "imap", "smtp", "submission", "web":
		return protocol
	}
	return other
}

func statusLabel(status string) string {
	switch status {
	case "OK", "NO", "BAD", "BYE", "2", "3", "4", "5":
		return status
	}
	return other
}

func resultLabel(result string) string {
	switch result {
	case "ok", "bad", "throttled":
		return result
	}
	return other
}

// commandLabel lets the commands of IMAP and SMTP through, in capitals. UID
// before a command is kept: fetching by UID is not the same work.
func commandLabel(name string) string {
	name = strings.ToUpper(name)
	if isCommand(strings.TrimPrefix(name, "UID ")) {
		return name
	}
	return other
}

func isCommand(name string) bool {
	switch name {
	// RFC 9051 section 6 and RFC 3501 section 6.
	case "CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE", "LOGIN",
		"ENABLE", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE",
		"UNSUBSCRIBE", "LIST", "LSUB", "NAMESPACE", "STATUS", "APPEND", "IDLE",
		"CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE",
		"COPY", "MOVE", "UID":
		return true
	// Extensions of IMAP.
	case "ID", "COMPRESS", "SORT", "THREAD", "GETQUOTA", "GETQUOTAROOT", "SETQUOTA",
		"SETACL", "DELETEACL", "GETACL", "LISTRIGHTS", "MYRIGHTS", "GETMETADATA",
		"SETMETADATA", "NOTIFY", "ESEARCH", "REPLACE", "UNAUTHENTICATE", "CANCELUPDATE",
		"GENURLAUTH", "RESETKEY", "URLFETCH", "GETJMAPACCESS":
		return true
	// RFC 5321 section 4.1.1, RFC 3030, RFC 4954. The message after DATA is
	// counted as its own step.
	case "EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "MESSAGE", "RSET", "VRFY",
		"EXPN", "HELP", "QUIT", "AUTH":
		return true
	}
	return false
}

// A vocabulary lets through the first values that it sees, up to its limit.
type vocabulary struct {
	limit int

	mu   sync.Mutex
	seen map[string]bool
}

func (v *vocabulary) label(value string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.seen[value]:
		return value
	case len(v.seen) >= v.limit:
		return other
	case v.seen == nil:
		v.seen = map[string]bool{}
	}
	v.seen[value] = true
	return value
}
