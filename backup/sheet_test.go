package backup

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"letterbox/phrase"
)

func aSheet() *Sheet {
	return &Sheet{
		Host: "mail.example.org", Domains: []string{"example.org", "example.net"}, Program: "v1.2.3",
		Written: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Bytes: 5e9,
		Targets: []SheetTarget{
			{Address: "/var/lib/letterbox/snapshots", Within: true, Last: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)},
			{Address: "sftp://anna@nas.example.org/copies"},
			{Address: "s3://store.example.com/bucket/x"},
			{Address: "/mnt/<disk>"},
		},
		Keys: []OwnerKey{{}, {Recipient: "age1qqqq"}},
	}
}

// TestSheet: everything that a helper needs is on it, in every language, and no
// text is missing.
func TestSheet(t *testing.T) {
	t.Parallel()
	for _, l := range phrase.Known() {
		text, page := aSheet().Text(l), aSheet().HTML(l)
		for _, want := range []string{
			"mail.example.org", "example.org, example.net", "v1.2.3", "/var/lib/letterbox/snapshots", "age1qqqq",
			"letterbox --data /srv/letterbox snapshot restore --from sftp://anna@nas.example.org/copies --set snapshot.sftp_key_file=SSHKEY",
			"--identity KEY.txt", "snapshot-format.md", "nas.example.org", "store.example.com", l.Size(8.5e9),
			l.Date(aSheet().Written), l.Date(aSheet().Targets[0].Last), l.Say("sheet.passphrase"),
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the text lacks %q:\n%s", l.Tag(), want, text)
			}
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q", l.Tag(), want)
			}
		}
		if strings.Contains(text, "sheet.") || strings.Contains(text, "%!") {
			t.Errorf("%s: a text is missing:\n%s", l.Tag(), text)
		}
		if strings.Count(text, "____") < 4 || strings.Count(page, `class="blank"`) != 4 {
			t.Errorf("%s: there is no room to write down where the keys are", l.Tag())
		}
		if !strings.Contains(page, "/mnt/&lt;disk&gt;") {
			t.Errorf("%s: an address is not escaped", l.Tag())
		}
	}
}

// TestSheetIsWellFormed reads the page as XML but for what HTML leaves open.
func TestSheetIsWellFormed(t *testing.T) {
	t.Parallel()
	page := strings.NewReplacer("<!DOCTYPE html>", "", `<meta charset="utf-8">`, "", "<br>", "").Replace(aSheet().HTML(phrase.In("en")))
	for d := xml.NewDecoder(strings.NewReader(page)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSheetWithoutKeys: what lies open is said to, and what there is not.
func TestSheetWithoutKeys(t *testing.T) {
	t.Parallel()
	l := phrase.In("en")
	s := &Sheet{Host: "h", Targets: []SheetTarget{{Address: "/data/snapshots", Within: true}}}
	text := s.Text(l)
	if !strings.Contains(text, "Whoever has them can read all mail") || strings.Contains(text, "--identity") ||
		!strings.Contains(text, "--from /PATH/snapshots") || !strings.Contains(text, "There is none yet.") {
		t.Error(text)
	}
	if text := (&Sheet{Host: "h"}).Text(l); !strings.Contains(text, "No copies are made.") || strings.Contains(text, "restore --from") {
		t.Error(text)
	}
}
