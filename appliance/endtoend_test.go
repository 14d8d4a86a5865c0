package appliance

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	annaAddress  = "anna@example.org"
	annaPassword = "tulips in may"
	patience     = 5 * time.Minute // for anything to arrive, on a busy machine and with the race detector
)

// A running appliance has every listener for mail on a free port.
type running struct {
	*Appliance
	data  *Data
	trust *tls.Config // for clients: its certificate, and no other
}

// run starts an appliance where anna lives, with what is changed about its
// configuration. It ends with the test.
func run(t testing.TB, change ...func(*Config)) *running {
	t.Helper()
	c := Default()
	c.Data, c.Hostname = filepath.Join(t.TempDir(), "data"), "localhost"
	c.Listen, c.Doctor, c.Log.Level = Listen{}, Doctor{}, "warn"
	for _, l := range []*Addresses{&c.Listen.IMAP, &c.Listen.IMAPS, &c.Listen.SMTP, &c.Listen.Submission, &c.Listen.Submissions} {
		*l = Addresses{"127.0.0.1:0"}
	}
	for _, fn := range change {
		fn(&c)
	}
	ready, ended := make(chan *Data, 1), make(chan error, 1)
	log, level := c.Log.NewLogger(t.Output())
	a, err := New(c, Options{
		Log: log, Level: level,
		Ready: func(ctx context.Context, d *Data) error {
			if _, err := d.Directory.AddDomain(ctx, "example.org"); err != nil {
				return err
			}
			if _, err := d.Directory.AddUser(ctx, annaAddress, "", annaPassword); err != nil {
				return err
			}
			ready <- d
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the appliance: %v", err)
		}
	})
	var data *Data
	select {
	case data = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatal("the appliance did not start")
	}
	certificate, err := os.ReadFile(filepath.Join(c.Data, tlsFolder, "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return &running{a, data, &tls.Config{RootCAs: roots, ServerName: "localhost"}}
}

// signIn opens an IMAP connection of anna's with INBOX selected.
func (r *running) signIn(t testing.TB, handler *imapclient.UnilateralDataHandler) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialTLS(r.Addr("imaps").String(), &imapclient.Options{TLSConfig: r.trust, UnilateralDataHandler: handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(annaAddress, annaPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// watch idles on INBOX and returns when it heard of each number of messages.
func (r *running) watch(t testing.TB) <-chan arrival {
	t.Helper()
	heard := make(chan arrival, 10_000)
	c := r.signIn(t, &imapclient.UnilateralDataHandler{Mailbox: func(m *imapclient.UnilateralDataMailbox) {
		if m.NumMessages != nil {
			heard <- arrival{*m.NumMessages, time.Now()}
		}
	}})
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idle.Close() })
	return heard
}

type arrival struct {
	messages uint32
	at       time.Time
}

// A sender is another mail server, over STARTTLS on port 25.
type sender struct {
	t    testing.TB
	conn net.Conn
	r    *textproto.Reader
}

func (r *running) sender(t testing.TB) *sender {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr("smtp").String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &sender{t, conn, newReader(conn)}
	s.expect("", 220)
	s.expect("EHLO client.example.net\r\n", 250)
	s.expect("STARTTLS\r\n", 220)
	secured := tls.Client(conn, r.trust)
	s.conn, s.r = secured, newReader(secured)
	s.expect("EHLO client.example.net\r\n", 250)
	return s
}

func (s *sender) expect(text string, code int) {
	s.t.Helper()
	_ = s.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(s.conn, text); err != nil {
		s.t.Fatal(err)
	}
	if _, _, err := s.r.ReadResponse(code); err != nil {
		s.t.Fatalf("%.60q: %v", text, err)
	}
}

// send sends a message to anna and returns when the 250 was there. DATA cannot
// carry what does not end in a line end; BDAT can.
func (s *sender) send(raw []byte) time.Time {
	s.t.Helper()
	s.expect("MAIL FROM:<carl@example.net> BODY=8BITMIME\r\n", 250)
	s.expect("RCPT TO:<"+annaAddress+">\r\n", 250)
	if bytes.HasSuffix(raw, []byte("\r\n")) {
		s.expect("DATA\r\n", 354)
		s.expect(dotted(string(raw))+".\r\n", 250)
	} else {
		s.expect(fmt.Sprintf("BDAT %d LAST\r\n%s", len(raw), raw), 250)
	}
	return time.Now()
}

func dotted(raw string) string {
	if strings.HasPrefix(raw, ".") {
		raw = "." + raw
	}
	return strings.ReplaceAll(raw, "\r\n.", "\r\n..")
}

// TestEndToEnd sends real and monstrous messages. An idling client hears of each,
// and they come back byte for byte. The race detector makes it ten times slower:
// with -short it takes a tenth of the large mailboxes.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	r := run(t)
	heard := r.watch(t)
	out := r.sender(t)
	messages := slices.Concat(ownMail(t), corpus(t), monsters())
	var waits []time.Duration
	for i, raw := range messages {
		accepted := out.send(raw)
		waits = append(waits, awaitCount(t, heard, uint32(i+1)).Sub(accepted))
	}
	slices.Sort(waits)
	t.Logf("%d messages: EXISTS after the 250 (before it, below zero): median %v, 99th percentile %v, worst %v",
		len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1])
	fetchBack(t, r.signIn(t, nil), messages)
}

// awaitCount waits until the watcher has heard of so many messages.
func awaitCount(t testing.TB, heard <-chan arrival, want uint32) time.Time {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case a := <-heard:
			if a.messages == want {
				return a.at
			}
			if a.messages > want {
				t.Fatalf("heard of %d messages, want %d", a.messages, want)
			}
		case <-timeout:
			t.Fatalf("never heard of message %d", want)
		}
	}
}

