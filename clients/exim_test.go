package clients

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"letterbox/internal/zone"
)

// eximUser owns what Exim writes. The program goes by a name, which only it knows.
const eximUser = 897

// An exim is a server that signs what it sends.
type exim struct{ *server }

// startExim runs Exim until the test ends. It sends all mail that is not its own to
// one server; settings are how.
func startExim(t *testing.T, to, settings string) exim {
	t.Helper()
	program := extracted(t, "exim4")
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		lacks(t, "Exim needs files of its own in /etc, and mounts are not allowed here: %v", err)
	}
	s := exim{newServer(t, "Exim", eximUser)}
	s.mkdir("spool", eximUser)
	s.mkdir("log", eximUser)
	t.Cleanup(func() { s.output.Write([]byte(s.log())) })
	for file, line := range map[string]string{
		"passwd": fmt.Sprintf("Debian-exim:x:%[1]d:%[1]d::/nonexistent:/usr/sbin/nologin\n", eximUser),
		"group":  fmt.Sprintf("Debian-exim:x:%d:\n", eximUser),
	} {
		others, err := os.ReadFile("/etc/" + file)
		if err != nil {
			t.Fatal(err)
		}
		s.write(file, string(others)+line)
	}
	s.write("key.pem", client(t, s.dir, "openssl", "genrsa", "-traditional", "2048"))
	host, port, _ := strings.Cut(to, ":")
	s.write("exim.conf", fmt.Sprintf(`primary_hostname = mx.far.example
spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%s
exim_path = %[7]s
queue_only
keep_environment =
local_interfaces = %[2]s
daemon_smtp_ports = 25
tls_advertise_hosts = *
tls_certificate = %[1]s/server.pem
tls_privatekey = %[1]s/server.pem
smtputf8_advertise_hosts = *
message_size_limit = 60M
queue_run_in_order
acl_smtp_rcpt = decide
begin acl
decide:
  deny local_parts = gone
    message = 550 5.1.1 nobody of that name
  defer local_parts = slow
    condition = ${if !exists{%[1]s/awake}}
    message = 450 4.2.0 come again
  accept
begin routers
own:
  driver = accept
  domains = far.example
  transport = keep
others:
  driver = manualroute
  route_list = * %[3]s::%[4]s byname
  self = send
  transport = relay
begin transports
keep:
  driver = appendfile
  maildir_format
  directory = %[1]s/mail/all
  user = %[5]d
  group = %[5]d
relay:
  driver = smtp
  dkim_domain = far.example
  dkim_selector = exim
  dkim_private_key = %[1]s/key.pem
%[6]s
begin retry
* * F,1h,1s
`, s.dir, s.host, host, port, eximUser, settings, program))
	cmd := exec.Command("unshare", "--mount", "sh", "-ec", `mount --bind passwd /etc/passwd
mount --bind group /etc/group
exec "$0" -C "$PWD/exim.conf" -bdf -q1s`, program)
	cmd.Dir = s.dir
	s.run(cmd, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) })
	return s
}

// log is what Exim has noted so far.
func (s exim) log() string {
	text, _ := os.ReadFile(s.path("log/main")) // it is not there before something is noted
	return string(text)
}

// key is the record with which Exim's signatures are verified.
func (s exim) key() string {
	s.t.Helper()
	public := client(s.t, s.dir, "openssl", "rsa", "-in", s.path("key.pem"), "-pubout", "-outform", "DER")
	return "exim._domainkey.far.example. TXT " + quoted("v=DKIM1; k=rsa; p="+base64.StdEncoding.EncodeToString([]byte(public))) + "\n"
}

// TestFromExim receives from Exim: in chunks, signed and over TLS, from an address in
// UTF-8, a message that breaks off within a chunk, and one for nobody here.
func TestFromExim(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, "")
	l, port := among(t, z, "listen.proxy_from="+proxyAddress)
	through := cut(t, "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", port), "192.0.2.77", amidst)
	s := startExim(t, through, "  hosts_require_tls = *")
	z.Add(t, s.key())

	s.send(letterOf("in chunks"), "bob@far.example", anna, ben)
	l.trace(ben, "delivered")
	e := l.trace("bob@far.example", "received")
	if !strings.HasPrefix(e.Protocol, "ESMTPS TLSv1.3") || !slices.Contains(e.Notes, note{"dkim", "pass far.example"}) {
		t.Errorf("noted: %+v", e)
	}
	for _, address := range []string{anna, ben} {
		if n := l.countIn(address, "INBOX"); n != 1 {
			t.Errorf("%s has it %d times", address, n)
		}
	}
	if said := s.log(); !strings.Contains(said, " == "+anna) || !strings.Contains(said, ` K C="250 2.0.0 accepted`) {
		t.Error("nothing broke off, or it came in no chunks")
	}

	s.send(sample("Grüße"), "jürgen@far.example", anna)
	if e := l.trace("jürgen@far.example", "received"); !strings.HasPrefix(e.Protocol, "UTF8SMTPS") {
		t.Errorf("noted: %+v", e)
	}

	s.send(sample("nobody"), "carl@far.example", "nobody@letterbox.example")
	if bounced := s.mail(1)[0]; !strings.Contains(bounced, "nobody here has that address") {
		t.Errorf("Exim tells its sender:\n%s", bounced)
	}
}

// TestToExim sends to Exim: a large message, an address in UTF-8, one that is
// refused for good, and one for now.
func TestToExim(t *testing.T) {
	t.Parallel()
	s := startExim(t, "127.0.0.1:1", "")
	z := zone.Serve(t, "far.example. MX 10 mx.far.example.\nmx.far.example. A "+s.host+"\n_25._tcp.mx.far.example. TLSA 3 1 1 "+s.digest+"\n")
	z.Secure("far.example", "mx.far.example", "_25._tcp.mx.far.example")
	l, _ := among(t, z)

	l.write(letterOf("large"), "jürgen@far.example", "gone@far.example", "slow@far.example")
	if e := l.trace("jürgen@far.example", "sent"); !strings.HasPrefix(e.Reply, "250") {
		t.Errorf("noted: %+v", e)
	}
	if e := l.trace("gone@far.example", "failed"); !strings.Contains(e.Reply, "550 5.1.1") {
		t.Errorf("refused for good: %+v", e)
	}
	if e := l.trace("slow@far.example", "deferred"); !strings.Contains(e.Reply, "450 4.2.0") {
		t.Errorf("refused for now: %+v", e)
	}
	s.write("awake", "")
	l.run("", "queue", "retry", "--all")
	l.trace("slow@far.example", "sent")
	letter := strings.ReplaceAll(string(letterOf("large")), "\r\n", "\n")
	for _, message := range s.mail(2) {
		if !strings.HasSuffix(message, letter) {
			t.Errorf("one is not whole:\n%.2000s", message)
		}
	}
	if !strings.Contains(strings.Join(s.mail(2), ""), "with utf8esmtps") {
		t.Error("none came with an address in UTF-8, over TLS")
	}
}
