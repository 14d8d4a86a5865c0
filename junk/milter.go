package junk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	milter "github.com/emersion/go-milter"
)

// Milter is a filter that speaks Sendmail's protocol. It may refuse a message, or
// put it into Junk (by quarantine, by throwing it away, or by a header field that
// says X-Spam: yes). What else it would change stays as it is.
type Milter struct{ Socket Socket }

// Name is what the log calls it.
func (m *Milter) Name() string { return "milter " + string(m.Socket) }

// Ask goes through one session for one message.
func (m *Milter) Ask(ctx context.Context, s *Submission) (e Evidence, err error) {
	conn, done, err := m.Socket.dial(ctx)
	if err != nil {
		return e, fmt.Errorf("reach the milter: %w", err)
	}
	defer done()
	client := milter.NewClientWithOptions("", "", milter.ClientOptions{
		Dialer:     dialed{conn},
		ActionMask: milter.OptAddHeader | milter.OptChangeHeader | milter.OptQuarantine,
	})
	session, err := client.Session()
	if err != nil {
		return e, fmt.Errorf("begin with the milter: %w", err)
	}
	defer session.Close()
	changes, action, err := converse(session, s)
	if err != nil {
		return e, fmt.Errorf("ask the milter: %w", err)
	}
	return heed(changes, action)
}

// dialed is a Dialer for a connection that is there.
type dialed struct{ net.Conn }

func (d dialed) Dial(string, string) (net.Conn, error) { return d.Conn, nil }

// converse tells the milter everything until it has decided.
func converse(session *milter.ClientSession, s *Submission) ([]milter.ModifyAction, *milter.Action, error) {
	family, address := milter.FamilyInet, s.Remote.Unmap().WithZone("").String()
	if s.Remote.Unmap().Is6() {
		family, address = milter.FamilyInet6, "IPv6:"+address
	}
	name := s.RemoteName
	if name == "" {
		name = "[" + s.Remote.Unmap().String() + "]"
	}
	header, body := split(s.Raw)
	steps := []func() (*milter.Action, error){
		func() (*milter.Action, error) { return session.Conn(oneLine(name), family, 25, address) },
		func() (*milter.Action, error) { return session.Helo(oneLine(s.Helo)) },
		func() (*milter.Action, error) { return session.Mail(oneLine(s.Sender), nil) },
	}
	for _, to := range s.Recipients {
		steps = append(steps, func() (*milter.Action, error) { return session.Rcpt(oneLine(to), nil) })
	}
	for _, f := range header {
		steps = append(steps, func() (*milter.Action, error) { return session.HeaderField(f[0], f[1]) })
	}
	steps = append(steps, session.HeaderEnd)
	for _, step := range steps {
		action, err := step()
		if err != nil || action.Code != milter.ActContinue {
			return nil, action, err
		}
	}
	return session.BodyReadFrom(bytes.NewReader(body))
}

// split takes the header apart, as far as it is one.
func split(raw []byte) (fields [][2]string, body []byte) {
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		text := string(bytes.TrimRight(line, "\r"))
		raw = rest
		if text == "" {
			break
		}
		name, value, found := strings.Cut(text, ":")
		switch {
		case (text[0] == ' ' || text[0] == '\t') && len(fields) > 0:
			fields[len(fields)-1][1] += "\r\n" + text
		case found:
			fields = append(fields, [2]string{strings.TrimRight(name, " \t"), strings.TrimPrefix(value, " ")})
		}
	}
	return fields, raw
}

// heed does as the milter says.
func heed(changes []milter.ModifyAction, action *milter.Action) (e Evidence, err error) {
	switch action.Code {
	case milter.ActReject:
		return e, &RefusedError{Text: "a filter of this server refuses the message"}
	case milter.ActTempFail:
		return e, &RefusedError{Temporary: true, Text: "a filter of this server asks to try again later"}
	case milter.ActReplyCode:
		if action.SMTPCode/100 != 4 && action.SMTPCode/100 != 5 {
			return e, fmt.Errorf("the milter refuses with the code %d", action.SMTPCode)
		}
		return e, &RefusedError{Temporary: action.SMTPCode/100 == 4, Code: action.SMTPCode, Text: oneLine(action.SMTPText)}
	case milter.ActDiscard: // nothing is thrown away here
		e.decide(ReasonMilter, "it would throw the message away")
	case milter.ActAccept, milter.ActContinue:
	default:
		return e, errors.New("the milter's answer is not understood")
	}
	for _, c := range changes {
		switch {
		case c.Code == milter.ActQuarantine:
			e.decide(ReasonMilter, "quarantine: "+oneLine(c.Reason))
		case saysSpam(c.HeaderName, c.HeaderValue):
			e.add(ReasonMilter, DefaultThreshold+1, oneLine(c.HeaderName+": "+c.HeaderValue))
		}
	}
	return e, nil
}

// saysSpam knows the fields by which filters say it.
func saysSpam(name, value string) bool {
	switch strings.ToLower(name) {
	case "x-spam", "x-spam-flag", "x-spam-status":
		return len(value) >= 3 && strings.EqualFold(value[:3], "yes")
	}
	return false
}
