package appliance

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write generated files anew")

func TestDefaultIsSound(t *testing.T) {
	t.Parallel()
	c := Default()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

// TestSampleIsCurrent compares the sample in docs with the code.
func TestSampleIsCurrent(t *testing.T) {
	t.Parallel()
	const file = "../docs/letterbox.sample.toml"
	var want bytes.Buffer
	if err := WriteSample(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("%s is not current; run 'make generate':\n%s", file, diff)
	}
}

// TestSampleReadsBack takes the comment signs off every key of the sample: it
// must still be the default configuration, and have every key.
func TestSampleReadsBack(t *testing.T) {
	t.Parallel()
	var sample bytes.Buffer
	if err := WriteSample(&sample); err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^#([a-z_]+ = )`).ReplaceAllString(sample.String(), "$1")
	var got Config
	if err := got.decode([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Error(diff)
	}
	c := Default()
	if lines, all := strings.Count(text, " = "), len(keys(&c)); lines != all {
		t.Errorf("%d keys in the sample, %d in the configuration", lines, all)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	c := Default()
	for _, k := range keys(&c) {
		if k.doc == "" || k.name == "" {
			t.Errorf("key %q has no doc", k.name)
		}
		kind := k.value.Kind()
		if kind == reflect.Struct {
			t.Errorf("key %q is a section", k.name)
		}
	}
}

func TestSetAndFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := "hostname = \"mail.example.org\"\n[listen]\nimap = \"127.0.0.1:1143, [::1]:1143\"\nsmtp = \"\"\n[smtp]\nmax_message_size = \"10MB\"\n"
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(dir, "", []string{"listen.imaps=", "imap.plaintext_loopback=true", "imap.max_connections=7", "smtp.max_message_size=64 KiB"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Data = dir
	want.Hostname = "mail.example.org"
	want.Listen.IMAP = Addresses{"127.0.0.1:1143", "[::1]:1143"}
	want.Listen.SMTP, want.Listen.IMAPS = nil, nil
	want.IMAP.PlaintextLoopback = true
	want.IMAP.MaxConnections = 7
	want.SMTP.MaxMessageSize = 65536
	want.File = filepath.Join(dir, ConfigFile)
	want.Origins = map[string]Origin{
		"hostname": FromFile, "listen.imap": FromFile, "listen.smtp": FromFile, "smtp.max_message_size": FromFlag,
		"listen.imaps": FromFlag, "imap.plaintext_loopback": FromFlag, "imap.max_connections": FromFlag,
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, want string }{
		{"[listen]\n\nimasp = \":1\"", `line 3: unknown key "listen.imasp"; did you mean "listen.imap`},
		{"[relais]\naddress = \"x:1\"", `line 1: unknown key "relais"; did you mean "relay"?`},
		{"imaps = \":1\"", `line 1: unknown key "imaps"; did you mean "listen.imaps"?`},
		{"a = 1\nb = 2", `line 2: unknown key "b"`},
		{"completely_else = 1", "'letterbox config sample' shows all keys"},
		{"[imap]\nplaintext_loopback = \"yes\"", "line 2, column 22: imap.plaintext_loopback wants true or false"},
		{"hostname = 3", "line 1, column 12: hostname wants a text in quotes"},
		{"hostname = \"a", "line 1"},
		{"[smtp]\nmax_message_size = \"much\"", `line 2, column 20: "much" is no size; write for example 50 MiB`},
		{"[imap]\nmax_connections = -1", "imap.max_connections: -1 would let nobody in"},
	} {
		file := filepath.Join(t.TempDir(), "file.toml")
		if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(t.TempDir(), file, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q:\n got %v\nwant %s", test.file, err, test.want)
		}
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Load(dir, "", nil); err != nil {
		t.Errorf("a file that nobody named is needed: %v", err)
	}
	if _, err := Load(dir, filepath.Join(dir, "named.toml"), nil); err == nil {
		t.Error("a file that was named may be missing")
	}
}

func TestUnsafeValues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	closed := filepath.Join(dir, "closed")
	if err := os.WriteFile(closed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		want     string // empty: it is fine
		settings []string
	}{
		{"", []string{"listen.metrics=127.0.0.1:1,[::1]:1,localhost:1"}},
		{"set listen.metrics_public", []string{"listen.metrics=:9400"}},
		{"set listen.metrics_public", []string{"listen.metrics=192.0.2.1:9400"}},
		{"", []string{"listen.metrics=:9400", "listen.metrics_public=true"}},
		{"is not ADDRESS:PORT", []string{"listen.imap=143"}},
		{"is no port", []string{"listen.imap=:imap"}},
		{"is no port", []string{"listen.imap=:70000"}},
		{"is no address of this machine", []string{"listen.imap=mail.example.org:143"}},
		{"is taken by listen.imap;", []string{"listen.imaps=:143"}},
		{"", []string{"listen.imap=127.0.0.1:0", "listen.imaps=127.0.0.1:0"}},
		{"is an address", []string{"hostname=192.0.2.1"}},
		{"xn--", []string{"hostname=bücher.example"}},
		{"is not a host name", []string{"hostname=mail.example.org:25"}},
		{"", []string{"hostname=mail.example.org"}},
		{"between 64 KiB", []string{"smtp.max_message_size=1000"}},
		{"between 64 KiB", []string{"imap.max_message_size=2 GiB"}},
		{"write starttls, implicit or none", []string{"relay.tls=yes"}},
		{"is not HOST:PORT", []string{"relay.address=smtp.example.net"}},
		{"write always, domains or blocked", []string{"relay.use=never"}},
		{"", []string{"relay.use=blocked", "relay.domains=T-Online.de, gmx.net"}},
		{"between 1 h and 30 days", []string{"queue.lifetime=5 min"}},
		{"shorter than queue.lifetime", []string{"queue.lifetime=3 h"}},
		{"", []string{"queue.lifetime=3 h", "queue.warn=0"}},
		{"set queue.send = false", []string{"queue.connections=0"}},
		{"0 for no limit", []string{"queue.strangers_per_day=-1"}},
		{"is not ADDRESS:PORT", []string{"dns.servers=dns.example:53"}},
		{"", []string{"dns.servers=127.0.0.1:53, [::1]:53"}},
		{"would show the password", []string{"relay.address=192.0.2.1:587", "relay.tls=none", "relay.username=u", "relay.password_file=" + closed}},
		{"", []string{"relay.address=127.0.0.1:587", "relay.tls=none", "relay.username=u", "relay.password_file=" + closed}},
		{"chmod 600", []string{"relay.address=smtp.example.net:587", "relay.username=u", "relay.password_file=" + open}},
		{"relay.password_file: missing", []string{"relay.username=u"}},
		{"no such file", []string{"relay.username=u", "relay.password_file=" + open + "x"}},
		{"", []string{"snapshot.target=/mnt/disk", "log.level=debug", "log.format=json"}},
		{"", []string{"snapshot.target=s3://s3.example.net/bucket/prefix"}},
		{"neither an absolute path", []string{"snapshot.target=disk"}},
		{"neither an absolute path", []string{"snapshot.target=s3://s3.example.net"}},
		{"", []string{"snapshot.target="}},
		{"", []string{"snapshot.target=snapshots, /mnt/disk, s3://s3.example.net/bucket", "snapshot.schedule=every 6h, keep 4 daily"}},
		{"needs snapshot.sftp_key_file", []string{"snapshot.target=sftp://me@nas.example.net/mail"}},
		{"write for example", []string{"snapshot.schedule=sometimes"}},
		{"no keys in the address", []string{"snapshot.target=s3://key:secret@s3.example.net/bucket"}},
		{"write debug", []string{"log.level=loud"}},
		{"write text", []string{"log.format=xml"}},
	} {
		_, err := Load(dir, "", test.settings)
		if test.want == "" {
			if err != nil {
				t.Errorf("%v: %v", test.settings, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v:\n got %v\nwant %s", test.settings, err, test.want)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Size{
		"0": 0, "1": 1, "77 B": 77, "50 MiB": 50 << 20, "50mib": 50 << 20,
		"2GB": 2e9, "1 TiB": 1 << 40, " 3 kB ": 3000,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %d, %v; want %d", text, s, err, want)
		}
		again, _ := s.MarshalText()
		var back Size
		if err := back.UnmarshalText(again); err != nil || back != s {
			t.Errorf("%q was written as %q, which reads %d", text, again, back)
		}
	}
	for _, text := range []string{"", "B", "-1", "1.5 GB", "9999999999 TB", "1 parsec"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, s)
		}
	}
}
