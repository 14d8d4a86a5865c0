package clients

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"letterbox/internal/zone"
)

// farZone is the world: far.example with its one server.
func farZone(p *postfix) string {
	return "far.example. MX 10 mx.far.example.\nmx.far.example. A " + p.host + "\n"
}

// among starts the program where z answers for the world, with a port for mail
// from other servers.
func among(t *testing.T, z *zone.Zone, settings ...string) (l *letterbox, port int) {
	t.Helper()
	port = freePort(t)
	return serve(t, append(inWorld(z, port), settings...)...), port
}

// inWorld are the settings for that.
func inWorld(z *zone.Zone, port int) []string {
	return []string{"dns.servers=" + z.Addr, "hostname=mx.letterbox.example", "tls.authority=", fmt.Sprintf("listen.smtp=127.0.0.1:%d", port)}
}

// write lets Anna send a message.
func (l *letterbox) write(raw []byte, to ...string) {
	l.t.Helper()
	file := filepath.Join(l.t.TempDir(), "letter.eml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		l.t.Fatal(err)
	}
	args := []string{"-sS", "--insecure", "--user", anna + ":" + password, fmt.Sprintf("smtps://127.0.0.1:%d", l.submission), "--mail-from", anna, "--upload-file", file}
	for _, address := range to {
		args = append(args, "--mail-rcpt", address)
	}
	client(l.t, l.t.TempDir(), "curl", args...)
}

// An event is what the trace says of one.
type event struct {
	Kind, Recipient, Host, Reply, Protocol, Folder string
	Notes                                          []note
}

// A note is what was found out about it.
type note struct{ Name, Text string }

// trace asks what became of a message, until something of that kind is noted for
// the recipient.
func (l *letterbox) trace(recipient, kind string) event {
	l.t.Helper()
	var found event
	waitFor(l.t, fmt.Sprintf("%s to be %s", recipient, kind), func() bool {
		var traces []struct{ Events []event }
		if err := json.Unmarshal([]byte(l.run("", "trace", recipient, "--json")), &traces); err != nil {
			l.t.Fatal(err)
		}
		for _, trace := range traces {
			i := slices.IndexFunc(trace.Events, func(e event) bool {
				return e.Kind == kind && (e.Recipient == recipient || e.Recipient == "")
			})
			if i >= 0 {
				found = trace.Events[i]
				return true
			}
		}
		return false
	})
	return found
}

// TestToPostfix sends to Postfix: over TLS that DANE demands, several recipients
// at once, a large message; refusals for now and for good.
func TestToPostfix(t *testing.T) {
	t.Parallel()
	p := startPostfix(t, "")
	z := zone.Serve(t, farZone(p)+"_25._tcp.mx.far.example. TLSA 3 1 1 "+p.digest+"\n")
	z.Secure("far.example", "mx.far.example", "_25._tcp.mx.far.example")
	l, _ := among(t, z)

	letter := sample("to Postfix")
	l.write(letter, "bob@far.example", "cem@far.example")
	got := p.mail(2)
	text := strings.ReplaceAll(string(letter), "\r\n", "\n")
	for _, message := range got {
		if !strings.HasSuffix(message, text) || !strings.Contains(message, "DKIM-Signature:") || !strings.Contains(message, "with ESMTPS") {
			t.Errorf("arrived:\n%s", message)
		}
	}
	if e := l.trace("bob@far.example", "sent"); e.Host != "mx.far.example" || !strings.HasPrefix(e.Reply, "250 2.0.0") {
		t.Errorf("noted: %+v", e)
	}

	large := slices.Concat(sample("large"), []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 120_000)))
	l.write(large, "large@far.example")
	if e := l.trace("large@far.example", "sent"); !strings.HasPrefix(e.Reply, "250") {
		t.Errorf("the large one: %+v", e)
	}

	p.answer("gone@far.example", "550 5.1.1 nobody of that name")
	p.answer("slow@far.example", "450 4.2.0 come again")
	l.write(sample("refused"), "gone@far.example", "slow@far.example")
	if e := l.trace("gone@far.example", "failed"); !strings.Contains(e.Reply, "550 5.1.1") || !strings.Contains(e.Reply, "nobody of that name") {
		t.Errorf("refused for good: %+v", e)
	}
	if e := l.trace("slow@far.example", "deferred"); !strings.Contains(e.Reply, "450 4.2.0") {
		t.Errorf("refused for now: %+v", e)
	}
	p.answer("slow@far.example", "")
	l.run("", "queue", "retry", "--all")
	l.trace("slow@far.example", "sent")
	if e := l.trace(anna, "delivered"); e.Folder != "INBOX" {
		t.Errorf("Anna's report: %+v", e)
	}
	p.mail(4)
}

// TestDANE keeps mail from a Postfix that shows another key than the DNS says.
func TestDANE(t *testing.T) {
	t.Parallel()
	p := startPostfix(t, "")
	z := zone.Serve(t, farZone(p)+"_25._tcp.mx.far.example. TLSA 3 1 1 "+strings.Repeat("00", 32)+"\n")
	z.Secure("far.example", "mx.far.example", "_25._tcp.mx.far.example")
	l, _ := among(t, z)
	l.write(sample("secret"), "bob@far.example")
	if e := l.trace("bob@far.example", "deferred"); !strings.Contains(e.Reply, "DANE") {
		t.Errorf("noted: %+v", e)
	}
	if strings.Contains(p.output.String(), "status=sent") {
		t.Error("it was sent all the same")
	}
}

// TestFromPostfix receives from Postfix: over TLS, pipelined, many at once, a large
// message; and refuses what nobody has.
func TestFromPostfix(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, "")
	l, port := among(t, z)
	p := startPostfix(t, fmt.Sprintf("relayhost = [127.0.0.1]:%d\nsmtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1\nmynetworks = 127.0.0.0/8", port))
	p.send(sample("from Postfix"), "bob@far.example", anna, ben)
	if e := l.trace(anna, "delivered"); e.Folder != "INBOX" {
		t.Errorf("noted: %+v", e)
	}
	l.trace(ben, "delivered")
	if e := l.trace("bob@far.example", "received"); !strings.HasPrefix(e.Protocol, "ESMTPS TLSv1.3") {
		t.Errorf("noted: %+v", e)
	}
	large := slices.Concat(sample("large"), []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 120_000)))
	p.send(large, "large@far.example", anna)
	if e := l.trace("large@far.example", "received"); e.Kind == "" {
		t.Errorf("the large one: %+v", e)
	}
	p.send(sample("nobody"), "carl@far.example", "nobody@letterbox.example")
	if e := l.trace("nobody@letterbox.example", "refused"); !strings.HasPrefix(e.Reply, "550 5.1.1") {
		t.Errorf("noted: %+v", e)
	}
	bounced := p.mail(1)
	if !strings.Contains(bounced[0], "nobody here has that address") {
		t.Errorf("Postfix tells its sender:\n%s", bounced[0])
	}
}
