package queue

import (
	"bufio"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Reply is what a server answered, or what we say ourselves where none did.
type Reply struct {
	Code     int    // 250, 451, 550; 0: no server said it
	Enhanced string // "5.1.1" (RFC 3463), "" when the server gave none
	Text     string // its words, a line each, without codes
}

// Limits on what a server may say: longer is no mail server.
const (
	maxReplyLine  = 4096
	maxReplyLines = 200
)

// enhancedCode is what may stand at the beginning of a line (RFC 2034 section 4).
var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}(?:$|[ \t]+)`)

var errNotSMTP = errors.New("the other side does not speak SMTP")

// readReply reads one reply, of one line or several.
func readReply(r *bufio.Reader) (Reply, error) {
	var reply Reply
	var lines []string
	for len(lines) < maxReplyLines {
		line, err := readLine(r)
		if err != nil {
			return Reply{}, err
		}
		code, err := strconv.Atoi(line[:min(3, len(line))])
		if err != nil || code < 200 || code > 599 || len(lines) > 0 && code != reply.Code {
			return Reply{}, errNotSMTP
		}
		reply.Code = code
		text := strings.TrimSpace(printable(line[min(4, len(line)):]))
		// A code of another class than the reply's own means nothing.
		if code := enhancedCode.FindString(text); code != "" && text[0] == line[0] {
			reply.Enhanced = strings.TrimRight(code, " \t")
			text = text[len(code):]
		}
		lines = append(lines, text)
		if len(line) < 4 || line[3] != '-' {
			reply.Text = strings.Join(lines, "\n")
			return reply, nil
		}
	}
	return Reply{}, errNotSMTP
}

// readLine reads a line of bounded length, without its end.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errNotSMTP
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// printable drops what must not reach a log, a report or a screen.
func printable(s string) string {
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s), "?")
}

// Good, Temporary and Permanent tell the kinds of replies apart (RFC 5321
// section 4.2.1).
func (r Reply) Good() bool      { return r.class() == '2' || r.class() == '3' }
func (r Reply) Temporary() bool { return r.class() == '4' }
func (r Reply) Permanent() bool { return r.class() == '5' }

// class is the first digit; our own replies have only an enhanced code.
func (r Reply) class() byte {
	if r.Code != 0 {
		return '0' + byte(r.Code/100)
	}
	if r.Enhanced != "" {
		return r.Enhanced[0]
	}
	return '4'
}

// Status is the enhanced code, made up from the plain one where the server gave
// none.
func (r Reply) Status() string {
	if r.Enhanced != "" {
		return r.Enhanced
	}
	return string(r.class()) + ".0.0"
}

// String is the reply in one line.
func (r Reply) String() string {
	var words []string
	if r.Code != 0 {
		words = append(words, strconv.Itoa(r.Code))
	}
	if r.Enhanced != "" {
		words = append(words, r.Enhanced)
	}
	return strings.Join(append(words, strings.Fields(r.Text)...), " ")
}

// parseReply is the reverse of String, for what the database keeps.
func parseReply(s string) Reply {
	var r Reply
	if len(s) == 3 || len(s) > 3 && s[3] == ' ' {
		if code, err := strconv.Atoi(s[:3]); err == nil && code >= 200 && code <= 599 {
			r.Code, s = code, s[min(4, len(s)):]
		}
	}
	if code := enhancedCode.FindString(s); code != "" && (r.Code == 0 || s[0] == r.class()) {
		r.Enhanced, s = strings.TrimRight(code, " \t"), s[len(code):]
	}
	r.Text = s
	return r
}

// ours is a reply that no server gave.
func ours(status, format string, args ...any) Reply {
	return Reply{Enhanced: status, Text: fmt.Sprintf(format, args...)}
}

// A replyError is a reply that ends what was attempted.
type replyError struct{ Reply }

func (e *replyError) Error() string { return e.String() }

// asReply turns any error of an attempt into a reply; what no server said is
// temporary.
func asReply(err error) Reply {
	var r *replyError
	if errors.As(err, &r) {
		return r.Reply
	}
	return ours("4.4.2", "%s", printable(err.Error()))
}
