package imapd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

func testParser(d *wire.Decoder) *searchParser {
	return &searchParser{
		d: d, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), decode: checkUTF8,
		messages: 9, lastUID: 90, saved: imap.UIDSetNum(30),
		bits: func(names []imap.Flag) (store.Flags, bool) {
			if names[0] == "known" {
				return 1 << store.FirstKeyword, true
			}
			return 0, false
		},
		filters: func(name string) (string, error) {
			if name == "known" {
				return `OR SUBJECT "a" FILTER other`, nil
			}
			return "", store.ErrNoFilter
		},
	}
}

func TestParseSearchKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ALL":                            "imapd.allKey{}",
		"SEEN":                           "imapd.flagKey{1 true}",
		"undeleted":                      "imapd.flagKey{8 false}",
		"KEYWORD known":                  "imapd.flagKey{256 true}",
		"UNKEYWORD other":                "imapd.flagKey{0 false}",
		"(SEEN)":                         "imapd.flagKey{1 true}",
		"$":                              "imapd.uidKey{30}",
		"UID $":                          "imapd.uidKey{30}",
		"UID 5:*":                        "imapd.uidKey{5:90}",
		"*":                              "imapd.numberKey{9}",
		"3,1:2":                          "imapd.numberKey{1:3}",
		"NOT SEEN":                       "imapd.notKey{imapd.flagKey{1 true}}",
		"OLD":                            "imapd.notKey{imapd.recentKey{}}",
		"LARGER 10":                      "imapd.sizeKey{10 9223372036854775807}",
		"SMALLER 10":                     "imapd.sizeKey{-1 10}",
		"EMAILID M12":                    "imapd.idKey{false 12}",
		"THREADID M12":                   "imapd.idKey{true 0}",
		"SUBJECT \"GRÜN\"":               "imapd.fieldKey{SUBJECT gru\u0308n}",
		"HEADER X-Y {2}\r\nab":           "imapd.fieldKey{X-Y ab}",
		"TEXT a":                         "imapd.textKey{0 0}",
		"BODY a":                         "imapd.textKey{1 0}",
		"OR TEXT a SEEN":                 "imapd.orKey[imapd.flagKey{1 true} imapd.textKey{0 0}]",
		"TEXT a SMALLER 10 SEEN":         "imapd.andKey[imapd.flagKey{1 true} imapd.sizeKey{-1 10} imapd.textKey{0 0}]",
		"(TEXT a TEXT b)":                "imapd.andKey[imapd.textKey{0 0} imapd.textKey{0 1}]",
		"SINCE 1-Feb-2026":               "imapd.dateKey{0 2026-02-01 0001-01-01}",
		"SENTBEFORE \"1-feb-2026\"":      "imapd.dateKey{1 0001-01-01 2026-02-01}",
		"SAVEDON 28-Feb-2026":            "imapd.dateKey{2 2026-02-28 2026-03-01}",
		"YOUNGER 3600":                   "imapd.ageKey{2026-03-01 11:00 false}",
		"OLDER 43200":                    "imapd.ageKey{2026-03-01 00:00 true}",
		"NOT (OR 1 2 SAVEDATESUPPORTED)": "imapd.notKey{imapd.andKey[imapd.orKey[imapd.numberKey{1} imapd.numberKey{2}] imapd.allKey{}]}",
	} {
		d := decoderOf(in + "\r\n")
		key := testParser(d).keys()
		if err := d.End(); err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := show(key); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// show writes a key with its type.
func show(key searchKey) string {
	switch k := key.(type) {
	case andKey:
		var parts []string
		for _, key := range k {
			parts = append(parts, show(key))
		}
		return fmt.Sprintf("%T%v", k, parts)
	case orKey:
		return fmt.Sprintf("%T[%s %s]", k, show(k[0]), show(k[1]))
	case notKey:
		return fmt.Sprintf("%T{%s}", k, show(k.key))
	case uidKey:
		return fmt.Sprintf("%T{%s}", k, k.set.String())
	case numberKey:
		return fmt.Sprintf("%T{%s}", k, k.set.String())
	case fieldKey:
		return fmt.Sprintf("%T{%s %s}", k, k.name, k.needle)
	case textKey:
		return fmt.Sprintf("%T{%d %d}", k, k.in, k.needle)
	case dateKey:
		return fmt.Sprintf("%T{%d %s %s}", k, k.source, k.from.Format(time.DateOnly), k.before.Format(time.DateOnly))
	case ageKey:
		return fmt.Sprintf("%T{%s %v}", k, k.moment.Format("2006-01-02 15:04"), k.older)
	}
	return fmt.Sprintf("%T%v", key, key)
}

func TestParseSearchKeyMistakes(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "NONSENSE", "UNALL", "UNRECENT", "()", "(SEEN", "SEEN)", "OR SEEN", "NOT", "SEEN  SEEN", "KEYWORD", "FROM", "HEADER a",
		"LARGER x", "SINCE yesterday", "SINCE 31-Feb-2026", "0", "1:", "UID", "SENT", "SAVED", "SENTYOUNGER 3", "UNKEYWORD (a)",
		strings.Repeat("NOT ", maxKeyDepth) + "SEEN",
	} {
		d := decoderOf(in + "\r\n")
		testParser(d).keys()
		if d.End() == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

// What the parser takes can be judged without a row, and what comes out does
// not depend on whether NOT is written twice.
func FuzzSearchKey(f *testing.F) {
	for _, in := range []string{
		"ALL", "OR (SEEN UID 1:*) NOT FROM \"a b\"", "HEADER x {1}\r\na TEXT b", "SENTSINCE 1-Jan-2020 OLDER 5", "UNKEYWORD $Junk $ 3,*",
		"FUZZY (TEXT \"helo wrold\" NOT SUBJECT b)", "FILTER known SEEN", "OR FILTER unknown MODSEQ 4",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d := decoderOf(in + "\r\n")
		key := testParser(d).keys()
		if d.End() != nil {
			return
		}
		c := &candidate{seq: 3, entry: store.Entry{UID: 30, Flags: store.Seen}}
		v := key.match(c)
		if v == undecided && key.cost() == ofView {
			t.Errorf("%q: nothing can decide it", in)
		}
		if twice := (notKey{notKey{key}}).match(c); twice != v {
			t.Errorf("%q: %d, and not not %d", in, v, twice)
		}
	})
}
