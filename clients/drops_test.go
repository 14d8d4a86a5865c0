package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"letterbox/internal/zone"
)

// letterOf is a message longer than what passes before a cut.
func letterOf(subject string) []byte {
	return slices.Concat(sample(subject), []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 10_000)))
}

// TestFromPostfixThroughCuts: what breaks off within a message is nobody's, and is
// sent again; what breaks off before Postfix hears that it was taken comes twice,
// since SMTP has no way to know. Nothing is lost.
func TestFromPostfixThroughCuts(t *testing.T) {
	t.Parallel()
	l, port := among(t, zone.Serve(t, ""))
	through := cut(t, "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", port), "", amidst, unanswered)
	p := startPostfix(t, relaying(through))
	p.send(letterOf("cut"), "bob@far.example", anna)
	p.sent(anna)
	if got := l.countIn(anna, "INBOX"); got != 2 {
		t.Errorf("Anna has it %d times", got)
	}
}

// TestToPostfixThroughCuts is the same the other way round.
func TestToPostfixThroughCuts(t *testing.T) {
	t.Parallel()
	p := startPostfix(t, "smtpd_tls_security_level = none")
	host := loopback(t)
	cut(t, host+":25", p.host+":25", "", amidst, unanswered)
	l, _ := among(t, zone.Serve(t, "far.example. MX 10 mx.far.example.\nmx.far.example. A "+host+"\n"))
	l.write(letterOf("cut"), "bob@far.example")
	l.trace("bob@far.example", "deferred")
	waitFor(t, "the second attempt to break off", func() bool {
		l.run("", "queue", "retry", "--all")
		return strings.Count(l.run("", "trace", "bob@far.example"), "deferred") >= 2
	})
	waitFor(t, "the third attempt", func() bool {
		l.run("", "queue", "retry", "--all")
		return strings.Contains(l.run("", "trace", "bob@far.example", "--json"), `"sent"`)
	})
	for _, message := range p.mail(2) {
		if strings.Count(message, strings.Repeat("x", 76)) != 10_000 {
			t.Error("one of them is not whole")
		}
	}
}

// TestPostfixIsGreylisted: Postfix comes again by itself when it is asked to, and is
// known from then on.
func TestPostfixIsGreylisted(t *testing.T) {
	t.Parallel()
	l, port := among(t, zone.Serve(t, ""), "junk.greylist=1 s", "listen.proxy_from="+proxyAddress, "smtp.verify=false")
	through := cut(t, "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", port), "192.0.2.77")
	p := startPostfix(t, relaying(through))
	p.send(sample("greylisted"), "bob@far.example", anna)
	p.sent(anna)
	if e := l.trace(anna, "refused"); !strings.HasPrefix(e.Reply, "450 4.7.1") {
		t.Errorf("at first: %+v", e)
	}
	p.send(sample("known"), "cem@far.example", ben)
	p.sent(ben)
	if strings.Contains(l.run("", "trace", ben), "4.7.1") {
		t.Error("it is greylisted again")
	}
}

// relaying has Postfix hand everything to one server, in the clear, and try again
// after some seconds. Mail is due from a second before its time: with a wait of one,
// that is while whoever tried last still holds it, and then Postfix waits for long.
func relaying(to string) string {
	host, port, _ := strings.Cut(to, ":")
	return fmt.Sprintf("relayhost = [%s]:%s\nsmtp_tls_security_level = none\nmynetworks = 127.0.0.0/8\n"+
		"minimal_backoff_time = 3s\nmaximal_backoff_time = 3s\nqueue_run_delay = 1s\ntransport_retry_time = 1s\n"+
		"default_destination_concurrency_failed_cohort_limit = 0", host, port)
}

// sent waits until Postfix says that a recipient's mail was taken.
func (p *postfix) sent(to string) {
	p.t.Helper()
	waitFor(p.t, "Postfix to have sent to "+to, func() bool {
		for line := range strings.Lines(p.output.String()) {
			if strings.Contains(line, "to=<"+to+">") && strings.Contains(line, "status=sent") {
				return true
			}
		}
		return false
	})
}

// countIn counts the messages of a mailbox.
func (l *letterbox) countIn(address, mailbox string) int {
	l.t.Helper()
	need(l.t, "curl", "curl")
	said := client(l.t, l.t.TempDir(), "curl", "-sS", "--cacert", l.certFile, "--user", address+":"+password,
		fmt.Sprintf("imaps://localhost:%d/", l.imaps), "--request", "EXAMINE "+mailbox)
	for line := range strings.Lines(said) {
		var n int
		if _, err := fmt.Sscanf(line, "* %d EXISTS", &n); err == nil {
			return n
		}
	}
	l.t.Fatalf("curl says %q", said)
	return 0
}