// fetchBack compares what is in the mailbox with what was sent.
func fetchBack(t *testing.T, c *imapclient.Client, want [][]byte) {
	t.Helper()
	section := &imap.FetchItemBodySection{Peek: true}
	fetch := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{}, BodySection: []*imap.FetchItemBodySection{section}})
	n := 0
	for message := fetch.Next(); message != nil; message = fetch.Next() {
		m, err := message.Collect()
		if err != nil {
			t.Error(err)
			break
		}
		raw := m.FindBodySection(section)
		body, found := bytes.CutPrefix(raw, []byte("Return-Path: <carl@example.net>\r\nDelivered-To: "+annaAddress+"\r\nReceived: from client.example.net "))
		_, body, ends := bytes.Cut(body, []byte(time.Now().Format("2006")+" "))
		_, body, _ = bytes.Cut(body, []byte("\r\n"))
		if n >= len(want) || !found || !ends || !bytes.Equal(body, want[n]) {
			t.Errorf("message %d came back otherwise: %.2000q", n+1, raw)
			break // what is left has to be read, or the client does not end
		}
		n++
	}
	if err := fetch.Close(); err != nil {
		t.Error(err)
	}
	if n != len(want) {
		t.Errorf("%d messages came back, want %d", n, len(want))
	}
}

// crlf makes line ends what mail wants.
func crlf(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}

// ownMail is a little of everything, made for these tests.
func ownMail(t *testing.T) [][]byte {
	t.Helper()
	messages := emlFiles(t, "testdata/mail")
	if len(messages) == 0 {
		t.Fatal("testdata/mail is missing")
	}
	return append(messages, []byte("Subject: no line end\r\n\r\n.\r\nlast line"), []byte(".\r\n"), []byte("."))
}

func emlFiles(t *testing.T, dir string) (messages [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, crlf(raw))
	}
	return messages
}

// corpus is real mail, where there is some: in $LETTERBOX_CORPUS, or beside the
// project.
func corpus(t *testing.T) [][]byte {
	t.Helper()
	dir := os.Getenv("LETTERBOX_CORPUS")
	if dir == "" {
		dir = "../../shared/corpus"
	}
	messages := emlFiles(t, filepath.Join(dir, "eml"))
	boxes, _ := filepath.Glob(filepath.Join(dir, "*.mbox.gz"))
	for _, box := range boxes {
		messages = append(messages, mbox(t, box)...)
	}
	t.Logf("%d messages from %s", len(messages), dir)
	return messages
}

func mbox(t *testing.T, name string) (messages [][]byte) {
	t.Helper()
	packed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split("\n"+string(all), "\nFrom ")[1:] {
		if testing.Short() && i%10 != 0 {
			continue
		}
		_, body, _ := strings.Cut(part, "\n")
		messages = append(messages, crlf([]byte(body+"\n")))
	}
	return messages
}

// monsters are messages that strain every limit.
func monsters() [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 50<<20)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var nested bytes.Buffer
	nested.WriteString("Subject: nested\r\n")
	for i := range 1000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	nested.WriteString("\r\ndeep\r\n")
	lines := bytes.ReplaceAll(bytes.ReplaceAll(noise, []byte("\r"), nil), []byte("\n"), []byte("\r\n"))
	return [][]byte{
		attachment(noise, 1<<20),
		attachment(noise, 36<<20), // 50 MB as it is sent
		nested.Bytes(),
		[]byte("Subject: " + strings.Repeat("long ", 2<<20) + "\r\n\r\ntext\r\n"),
		[]byte(strings.Repeat("X-Field: value\r\n", 100_000) + "\r\ntext\r\n"),
		[]byte("Subject: dots\r\n\r\n" + strings.Repeat(".\r\n..\r\n", 200_000)),
		[]byte("Subject: line\r\n\r\n" + strings.Repeat("x", 40<<20)),
		append([]byte("Subject: noise\r\n\r\n"), lines[:20<<20]...),
	}
}

// attachment is a message with so many bytes in base64.
func attachment(noise []byte, size int) []byte {
	var b bytes.Buffer
	b.WriteString("Subject: large\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	text := base64.StdEncoding.EncodeToString(noise[:size])
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.Bytes()
}

func newReader(conn net.Conn) *textproto.Reader { return textproto.NewReader(bufio.NewReader(conn)) }

// BenchmarkArrival measures from the 250 to the EXISTS in an idling client, both
// over TLS.
func BenchmarkArrival(b *testing.B) {
	r := run(b)
	heard := r.watch(b)
	out := r.sender(b)
	raw := []byte("From: carl@example.net\r\nSubject: hello\r\n\r\n" + strings.Repeat("A line of text.\r\n", 100))
	var waited time.Duration
	n := uint32(0)
	for b.Loop() {
		accepted := out.send(raw)
		n++
		waited += max(0, awaitCount(b, heard, n).Sub(accepted))
	}
	b.ReportMetric(float64(waited.Nanoseconds())/float64(n), "ns-after-250/op")
}
