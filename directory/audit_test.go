package directory

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"letterbox/database"
)

// lines are the audit log's, oldest first, as "actor action subject detail".
func (h *house) lines(t testing.TB, prefix string) []string {
	t.Helper()
	events, err := h.Audit(t.Context(), time.Time{}, 1000)
	must(t, err)
	var lines []string
	for _, e := range events {
		if strings.HasPrefix(e.Action, prefix) {
			lines = append([]string{strings.TrimSpace(strings.Join([]string{e.Actor, e.Action, e.Subject, e.Remote, e.Detail}, " "))}, lines...)
		}
	}
	return lines
}

func TestAdministrationIsWrittenDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := ActingAs(t.Context(), ann, netip.MustParseAddr("192.0.2.1"))
	_, err := h.AddUser(ctx, "carl@home.example", "Carl", "a good password")
	must(t, err)
	must(t, h.SetPassword(ctx, "carl@home.example", "another password"))
	must(t, h.SetDisabled(ctx, "carl@home.example", true))
	must(t, h.SetDisabled(ctx, "carl@home.example", false))
	must(t, h.AddAlias(ctx, "c@home.example", "carl@home.example"))
	must(t, h.RemoveAlias(ctx, "c@home.example", "carl@home.example"))
	must(t, h.RemoveUser(ctx, "carl@home.example"))
	must(t, h.SetSetting(ctx, "some.key", "some value"))
	must(t, h.RemoveDomain(ctx, "office.example"))
	if err := h.RemoveDomain(ctx, "home.example"); err == nil {
		t.Fatal("removed")
	}
	must(t, h.Record(t.Context(), Event{Actor: "command line", Action: "snapshot.take", Subject: "all"}))
	by := func(rest string) string { return ann + " " + rest }
	want := []string{
		"system domain.add home.example",
		"system domain.add office.example",
		"system user.add ann@home.example",
		"system user.role ann@home.example  admin",
		"system user.add bob@home.example",
		by("user.add carl@home.example 192.0.2.1"),
		by("user.password carl@home.example 192.0.2.1"),
		by("user.disable carl@home.example 192.0.2.1"),
		by("user.enable carl@home.example 192.0.2.1"),
		by("alias.add c@home.example 192.0.2.1 carl@home.example"),
		by("alias.remove c@home.example 192.0.2.1 carl@home.example"),
		by("user.remove carl@home.example 192.0.2.1"),
		by("setting.set some.key 192.0.2.1"),
		by("domain.remove office.example 192.0.2.1"),
		"command line snapshot.take all",
	}
	if diff := cmp.Diff(want, h.lines(t, "")); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

// A device that signs in every minute leaves one line a day.
func TestSignInsAreSampled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 50 * 60 {
		must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
		h.clock.advance(time.Minute)
	}
	must(t, h.signIn(t, "2001:db8::1", bob, bobsPassword))
	must(t, h.signIn(t, "2001:db8::2", bob, bobsPassword))
	day := "bob@home.example signin.ok bob@home.example 192.0.2.1 imap"
	want := []string{day, day, day, "bob@home.example signin.ok bob@home.example 2001:db8::1 imap"}
	if diff := cmp.Diff(want, h.lines(t, "signin.")); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

func TestWrongPasswordsAreWrittenDownOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	try := func(username, password string) { h.signIn(t, "192.0.2.66", username, password) }
	for range 3 {
		try(bob, "stale password")
	}
	try("typo@home.example", "x")
	try("who@elsewhere.example", "x")
	try("my secret password", "x")
	try("p@ssword.of.mine", "x")
	for range 3 {
		try(bob, "one too many")
	}
	bad, who := "unknown signin.bad ", " 192.0.2.66 imap"
	want := []string{bad + bob + who, bad + "typo@home.example" + who, bad + who, bad + who, bad + who, "unknown signin.throttled " + who}
	if diff := cmp.Diff(want, h.lines(t, "signin.")); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

// Nothing that a password could be read from reaches the disk.
func TestPasswordsDoNotReachTheDisk(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.signIn(t, "192.0.2.1", bob, "wrong but telling")
	h.signIn(t, "192.0.2.1", "typed-in-the-wrong-field", "x")
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	_, err := h.exchange(t, from("192.0.2.1"), bob, bobsPassword, "")
	must(t, err)
	files, err := filepath.Glob(h.path + "*")
	must(t, err)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		must(t, err)
		for _, secret := range []string{annsPassword, bobsPassword, "wrong but telling", "typed-in-the-wrong-field"} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%q is in %s", secret, filepath.Base(name))
			}
		}
	}
}

// An attack does not push out what administrators did; the log is bounded in
// number and age.
func TestAuditIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	count := func(like string) (n int) {
		must(t, h.db.Read(t.Context(), func(c *database.Conn) error {
			return c.QueryRow(`SELECT count(*) FROM audit WHERE action GLOB ?`, like).Scan(&n)
		}))
		return n
	}
	record := func(action string, n int) {
		must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
			for i := range n {
				if err := h.audit(t.Context(), tx, Event{Action: action, Subject: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	record("signin.bad", auditSignIns+3*auditPrune)
	if n := count("signin.*"); n < auditSignIns || n > auditSignIns+auditPrune {
		t.Errorf("%d sign-ins", n)
	}
	if n := count("user.*"); n != 3 {
		t.Errorf("%d administrative acts are left of 3", n)
	}
	h.clock.advance(auditAge + time.Hour)
	record("later", auditPrune)
	if n := count("*"); n > auditPrune {
		t.Errorf("%d lines, want none of the old ones", n)
	}
}

func TestAuditSinceAndLimit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.clock.advance(time.Hour)
	since := h.clock.Now()
	for i := range 5 {
		must(t, h.Record(t.Context(), Event{Action: "test", Subject: fmt.Sprint(i)}))
	}
	events, err := h.Audit(t.Context(), since, 3)
	must(t, err)
	var subjects []string
	for _, e := range events {
		subjects = append(subjects, e.Subject)
	}
	if diff := cmp.Diff([]string{"4", "3", "2"}, subjects); diff != "" {
		t.Error(diff)
	}
	if events, err = h.Audit(t.Context(), since, 100); err != nil || len(events) != 5 {
		t.Errorf("%d lines, %v", len(events), err)
	}
}
