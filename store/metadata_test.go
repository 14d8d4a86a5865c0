package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

// annotations are what a reader sees, "name=value" each.
func (h *house) annotations(m MailboxID, reader AccountID) (all []string) {
	h.t.Helper()
	list, err := h.Metadata(h.t.Context(), m, reader)
	must(h.t, err)
	for _, a := range list {
		all = append(all, a.Name+"="+string(a.Value))
	}
	return all
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, in := t.Context(), h.box("INBOX")
	set := func(m MailboxID, by AccountID, entries ...Annotation) error {
		return h.SetMetadata(ctx, m, by, entries)
	}
	must(t, set(in, alice, Annotation{"/shared/comment", []byte("ours")}, Annotation{"/private/Comment", []byte("")}))
	must(t, set(in, bob, Annotation{"/private/comment", []byte("bob's")}))
	must(t, set(ServerMetadata, bob, Annotation{"/private/x", []byte{0, 1}}))
	for reader, want := range map[AccountID][]string{
		alice: {"/private/Comment=", "/shared/comment=ours"},
		bob:   {"/private/comment=bob's", "/shared/comment=ours"},
	} {
		if diff := cmp.Diff(want, h.annotations(in, reader)); diff != "" {
			t.Errorf("reader %d: %s", reader, diff)
		}
	}
	if all := h.annotations(ServerMetadata, alice); all != nil {
		t.Errorf("alice reads %q", all)
	}
	value, err := h.Annotation(ctx, in, bob, "/PRIVATE/COMMENT")
	if must(t, err); string(value) != "bob's" {
		t.Errorf("one value is %q", value)
	}
	if value, err := h.Annotation(ctx, in, bob, "/private/none"); value != nil || err != nil {
		t.Errorf("none is %q, %v", value, err)
	}
	must(t, set(in, alice, Annotation{"/private/COMMENT", []byte("other case")}))
	must(t, set(in, alice, Annotation{"/Shared/Comment", nil}))
	if diff := cmp.Diff([]string{"/private/Comment=other case"}, h.annotations(in, alice)); diff != "" {
		t.Error(diff)
	}
}

// They follow a mailbox that is renamed, stay with INBOX as well when that is,
// and go with mailbox and account.
func TestMetadataFollows(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx := t.Context()
	note := []Annotation{{"/shared/comment", []byte("x")}, {"/private/comment", []byte("y")}}
	sent := h.box("Sent")
	must(t, h.SetMetadata(ctx, sent, alice, note))
	must(t, h.SetMetadata(ctx, h.box("INBOX"), alice, note))
	must(t, h.SetMetadata(ctx, h.boxOf(bob, "INBOX"), alice, note))
	must(t, h.RenameMailbox(ctx, alice, "Sent", "Gone"))
	must(t, h.RenameMailbox(ctx, alice, "INBOX", "Old"))
	for _, name := range []string{"Gone", "Old", "INBOX"} {
		if n := len(h.annotations(h.box(name), alice)); n < 2 {
			t.Errorf("%s has %d", name, n)
		}
	}
	must(t, h.DeleteMailbox(ctx, alice, "Gone"))
	made, err := h.CreateMailbox(ctx, alice, "Gone", "")
	must(t, err)
	if all := h.annotations(made.ID, alice); len(all) != 0 {
		t.Errorf("a new mailbox of an old name has %q", all)
	}
	if err := h.SetMetadata(ctx, sent, alice, note); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted mailbox: %v", err)
	}
	must(t, h.RemoveAccount(ctx, alice))
	if n := h.count(`SELECT count(*) FROM metadata WHERE account <> 0`); n != 0 {
		t.Errorf("%d of a removed account are left", n)
	}
	must(t, h.RemoveAccount(ctx, bob))
	if n := h.count(`SELECT count(*) FROM metadata`); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestMetadataLimits(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, in := t.Context(), h.box("INBOX")
	var many []Annotation
	for i := range MaxAnnotations {
		many = append(many, Annotation{fmt.Sprintf("/private/n%d", i), make([]byte, MaxAnnotation)})
	}
	must(t, h.SetMetadata(ctx, in, alice, many))
	if err := h.SetMetadata(ctx, in, alice, []Annotation{{"/private/one", []byte("too many")}}); !errors.Is(err, ErrTooManyAnnotations) {
		t.Errorf("one too many: %v", err)
	}
	must(t, h.SetMetadata(ctx, in, alice, []Annotation{{"/private/n1", []byte("other")}, {"/shared/one", []byte("y")}}))
	must(t, h.SetMetadata(ctx, in, alice, []Annotation{{"/private/n1", nil}, {"/private/one", []byte("y")}}))
	err := h.SetMetadata(ctx, in, bob, []Annotation{{"/private/a", []byte("y")}, {"/private/b", make([]byte, MaxAnnotation+1)}})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
	if value, _ := h.Annotation(ctx, in, bob, "/private/a"); value != nil {
		t.Error("half of it was set")
	}
}

func TestEntryNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"/private/comment": true, "/SHARED/vendor/x/y": true, "/private": true, "/shared/vendor": true,
		"": false, "/": false, "/other/x": false, "comment": false, "/privatex/y": false, "/private/": false,
		"/private//x": false, "/shared/a*": false, "/shared/a%": false, "/shared/ä": false, "/shared/a b": false,
		"/shared/a\x00": false, "/shared/" + strings.Repeat("x", 300): false,
	} {
		if err := ValidEntry(name); (err == nil) != want || err != nil && !errors.Is(err, ErrBadEntry) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"/private", "/shared/vendor", "/shared/vendor/x"} {
		if err := settable(name); !errors.Is(err, ErrBadEntry) {
			t.Errorf("a value for %q: %v", name, err)
		}
	}
}

// RFC 6154 section 5.4.
func TestSpecialUseMoves(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx := t.Context()
	made, err := h.CreateMailbox(ctx, alice, "Gesendet", "")
	must(t, err)
	use := func(by AccountID, value []byte) error {
		return h.SetMetadata(ctx, made.ID, by, []Annotation{{"/private/SpecialUse", value}})
	}
	must(t, use(alice, []byte(imap.MailboxAttrSent)))
	if old, now := h.row(alice, "Sent").SpecialUse, h.row(alice, "Gesendet").SpecialUse; old != "" || now != imap.MailboxAttrSent {
		t.Errorf("Sent has %q, Gesendet %q", old, now)
	}
	if diff := cmp.Diff([]string{`/private/specialuse=\Sent`}, h.annotations(made.ID, alice)); diff != "" {
		t.Error(diff)
	}
	if all := h.annotations(made.ID, bob); all != nil {
		t.Errorf("bob reads %q", all)
	}
	if err := use(bob, nil); !errors.Is(err, ErrReadOnlyAnnotation) {
		t.Errorf("by somebody else: %v", err)
	}
	must(t, use(alice, nil))
	if now := h.row(alice, "Gesendet").SpecialUse; now != "" {
		t.Errorf("still %q", now)
	}
}
