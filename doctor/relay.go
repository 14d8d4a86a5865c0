package doctor

import (
	"context"
	"fmt"
	"net/textproto"
	"strings"
)

// openRelay tries, as a stranger, to have mail passed on to elsewhere. A server
// that does that is found by spammers within hours.
func openRelay(ctx context.Context, p *Patient) (list []Result) {
	for _, l := range p.Listeners {
		if l.Name != "smtp" {
			continue
		}
		a := machineThing("openrelay", l.Address.String())
		switch reply, passed, err := p.passesOn(ctx, l); {
		case err != nil:
			list = append(list, a.unknown("unasked", err.Error()))
		case passed:
			list = append(list, a.red("open", reply))
		default:
			list = append(list, a.ok("closed", reply))
		}
	}
	return list
}

// passesOn asks for a recipient at a name that never exists (RFC 6761 section
// 6.4) and returns the answer.
func (p *Patient) passesOn(ctx context.Context, l Listener) (reply string, passed bool, err error) {
	conn, err := p.dial(ctx, near(l.Address).String())
	if err != nil {
		return "", false, err
	}
	hurry(ctx, conn)
	c := textproto.NewConn(conn)
	defer c.Close()
	if _, _, err := c.ReadResponse(220); err != nil {
		return "", false, err
	}
	for _, step := range []string{"EHLO doctor.invalid", "MAIL FROM:<doctor@doctor.invalid>"} {
		if err := c.PrintfLine("%s", step); err != nil {
			return "", false, err
		}
		code, text, err := c.ReadResponse(0)
		if err != nil {
			return "", false, err
		}
		if code >= 400 { // a server that refuses so early passes nothing on
			return line(code, text), false, nil
		}
	}
	if err := c.PrintfLine("RCPT TO:<somebody@elsewhere.invalid>"); err != nil {
		return "", false, err
	}
	code, text, err := c.ReadResponse(0)
	if err != nil {
		return "", false, err
	}
	_ = c.PrintfLine("QUIT") // the answer is known; whether it is polite matters no more
	return line(code, text), code < 400, nil
}

func line(code int, text string) string {
	return strings.ReplaceAll(fmt.Sprintf("%d %s", code, text), "\n", " ")
}
