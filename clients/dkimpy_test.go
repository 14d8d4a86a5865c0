package clients

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"letterbox/internal/zone"
	"letterbox/mailauth"
	"letterbox/resolver"
)

// TestOthersAcceptOurs lets dkimpy and opendkim check what is signed here, as it
// arrives at another server, with the keys that the domain is told to publish.
func TestOthersAcceptOurs(t *testing.T) {
	t.Parallel()
	needPackage(t, "/usr/lib/python3/dist-packages/dkim", "python3-dkim")
	p := startPostfix(t, "")
	l, _ := among(t, zone.Serve(t, farZone(p)))
	l.write(sample("signed"), "bob@far.example")
	message := strings.ReplaceAll(p.mail(1)[0], "\n", "\r\n")

	keys := map[string]string{}
	for line := range strings.Lines(l.run("", "domain", "dns", "letterbox.example", "--set", "hostname=mx.letterbox.example")) {
		if name, value, found := strings.Cut(line, " TXT "); found {
			keys[name] = strings.ReplaceAll(strings.Trim(value, "\"\n"), `" "`, "")
		}
	}
	known, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	said := python(t, `
import dkim, json, sys
keys, message = json.loads(sys.argv[1]), sys.stdin.buffer.read()
known = lambda name, timeout=5: keys.get(name.decode(), "").encode()
for i in range(2):
    d = dkim.DKIM(message)
    print(d.verify(idx=i, dnsfunc=known), d.domain.decode(), d.signature_fields[b'a'].decode())
`, message, string(known))
	if said != "True letterbox.example rsa-sha256\nTrue letterbox.example ed25519-sha256\n" {
		t.Errorf("dkimpy says:\n%s\nkeys: %v", said, keys)
	}
	for text, want := range map[string]int{message: 2, strings.Replace(message, "Briefkasten", "briefkasten", 1): 0} {
		if said := opendkim(t, text, keys); strings.Count(said, "dkim=pass") != want || strings.Count(said, "header.d=letterbox.example") != 2 {
			t.Errorf("opendkim says, and should find %d good:\n%s", want, said)
		}
	}
}

// opendkim returns what the filter of that name would write into a message.
func opendkim(t *testing.T, message string, keys map[string]string) string {
	t.Helper()
	program := extracted(t, "opendkim")
	dir := t.TempDir()
	var records strings.Builder
	for name, value := range keys {
		fmt.Fprintln(&records, strings.TrimSuffix(name, "."), value)
	}
	files := map[string]string{"keys": records.String(), "letter.eml": message, "opendkim.conf": "Mode v\nTestDNSData " + filepath.Join(dir, "keys") + "\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return client(t, dir, program, "-x", filepath.Join(dir, "opendkim.conf"), "-vv", "-t", filepath.Join(dir, "letter.eml"))
}

// TestWeAcceptDkimpys checks what dkimpy signs, relaxed and simple, and finds out
// a change.
func TestWeAcceptDkimpys(t *testing.T) {
	t.Parallel()
	needPackage(t, "/usr/lib/python3/dist-packages/dkim", "python3-dkim")
	key := filepath.Join(t.TempDir(), "key.pem")
	client(t, t.TempDir(), "openssl", "genrsa", "-traditional", "-out", key, "2048")
	public := client(t, t.TempDir(), "openssl", "rsa", "-in", key, "-pubout", "-outform", "DER")
	z := zone.Serve(t, "k._domainkey.far.example. TXT "+quoted("v=DKIM1; k=rsa; p="+base64.StdEncoding.EncodeToString([]byte(public)))+"\n")
	verifier := &mailauth.Verifier{Resolver: &resolver.Resolver{Servers: []string{z.Addr}}}
	letter := string(sample("by dkimpy"))
	for _, canonical := range []string{"relaxed", "simple"} {
		signed := python(t, `
import dkim, sys
how, message = sys.argv[2].encode(), sys.stdin.buffer.read()
sys.stdout.buffer.write(dkim.sign(message, b"k", b"far.example", open(sys.argv[1], "rb").read(), canonicalize=(how, how)) + message)
`, letter, key, canonical)
		for text, want := range map[string]mailauth.Result{
			signed: mailauth.Pass, strings.Replace(signed, "Briefkasten", "briefkasten", 1): mailauth.Fail,
		} {
			v := verifier.Check(t.Context(), mailauth.Session{Remote: netip.MustParseAddr("192.0.2.1"), Helo: "x.far.example", Sender: "a@far.example"}, []byte(text))
			if len(v.DKIM) != 1 || v.DKIM[0].Result != want {
				t.Errorf("%s: %+v, want %s", canonical, v.DKIM, want)
			}
		}
	}
}

// quoted writes a text as the strings of a TXT record.
func quoted(text string) string {
	var b strings.Builder
	for len(text) > 200 {
		b.WriteString(`"` + text[:200] + `" `)
		text = text[200:]
	}
	return b.String() + `"` + text + `"`
}

// python runs a script with the system's Python, to which its packages belong, and
// returns what it prints.
func python(t *testing.T, script, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", append([]string{"-c", script}, args...)...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), append(os.Environ(), "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, stderr.String())
	}
	return string(out)
}
