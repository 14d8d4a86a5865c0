package smtpd

import (
	"os"
	"strings"
	"testing"

	"letterbox/database"
	"letterbox/feedback"
	"letterbox/internal/zone"
	"letterbox/mailauth"
	"letterbox/resolver"
	"letterbox/trace"
)

const reportZone = worldZone + `
reporter.example.        TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.asking.example.   TXT "v=DMARC1; p=reject; rua=mailto:dmarc@asking.example"
`

// reporting returns a server that keeps reports and counts for its own.
func reporting(t *testing.T) (*house, *Server, *feedback.Feedback) {
	t.Helper()
	h := newHouse(t)
	names := &resolver.Resolver{Servers: []string{zone.Serve(t, reportZone).Addr}}
	f := feedback.New(feedback.Options{DB: h.db, Directory: h.directory, Resolver: names, Hostname: "mx.example.org", Send: true})
	return h, h.server(Config{Feedback: f, Verifier: &mailauth.Verifier{Resolver: names}}), f
}

// rows counts those of a table.
func (h *house) rows(t *testing.T, table string) (n int) {
	t.Helper()
	check(t, h.db.Read(t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n)
	}))
	return n
}

const reportsAddress = "letterbox-reports@example.org"

// reportMail is one about example.org, from an author.
func reportMail(t *testing.T, author string) string {
	t.Helper()
	text, err := os.ReadFile("../report/testdata/dmarc-1.xml")
	check(t, err)
	return "From: " + author + "\r\nContent-Type: text/xml\r\n\r\n" + strings.ReplaceAll(string(text), "\n", "\r\n")
}

// TestReports takes reports to the address for them, of those who stand for them, and
// nothing else.
func TestReports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, sender, text string
		code               string
		kept               int
	}{
		"a report":         {"192.0.2.1", "x@reporter.example", reportMail(t, "x@reporter.example"), "250", 1},
		"by nobody":        {"192.0.2.9", "x@reporter.example", reportMail(t, "x@reporter.example"), "550", 0},
		"of this machine":  {"127.0.0.1", "x@reporter.example", reportMail(t, "x@reporter.example"), "250", 1},
		"a letter":         {"192.0.2.1", "x@reporter.example", "From: x@reporter.example\r\n\r\nHello", "554", 0},
		"a bounce of ours": {"192.0.2.9", "", "From: mailer-daemon@far.example\r\n\r\nThe report was not delivered", "250", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, srv, _ := reporting(t)
			caller := call(t, srv, doorMX, c.from)
			defer caller.close()
			if got := caller.send(c.sender, reportsAddress, c.text); got != c.code {
				t.Errorf("%s, want %s", got, c.code)
			}
			if got := h.rows(t, "report"); got != c.kept {
				t.Errorf("%d reports are kept", got)
			}
			found, err := h.journal.Find(t.Context(), trace.Query{Address: reportsAddress})
			check(t, err)
			if len(found) != 1 {
				t.Errorf("the trace has %+v", found)
			}
			if len(h.queued(t)) > 0 {
				t.Errorf("queued: %q", h.queued(t))
			}
		})
	}
}

// TestReportAndPerson delivers to a person what is for both.
func TestReportAndPerson(t *testing.T) {
	t.Parallel()
	h, srv, _ := reporting(t)
	caller := call(t, srv, doorMX, "192.0.2.1")
	defer caller.close()
	caller.expect("EHLO there.example", "250")
	caller.expect("MAIL FROM:<x@reporter.example>", "250")
	caller.expect("RCPT TO:<"+annaAddress+">", "250")
	caller.expect("RCPT TO:<"+reportsAddress+">", "250")
	caller.expect("DATA", "354")
	caller.expect(reportMail(t, "x@reporter.example")+"\r\n.", "250")
	if got := h.messages(t, annaAddress, "INBOX"); len(got) != 1 || h.rows(t, "report") != 1 {
		t.Errorf("%d messages, %d reports", len(got), h.rows(t, "report"))
	}
}

// TestReportsAddress is that of our domains alone.
func TestReportsAddress(t *testing.T) {
	t.Parallel()
	_, _, f := reporting(t)
	for address, ours := range map[string]bool{
		reportsAddress: true, "Letterbox-Reports@EXAMPLE.org": true,
		"letterbox-reports@far.example": false, annaAddress: false, "nonsense": false,
	} {
		if _, got, err := f.Ours(t.Context(), address); got != ours || err != nil {
			t.Errorf("%s: %v, %v", address, got, err)
		}
	}
}

// TestJudgedIsCounted counts what came in the name of a domain that asks for reports,
// refused mail too, and no report.
func TestJudgedIsCounted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, author, to string
		counted          int
	}{
		"refused":         {"192.0.2.9", "eve@asking.example", annaAddress, 1},
		"nobody asks":     {"192.0.2.9", "eve@soft.example", annaAddress, 0},
		"this machine's":  {"127.0.0.1", "eve@asking.example", annaAddress, 0},
		"a report itself": {"192.0.2.9", "eve@asking.example", reportsAddress, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, srv, f := reporting(t)
			caller := call(t, srv, doorMX, c.from)
			defer caller.close()
			caller.send(c.author, c.to, "From: "+c.author+"\r\n\r\nx")
			check(t, f.Flush(t.Context()))
			if got := h.rows(t, "observation"); got != c.counted {
				t.Errorf("%d counted, want %d", got, c.counted)
			}
		})
	}
}
