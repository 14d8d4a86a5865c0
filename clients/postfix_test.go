package clients

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A postfix is the server for far.example, in a folder of its own and on an
// address of loopback that nobody else has.
type postfix struct {
	t      *testing.T
	dir    string
	host   string   // its address; it listens on port 25 there
	digest string   // SHA-256 of its public key, for a TLSA record
	words  sync.Map // what it says to recipients
	output output

	authority *authority // for its certificate; nobody trusts it who is not told to
}

// startPostfix runs Postfix until the test ends. Only root can: it takes port 25
// and changes users.
func startPostfix(t *testing.T, settings string) *postfix {
	t.Helper()
	need(t, "/usr/sbin/postfix", "postfix")
	if os.Getuid() != 0 {
		lacks(t, "Postfix needs root")
	}
	p := &postfix{t: t, host: loopback(t)}
	var err error
	if p.dir, err = os.MkdirTemp("", "postfix-"); err != nil { // not below t.TempDir, which others may not enter
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(p.dir) })
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	id, _ := strconv.Atoi(owner.Uid)
	for _, name := range []string{"etc", "queue", "data", "mail"} {
		if err := os.Mkdir(filepath.Join(p.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{os.Chmod(p.dir, 0o755), os.Chown(p.path("data"), id, -1), os.Chown(p.path("mail"), id, -1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p.makeCertificate()
	p.write("etc/main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = /dev/stdout
myhostname = mx.far.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
virtual_mailbox_domains = far.example strict.example trying.example
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:%[2]d
virtual_gid_maps = static:%[2]d
virtual_minimum_uid = 1
mailbox_size_limit = 0
virtual_mailbox_limit = 0
message_size_limit = 60000000
smtpd_tls_chain_files = %[1]s/etc/server.pem
smtpd_tls_security_level = may
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_recipient_restrictions = check_policy_service inet:%[4]s, permit_mynetworks, reject
%[3]s
`, p.dir, id, settings, p.decide()))
	p.write("etc/master.cf", p.host+`:25 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`)
	p.start()
	return p
}

func (p *postfix) path(name string) string { return filepath.Join(p.dir, name) }

func (p *postfix) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *postfix) start() {
	p.t.Helper()
	cmd := exec.Command("/usr/sbin/postfix", "-c", p.path("etc"), "start-fg")
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // master wants to lead a group
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		exec.Command("/usr/sbin/postfix", "-c", p.path("etc"), "stop").Run() // it may have ended
		cmd.Wait()
		if p.t.Failed() {
			p.t.Logf("postfix said:\n%s", p.output.String())
		}
	})
	waitFor(p.t, "Postfix", func() bool {
		conn, err := net.Dial("tcp", p.host+":25")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// send hands a message to Postfix, as a program on its machine would.
func (p *postfix) send(raw []byte, from string, to ...string) {
	p.t.Helper()
	cmd := exec.Command("swaks", append([]string{
		"--server", p.host, "--port", "25", "--helo", "client.far.example", "--from", from, "--data", "-", "--hide-all", "--to",
	}, strings.Join(to, ","))...)
	cmd.Stdin = bytes.NewReader(raw)
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("swaks: %v\n%s", err, out)
	}
}

// mail waits for so many messages that Postfix delivered and returns them.
func (p *postfix) mail(n int) []string {
	p.t.Helper()
	var files []string
	waitFor(p.t, fmt.Sprintf("%d messages at Postfix", n), func() bool {
		files, _ = filepath.Glob(p.path("mail/all/new/*"))
		return len(files) >= n
	})
	var all []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, string(raw))
	}
	return all
}

// answer sets what Postfix says to a recipient ("450 4.2.0 come again"); "" takes
// it back.
func (p *postfix) answer(recipient, words string) { p.words.Store(recipient, words) }

// decide is Postfix's policy service: it asks for each recipient.
func (p *postfix) decide() (address string) {
	p.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go p.policy(conn)
		}
	}()
	return ln.Addr().String()
}

// policy answers on one connection: a question is NAME=VALUE in lines, with an
// empty one at its end.
func (p *postfix) policy(conn net.Conn) {
	defer conn.Close()
	action := "OK"
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if recipient, found := strings.CutPrefix(lines.Text(), "recipient="); found {
			if words, set := p.words.Load(recipient); set && words != "" {
				action = words.(string)
			}
		}
		if lines.Text() == "" {
			fmt.Fprintf(conn, "action=%s\n\n", action)
			action = "OK"
		}
	}
}

// makeCertificate lets the authority make one for mx.far.example.
func (p *postfix) makeCertificate() {
	p.t.Helper()
	p.authority = newAuthority(p.t)
	cert := p.authority.issue("mx.far.example")
	private, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		p.t.Fatal(err)
	}
	sum := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	p.digest = hex.EncodeToString(sum[:])
	p.write("etc/server.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))+string(pemCertificate(cert.Leaf.Raw)))
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
