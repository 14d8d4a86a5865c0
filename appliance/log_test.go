package appliance

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"letterbox/directory"
	"letterbox/logbook"
)

// TestLogLevel: what is chosen for it in the browser counts at once, and still when the
// appliance starts again.
func TestLogLevel(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Log.Level = "info" })
	takes := func(want slog.Level) {
		t.Helper()
		for level := slog.LevelDebug; level <= slog.LevelError; level += 4 {
			if log := r.data.Log.With("server", "x"); log.Enabled(t.Context(), level) != (level >= want) {
				t.Errorf("with %s, lines of %s: %t", want, level, level < want)
			}
		}
	}
	takes(slog.LevelInfo)
	must(t, r.data.Choose(t.Context(), "log.level", "error"))
	takes(slog.LevelError)
	must(t, r.data.Choose(t.Context(), "log.level", "debug"))
	takes(slog.LevelDebug)
	r.data.Log.Debug("a detail")
	if lines := r.book.Lines(func(l *logbook.Line) bool { return l.Message == "a detail" }); len(lines) != 1 {
		t.Errorf("the pages show %d lines", len(lines))
	}
	if s := settingNow(t, r.data, "log.level"); s.Value != "debug" || !s.Live {
		t.Errorf("%+v", s)
	}
	must(t, r.data.Unchoose(t.Context(), "log.level"))
	takes(slog.LevelInfo) // is the default
}

// TestLogLevelAtStart takes what was chosen before.
func TestLogLevelAtStart(t *testing.T) {
	t.Parallel()
	l := newLodging(t)
	must(t, l.Choose(t.Context(), "log.level", "error"))
	must(t, l.Close())
	c := l.config
	c.Listen = Listen{}
	log, level := c.Log.NewLogger(t.Output())
	a, err := New(c, Options{Log: log, Level: level, Ready: func(context.Context, *Data) error { return errStop }})
	must(t, err)
	if err := a.Run(t.Context()); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	if level.Level() != slog.LevelError {
		t.Errorf("it is %s", level.Level())
	}
}

// errStop ends an appliance once it has started.
var errStop = errors.New("it was only to start")

// TestLogHasNoSecrets signs in in every way, rightly and wrongly, with every detail
// logged, and looks for what was typed.
func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Listen.HTTPS, c.Log.Level = Addresses{"127.0.0.1:0"}, "debug" })
	const wrong = "a wrong guess"
	app, _, err := r.data.Directory.AddAppPassword(t.Context(), annaAddress, "Phone", directory.ScopeIMAP)
	must(t, err)
	invitation, _, err := r.data.Directory.Invite(t.Context(), annaAddress)
	must(t, err)
	for _, password := range []string{annaPassword, app} {
		r.login(t, password, "a1 OK")
	}
	r.login(t, wrong, "a1 NO")
	r.auth(t, annaPassword, "235 ")
	r.auth(t, wrong, "535 ")
	b := &visitor{t: t, base: "https://" + r.Addr("https").String()}
	b.begin()
	b.sends("/signin", "", "user", annaAddress, "password", wrong)
	b.shows(directory.InvitationPath+invitation, "")
	b.sends("/signin", "My mailbox", "user", annaAddress, "password", annaPassword)

	secrets := []string{annaPassword, app, wrong, invitation, r.SetupCode()}
	for _, password := range []string{annaPassword, wrong} {
		secrets = append(secrets, base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "\x00%s\x00%s", annaAddress, password)))
	}
	for _, c := range b.cookies() {
		secrets = append(secrets, c.Value)
	}
	lines := r.book.Lines(func(l *logbook.Line) bool { return l.Has(annaAddress) })
	if len(lines) < 3 {
		t.Errorf("only %d lines are about anna", len(lines))
	}
	for _, l := range r.book.Lines(func(*logbook.Line) bool { return true }) {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(fmt.Sprint(*l), secret) {
				t.Errorf("%q is in %+v", secret, *l)
			}
		}
	}
}

// cookies are those that the appliance has given.
func (b *visitor) cookies() []*http.Cookie {
	u, err := url.Parse(b.base)
	must(b.t, err)
	return b.client.Jar.Cookies(u)
}
