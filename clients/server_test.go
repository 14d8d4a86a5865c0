package clients

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"
)

// A server is another mail server, mx.far.example, in a folder of its own and on an
// address of loopback that nobody else has.
type server struct {
	t         *testing.T
	name      string // of the program
	dir       string
	host      string     // its address; it listens on port 25 there
	authority *authority // for its certificate; nobody trusts it who is not told to
	digest    string     // SHA-256 of its public key, for a TLSA record
	output    output
}

// newServer makes the folder, with a certificate and with room for mail, which
// belongs to that user. Only root can run a server: it takes port 25 and changes
// users.
func newServer(t *testing.T, name string, user int) *server {
	t.Helper()
	if os.Getuid() != 0 {
		lacks(t, "%s needs root", name)
	}
	s := &server{t: t, name: name, host: loopback(t)}
	var err error
	if s.dir, err = os.MkdirTemp("", "server-"); err != nil { // not below t.TempDir, which others may not enter
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.RemoveAll(s.dir)
		if t.Failed() {
			t.Logf("%s said:\n%s", name, s.output.String())
		}
	})
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.mkdir("mail", user)
	s.makeCertificate()
	return s
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// mkdir makes a folder of a user's.
func (s *server) mkdir(name string, user int) {
	s.t.Helper()
	if err := os.Mkdir(s.path(name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chown(s.path(name), user, -1); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// run starts the program and waits until it answers. end ends it.
func (s *server) run(cmd *exec.Cmd, end func()) {
	s.t.Helper()
	cmd.Stdout, cmd.Stderr = &s.output, &s.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Postfix wants to lead a group
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		end()
		cmd.Wait() // it ends by a signal
	})
	waitFor(s.t, s.name, func() bool {
		conn, err := net.Dial("tcp", s.host+":25")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// send hands a message to the server, as a program on its machine would.
func (s *server) send(raw []byte, from string, to ...string) {
	s.t.Helper()
	if err := s.submit(raw, from, to); err != nil {
		s.t.Fatalf("%s does not take it: %v", s.name, err)
	}
}

func (s *server) submit(raw []byte, from string, to []string) error {
	c, err := smtp.Dial(s.host + ":25")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello("client.far.example"); err != nil {
		return err
	}
	if err := begin(c, from); err != nil {
		return err
	}
	for _, address := range to {
		if err := c.Rcpt(address); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.Close()
}

// begin says whom the message is from, and what it needs; net/smtp asks for all that
// there is.
func begin(c *smtp.Client, from string) error {
	needs := "BODY=8BITMIME"
	if strings.ContainsFunc(from, func(r rune) bool { return r > unicode.MaxASCII }) {
		needs += " SMTPUTF8"
	}
	id, err := c.Text.Cmd("MAIL FROM:<%s> %s", from, needs)
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(250)
	return err
}

// mail waits for so many messages that the server delivered and returns them.
func (s *server) mail(n int) []string {
	s.t.Helper()
	var files []string
	waitFor(s.t, fmt.Sprintf("%d messages at %s", n, s.name), func() bool {
		files, _ = filepath.Glob(s.path("mail/all/new/*"))
		return len(files) >= n
	})
	var all []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, string(raw))
	}
	return all
}

// makeCertificate lets the authority make one for mx.far.example.
func (s *server) makeCertificate() {
	s.t.Helper()
	s.authority = newAuthority(s.t)
	cert := s.authority.issue("mx.far.example")
	private, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	s.digest = hex.EncodeToString(sum[:])
	s.write("server.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))+string(pemCertificate(cert.Leaf.Raw)))
}

// loopback is an address of 127/8 on which nobody has port 25.
func loopback(t *testing.T) string {
	t.Helper()
	for range 100 {
		var b [2]byte
		rand.Read(b[:])
		host := fmt.Sprintf("127.83.%d.%d", b[0], 1+b[1]%250)
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", host+":25")
		if err == nil {
			ln.Close()
			return host
		}
	}
	lacks(t, "port 25 cannot be taken on any address")
	return ""
}
