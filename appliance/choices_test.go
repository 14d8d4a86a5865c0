package appliance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterbox/admin"
)

// settingNow is a key as the pages show it.
func settingNow(t *testing.T, d *Data, key string) admin.Setting {
	t.Helper()
	all, err := d.Settings(t.Context())
	must(t, err)
	for _, s := range all {
		if s.Key == key {
			return s
		}
	}
	t.Fatalf("there is no key %s", key)
	return admin.Setting{}
}

// reopen begins anew with a configuration file of these lines.
func (l *lodging) reopen(t *testing.T, lines ...string) {
	t.Helper()
	must(t, l.Close())
	file := filepath.Join(l.config.Data, ConfigFile)
	must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	var err error
	l.config, err = Load(l.config.Data, "", nil)
	must(t, err)
	l.open(t)
}

func TestChoicesCount(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Choose(t.Context(), "imap.max_connections", "77"))
	if s := settingNow(t, l.Data, "imap.max_connections"); s.Value != "10000" || s.Next != "77" || s.Origin != "browser" {
		t.Errorf("before it begins anew: %+v", s)
	}
	must(t, l.Choose(t.Context(), "junk.greylist", "5min"))
	if s := settingNow(t, l.Data, "junk.greylist"); s.Value != "5 min" || !s.Live {
		t.Errorf("what counts at once: %+v", s)
	}
	l.reopen(t)
	if l.Config.IMAP.MaxConnections != 77 {
		t.Errorf("%d connections", l.Config.IMAP.MaxConnections)
	}
	must(t, l.Unchoose(t.Context(), "imap.max_connections"))
	if s := settingNow(t, l.Data, "imap.max_connections"); s.Value != "77" || s.Next != "10000" || s.Origin != "default" {
		t.Errorf("back to the default: %+v", s)
	}
}

// TestTheFileCountsFirst also when it says what is the default anyway.
func TestTheFileCountsFirst(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Choose(t.Context(), "imap.max_connections", "77"))
	l.reopen(t, "[imap]", "max_connections = 10000")
	s := settingNow(t, l.Data, "imap.max_connections")
	if l.Config.IMAP.MaxConnections != 10000 || s.Origin != "file" || s.Choose != "" || s.Unfit == "" {
		t.Errorf("%d, %+v", l.Config.IMAP.MaxConnections, s)
	}
}

// TestChoicesAreChecked by the code that checks the file, together with all else
// that was chosen.
func TestChoicesAreChecked(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	for key, value := range map[string]string{
		"imap.max_connections": "0", "junk.threshold": "many", "queue.warn": "9 days", "smtp.mta_sts": "perhaps", "mail.reserve": "-1",
		"log.level": "loud", "hostname": "a b", "no.such": "x", "snapshot.schedule": "often",
		// Never from afar, whatever the value.
		"tls.dns_command": "/bin/true", "listen.https": ":444", "web.admin_from": "", "relay.address": "evil.example:25",
		"snapshot.s3_key_file": "/etc/passwd", "junk.rspamd": "http://evil.example", "imap.plaintext_loopback": "true", "dns.servers": "192.0.2.1:53",
	} {
		if err := l.Choose(t.Context(), key, value); err == nil {
			t.Errorf("%s = %q was taken", key, value)
		}
	}
	if all, err := l.Directory.Choices(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
	// Each is fine only with the other.
	must(t, l.Choose(t.Context(), "queue.lifetime", "10 days"))
	must(t, l.Choose(t.Context(), "queue.warn", "9 days"))
	if err := l.Unchoose(t.Context(), "queue.lifetime"); err == nil {
		t.Error("a lifetime shorter than the warning")
	}
	l.reopen(t)
	if w := settingNow(t, l.Data, "queue.warn"); w.Value != "9 days" {
		t.Errorf("%+v", w)
	}
}

// TestUnfitChoices: what the file says since must not keep the appliance from
// starting.
func TestUnfitChoices(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Choose(t.Context(), "queue.warn", "3 days"))
	must(t, l.Choose(t.Context(), "imap.max_connections", "77"))
	l.reopen(t, "[queue]", `lifetime = "2 days"`)
	w := settingNow(t, l.Data, "queue.warn")
	if w.Value != "4 h" || !strings.Contains(w.Unfit, "shorter than queue.lifetime") || l.Config.IMAP.MaxConnections != 77 {
		t.Errorf("%+v, %d", w, l.Config.IMAP.MaxConnections)
	}
}

// TestDangerousKeysStayInTheFile names what no page may ever change: a key that is
// added without a thought cannot be chosen.
func TestDangerousKeysStayInTheFile(t *testing.T) {
	t.Parallel()
	c := Default()
	for _, k := range keys(&c) {
		section, name, _ := strings.Cut(k.name, ".")
		guarded := section == "listen" || section == "relay" || section == "web" || section == "tls" && name != "contact" ||
			strings.HasSuffix(name, "_file") || strings.HasSuffix(name, "_command")
		if guarded && k.choose != "" {
			t.Errorf("%s can be chosen in the browser", k.name)
		}
		if k.choose != "" && k.choose != "calm" && k.choose != "careful" {
			t.Errorf("%s: %q is no way to choose", k.name, k.choose)
		}
		for _, value := range k.values {
			if err := k.set(value); err != nil {
				t.Errorf("%s: %v", k.name, err)
			}
		}
	}
}
