package mailauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tags are those of a tag-list (RFC 6376 section 3.2).
type tags map[string]string

func parseTags(text string) (tags, error) {
	list := tags{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, found := strings.Cut(part, "=")
		name = strings.TrimFunc(name, isSpace)
		if !found && name == "" {
			continue
		}
		if !found || !isTagName(name) {
			return nil, errors.New("its tags are malformed")
		}
		if _, twice := list[name]; twice {
			return nil, fmt.Errorf("it has two tags %s=", name)
		}
		list[name] = strings.TrimFunc(value, isSpace)
	}
	return list, nil
}

func isTagName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// tight returns a value without any white space.
func (t tags) tight(name string) string {
	return strings.Join(strings.FieldsFunc(t[name], isSpace), "")
}

// list returns a value that has colons between its items.
func (t tags) list(name string) []string {
	if t[name] == "" {
		return nil
	}
	return strings.Split(t.tight(name), ":")
}

func (t tags) base64(name string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(t.tight(name))
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("its %s= is not base64", name)
	}
	return b, nil
}

// time returns a moment, zero when the tag is not there.
func (t tags) time(name string) (time.Time, error) {
	text, set := t[name]
	if !set {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return time.Time{}, fmt.Errorf("its %s= is no time", name)
	}
	return time.Unix(n, 0), nil
}
