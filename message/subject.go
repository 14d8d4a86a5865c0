package message

import (
	"regexp"
	"strings"
)

var (
	subjectTrailer = regexp.MustCompile(`(?i)\s*\(fwd\)\s*$`)
	subjectLeader  = regexp.MustCompile(`(?i)^(\[[^\[\]]*\]\s*)*(re|fwd?)\s*(\[[^\[\]]*\])?:\s*`)
	subjectBlob    = regexp.MustCompile(`^\[[^\[\]]*\]\s*`)
	subjectForward = regexp.MustCompile(`(?i)^\[fwd:(.*)\]$`)
)

// maxSubject bounds the work on a subject that is all prefixes.
const maxSubject = 1000

// BaseSubject is a decoded subject without what replies and forwards add (RFC
// 5256 section 2.1), for sorting and threading. ASCII case is left as it is.
func BaseSubject(subject string) string {
	s := clip(strings.Join(strings.Fields(subject), " "), maxSubject)
	for {
		before := s
		s = subjectTrailer.ReplaceAllString(s, "")
		for {
			t := subjectLeader.ReplaceAllString(s, "")
			if rest := subjectBlob.ReplaceAllString(t, ""); rest != "" {
				t = rest
			}
			if t == s {
				break
			}
			s = t
		}
		if m := subjectForward.FindStringSubmatch(s); m != nil {
			s = strings.TrimSpace(m[1])
		}
		if s == before {
			return s
		}
	}
}
