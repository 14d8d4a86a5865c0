package clients

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mailHost is the appliance's name in this test; Thunderbird takes it for this
// machine.
const mailHost = "mail.letterbox.example"

// findSettings has Thunderbird look for the settings of an address as its account
// set-up does, make the account of what it found, and say what it was.
const findSettings = `
const [address, password] = args;
const { FindConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/FindConfig.sys.mjs");
const { AccountConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/AccountConfig.sys.mjs");
const { CreateInBackend } = ChromeUtils.importESModule("resource:///modules/accountcreation/CreateInBackend.sys.mjs");
const search = FindConfig.parallelAutoDiscovery(address.split("@")[1], address, new AbortController().signal, password);
let found;
do { found = await search.next(); } while (!found.done);
const config = found.value;
if (!config) { throw new Error("it found nothing"); }
AccountConfig.replaceVariables(config, "Anna", address, password);
config.rememberPassword = true;
await CreateInBackend.createAccountInBackend(config);
const { incoming, outgoing } = config;
return [config.source, incoming.type, incoming.hostname, incoming.port, incoming.username,
	outgoing.type, outgoing.hostname, outgoing.port, outgoing.username].join(" ");`

// readInbox has it fetch the inbox and lists the subjects.
const readInbox = `
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.accounts.map(a => a.incomingServer).find(s => s.type == "imap");
server.performExpand(null);
let subjects = [];
for (let i = 0; i < 300 && !subjects.length; i++) {
	const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
	if (inbox) {
		if (i % 20 == 0) { try { inbox.updateFolder(null); } catch (e) {} }
		try { subjects = [...inbox.messages].map(m => m.mime2DecodedSubject); } catch (e) {}
	}
	await new Promise(r => setTimeout(r, 100));
}
return subjects.join("\n");`

// TestThunderbird gives Thunderbird an address and a password and nothing else:
// it finds the settings and reads the inbox.
func TestThunderbird(t *testing.T) {
	need(t, "thunderbird", "thunderbird")
	need(t, "Xvfb", "xvfb")
	need(t, "certutil", "libnss3-tools")
	dir := t.TempDir()
	root := certify(t, dir)
	l := newLetterbox(t)
	l.https = freePort(t)
	l.settings = []string{"hostname=" + mailHost, "tls.certificate=" + filepath.Join(dir, "leaf.pem"), "tls.key=" + filepath.Join(dir, "leaf.key")}
	l.run(password+"\n", "user", "add", anna)
	l.start(t)
	letter := []byte("From: " + anna + "\r\nSubject: Found by its address\r\n\r\nHello\r\n")
	if err := l.submit(anna, anna, letter); err != nil {
		t.Fatal(err)
	}

	asked, proxy := redirect(t, l.https)
	bird := startThunderbird(t, dir, root, proxy)
	found, err := bird.run(findSettings, anna, password)
	if err != nil {
		t.Fatalf("%v\nit asked for %v", err, asked())
	}
	want := fmt.Sprintf("imap %s %d %s smtp %s %d %s", mailHost, l.imaps, anna, mailHost, l.submission, anna)
	if !strings.HasSuffix(found, want) {
		t.Errorf("it found %q, want %q", found, want)
	}
	subjects, err := bird.run(readInbox)
	if err != nil || subjects != "Found by its address" {
		t.Errorf("its inbox has %q, %v", subjects, err)
	}
	if names := strings.Join(asked(), " "); !strings.Contains(names, "autoconfig.letterbox.example:443") {
		t.Errorf("it asked for %s", names)
	}
}

// startThunderbird starts it on a screen of its own, with a new profile.
func startThunderbird(t *testing.T, dir, root string, proxy int) *marionette {
	t.Helper()
	profile := filepath.Join(dir, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(preferences(port, proxy)), 0o600); err != nil {
		t.Fatal(err)
	}
	client(t, dir, "certutil", "-N", "-d", "sql:"+profile, "--empty-password")
	client(t, dir, "certutil", "-A", "-d", "sql:"+profile, "-n", "authority", "-t", "C,,", "-i", root)

	screen := display(t)
	cmd := exec.Command("thunderbird", "--profile", profile, "--no-remote", "--marionette", "--remote-allow-system-access")
	cmd.Env = append(os.Environ(), "HOME="+dir, "DISPLAY="+screen, "MOZ_DISABLE_CONTENT_SANDBOX=1", "LIBGL_ALWAYS_SOFTWARE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said output
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with the processes that it started
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Thunderbird said:\n%s", said.String())
		}
	})
	var conn net.Conn
	waitFor(t, "Thunderbird's window", func() bool {
		var err error
		conn, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err == nil
	})
	t.Cleanup(func() { conn.Close() })
	m, err := openMarionette(conn)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// preferences make it ask nobody but the test, and greet nobody.
func preferences(marionette, proxy int) string {
	return fmt.Sprintf(`
user_pref("marionette.port", %d);
user_pref("network.dns.localDomains", "%s");
user_pref("network.proxy.type", 1);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", %d);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", %[3]d);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.spotlight.firstRunDone", true);
user_pref("mail.winsearch.firstRunDone", true);
user_pref("mailnews.start_page.enabled", false);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
`, marionette, mailHost, proxy)
}

// display starts a screen that nobody sees, and returns its name.
func display(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{write}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	return ":" + strings.TrimSpace(line)
}

// redirect is a proxy that leads port 443 of this machine's names to our port, as
// the test may not listen there, and nobody else anywhere. It remembers who was
// asked for.
func redirect(t *testing.T, https int) (asked func() []string, port int) {
	t.Helper()
	var mu sync.Mutex
	var names []string
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		names = append(names, r.Host)
		mu.Unlock()
		if r.Method != http.MethodConnect || !strings.HasSuffix(r.Host, "letterbox.example:443") {
			http.Error(w, "nobody is there", http.StatusBadGateway)
			return
		}
		to, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", https))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			to.Close()
			return
		}
		fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { defer to.Close(); io.Copy(to, from) }()
		defer from.Close()
		io.Copy(from, to)
	})}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), names...)
	}, ln.Addr().(*net.TCPAddr).Port
}

// certify writes leaf.pem and leaf.key into dir, for all names of the appliance,
// and returns the file of the authority that issued them.
func certify(t *testing.T, dir string) (root string) {
	t.Helper()
	issue := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			parent, signer = template, key
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	authority, signer := issue(&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Letterbox tests"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	leaf, key := issue(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: mailHost},
		DNSNames: []string{mailHost, "letterbox.example", "autoconfig.letterbox.example", "autodiscover.letterbox.example"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, authority, signer)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(dir, "root.pem")
	for file, text := range map[string][]byte{
		root:                           pemCertificate(authority.Raw),
		filepath.Join(dir, "leaf.pem"): pemCertificate(leaf.Raw),
		filepath.Join(dir, "leaf.key"): pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
