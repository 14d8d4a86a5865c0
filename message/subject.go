package message

import "strings"

// maxSubject bounds the work on a subject that is all prefixes.
const maxSubject = 1000

// BaseSubject is a decoded subject without what replies and forwards add (RFC
// 5256 section 2.1), for sorting and threading. ASCII case is left as it is.
// reply says that it is one of a reply or forward: something more than white
// space and blobs was removed (section 3, THREAD).
func BaseSubject(subject string) (base string, reply bool) {
	s := strings.Join(strings.Fields(clip(subject, maxSubject)), " ") // clip may bring about space, of bytes that were none
	for {
		trimmed, forwarded := cutTrailers(s)
		trimmed, answered := cutLeaders(trimmed)
		reply = reply || forwarded || answered
		inner, ok := cutForward(trimmed)
		if !ok {
			return trimmed, reply
		}
		s, reply = inner, true
	}
}

// cutTrailers takes off "(fwd)" and space at the end.
func cutTrailers(s string) (rest string, cut bool) {
	const trailer = "(fwd)"
	for {
		s = strings.TrimRight(s, " ")
		if !hasSuffixFold(s, trailer) {
			return s, cut
		}
		s, cut = s[:len(s)-len(trailer)], true
	}
}

// cutLeaders takes off "Re:" and the like, and blobs unless nothing is left.
func cutLeaders(s string) (rest string, cut bool) {
	for {
		s = strings.TrimLeft(s, " ")
		if n := leaderLength(s); n > 0 {
			s, cut = s[n:], true
			continue
		}
		n := blobLength(s)
		if n == 0 || n == len(s) {
			return s, cut
		}
		s = s[n:]
	}
}

// leaderLength measures blobs with "re", "fw" or "fwd", perhaps a blob, and a
// colon; 0 when there are none.
func leaderLength(s string) int {
	at := 0
	for n := blobLength(s); n > 0; n = blobLength(s[at:]) {
		at += n
	}
	switch rest := s[at:]; {
	case hasPrefixFold(rest, "fwd"):
		at += len("fwd")
	case hasPrefixFold(rest, "re"), hasPrefixFold(rest, "fw"):
		at += len("re")
	default:
		return 0
	}
	at += spaces(s[at:])
	at += blobLength(s[at:])
	if !strings.HasPrefix(s[at:], ":") {
		return 0
	}
	return at + 1
}

// blobLength measures "[...]" with the space behind it; 0 when there is none.
func blobLength(s string) int {
	if !strings.HasPrefix(s, "[") {
		return 0
	}
	end := strings.IndexAny(s[1:], "[]")
	if end < 0 || s[1+end] != ']' {
		return 0
	}
	end += 2
	return end + spaces(s[end:])
}

// cutForward takes off "[fwd: ... ]".
func cutForward(s string) (inner string, ok bool) {
	const header = "[fwd:"
	if !hasPrefixFold(s, header) || !strings.HasSuffix(s, "]") {
		return "", false
	}
	return s[len(header) : len(s)-1], true
}

func spaces(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
