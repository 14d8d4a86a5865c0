package dialogue

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	part     = regexp.MustCompile(`\{\{.*?\}\}`)
	capture  = regexp.MustCompile(`^([a-z]\w*)=(.*)$`)
	inBase64 = regexp.MustCompile(`^b64 (".*")$`)
)

// insert replaces {{$name}} by what was remembered, and {{b64 "..."}}.
func (st *Stage) insert(text string) string {
	return part.ReplaceAllStringFunc(text, func(whole string) string {
		inner := whole[2 : len(whole)-2]
		if name, ok := strings.CutPrefix(inner, "$"); ok {
			return st.captured[name]
		}
		if m := inBase64.FindStringSubmatch(inner); m != nil {
			return base64.StdEncoding.EncodeToString([]byte(st.unquote(m[1])))
		}
		return whole
	})
}

func (st *Stage) unquote(text string) string {
	raw, err := strconv.Unquote(text)
	if err != nil {
		st.Fatalf("not a Go string: %v", err)
	}
	return raw
}

// Match compares a line with a pattern and remembers the captures.
func (st *Stage) Match(pattern, line string) bool {
	var expr strings.Builder
	rest := st.insert(pattern)
	for {
		at := part.FindStringIndex(rest)
		if at == nil {
			break
		}
		expr.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		inner := rest[at[0]+2 : at[1]-2]
		if m := capture.FindStringSubmatch(inner); m != nil {
			fmt.Fprintf(&expr, "(?P<%s>%s)", m[1], m[2])
		} else {
			fmt.Fprintf(&expr, "(?:%s)", inner)
		}
		rest = rest[at[1]:]
	}
	re, err := regexp.Compile("^" + expr.String() + regexp.QuoteMeta(rest) + "$")
	if err != nil {
		st.Fatalf("pattern: %v", err)
	}
	m := re.FindStringSubmatch(line)
	for i, name := range re.SubexpNames() {
		if m != nil && name != "" {
			st.captured[name] = m[i]
		}
	}
	return m != nil
}
