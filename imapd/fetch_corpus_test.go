package imapd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"letterbox/message"
	"letterbox/store"
)

// corpus returns real messages, by name, or skips the test.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("LETTERBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	files, err := filepath.Glob(filepath.Join(dir, "eml", "*"))
	if err != nil || len(files) == 0 {
		t.Skip("no corpus: set LETTERBOX_CORPUS to its folder")
	}
	mails := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		check(t, err)
		if len(raw) > 0 {
			mails[filepath.Base(file)] = raw
		}
	}
	return mails
}

// dial signs in with another project's client.
func (h *house) dial(t testing.TB) *imapclient.Client {
	t.Helper()
	plain, _ := h.serve(t, Config{PlaintextLoopback: true})
	client, err := imapclient.DialInsecure(plain, nil)
	check(t, err)
	t.Cleanup(func() { _ = client.Close() })
	check(t, client.Login(annaAddress, annaPassword).Wait())
	return client
}

// A cutting is a section and the bytes that it must have.
type cutting struct {
	section imap.FetchItemBodySection
	want    []byte
}

// cuttings lists every section of a message, told from the offsets alone.
func cuttings(raw []byte) []cutting {
	root := &message.Parse(raw).Root
	list := []cutting{
		{imap.FetchItemBodySection{}, raw},
		{imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, raw[root.Header:root.Body]},
		{imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, raw[root.Body:root.End]},
	}
	list = append(list, inside(raw, root, nil)...)
	for i := range list {
		list[i].section.Peek = true
	}
	return list
}

// inside lists the sections of a message's parts.
func inside(raw []byte, msg *message.Part, path []int) []cutting {
	if msg.Kind != message.Multipart {
		return ofPart(raw, msg, append(path[:len(path):len(path)], 1))
	}
	var list []cutting
	for i := range msg.Children {
		list = append(list, ofPart(raw, &msg.Children[i], append(path[:len(path):len(path)], i+1))...)
	}
	return list
}

func ofPart(raw []byte, p *message.Part, path []int) []cutting {
	list := []cutting{
		{imap.FetchItemBodySection{Part: path}, raw[p.Body:p.End]},
		{imap.FetchItemBodySection{Part: path, Specifier: imap.PartSpecifierMIME}, raw[p.Header:p.Body]},
	}
	switch p.Kind {
	case message.Multipart:
		return append(list, inside(raw, p, path)...)
	case message.Embedded:
		inner := &p.Children[0]
		list = append(list,
			cutting{imap.FetchItemBodySection{Part: path, Specifier: imap.PartSpecifierHeader}, raw[inner.Header:inner.Body]},
			cutting{imap.FetchItemBodySection{Part: path, Specifier: imap.PartSpecifierText}, raw[inner.Body:inner.End]})
		return append(list, inside(raw, inner, path)...)
	}
	return list
}

// Every section of every message arrives over the wire as it was appended over
// the wire.
func TestCorpusSections(t *testing.T) {
	t.Parallel()
	mails := corpus(t)
	client := newHouse(t).dial(t)
	_, err := client.Select("INBOX", nil).Wait()
	check(t, err)
	for name, raw := range mails {
		t.Run(name, func(t *testing.T) {
			cmd := client.Append("INBOX", int64(len(raw)), nil)
			_, err := cmd.Write(raw)
			check(t, err)
			check(t, cmd.Close())
			added, err := cmd.Wait()
			check(t, err)
			all := cuttings(raw)
			compareSections(t, client, added.UID, all[:min(len(all), 200)])
		})
	}
}

func compareSections(t *testing.T, client *imapclient.Client, uid imap.UID, want []cutting) {
	t.Helper()
	options := &imap.FetchOptions{UID: true}
	for i := range want {
		options.BodySection = append(options.BodySection, &want[i].section)
	}
	got, err := client.Fetch(imap.UIDSetNum(uid), options).Collect()
	check(t, err)
	if len(got) != 1 || got[0].UID != uid {
		t.Fatalf("%d messages, %v", len(got), got)
	}
	for i, section := range got[0].BodySection {
		if !bytes.Equal(section.Bytes, want[i].want) {
			t.Errorf("%v %s: %d bytes %.80q, want %d bytes %.80q", want[i].section.Part, want[i].section.Specifier,
				len(section.Bytes), section.Bytes, len(want[i].want), want[i].want)
		}
	}
	if len(got[0].BodySection) != len(want) {
		t.Errorf("%d sections, want %d", len(got[0].BodySection), len(want))
	}
}

// A message with a prefix of the delivery's has it in front of its header, and
// all offsets behind it.
func TestPrefix(t *testing.T) {
	t.Parallel()
	raw := []byte("Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\npart\r\n--b--\r\n")
	h := newHouse(t)
	h.message(t, annaAddress, "INBOX", store.NewMessage{Raw: raw, Prefix: []byte("Return-Path: <x@y.example>\r\n")})
	client := h.dial(t)
	_, err := client.Select("INBOX", nil).Wait()
	check(t, err)
	whole := append([]byte("Return-Path: <x@y.example>\r\n"), raw...)
	header := bytes.Index(whole, []byte("\r\n\r\n")) + 4
	compareSections(t, client, 1, []cutting{
		{imap.FetchItemBodySection{}, whole},
		{imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, whole[:header]},
		{imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, whole[header:]},
		{imap.FetchItemBodySection{Part: []int{1}}, []byte("part")},
		{imap.FetchItemBodySection{Part: []int{1}, Specifier: imap.PartSpecifierMIME}, []byte("\r\n")},
		{imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Return-Path"}}, []byte("Return-Path: <x@y.example>\r\n\r\n")},
	})
}

// NUL, 8-bit and bare line ends are kept byte for byte, and a large message is
// copied in constant memory.
func TestBytesAreKept(t *testing.T) {
	t.Parallel()
	client := newHouse(t).dial(t)
	_, err := client.Select("INBOX", nil).Wait()
	check(t, err)
	for i, raw := range []string{
		"a: b\n\n\x00\xff\r",
		"\x00",
		"no header at all",
		"Subject: large\r\n\r\n" + strings.Repeat("0123456789abcde\n", 1<<18),
	} {
		cmd := client.Append("INBOX", int64(len(raw)), nil)
		_, err := io.WriteString(cmd, raw)
		check(t, err)
		check(t, cmd.Close())
		_, err = cmd.Wait()
		check(t, err)
		compareSections(t, client, imap.UID(i+1), []cutting{{imap.FetchItemBodySection{}, []byte(raw)}})
		for _, partial := range []imap.SectionPartial{{Offset: 0, Size: 3}, {Offset: 2, Size: 70000}, {Offset: 65000, Size: 140000}, {Offset: 1 << 30, Size: 1}} {
			got, err := client.Fetch(imap.UIDSetNum(imap.UID(i+1)), &imap.FetchOptions{
				BodySection: []*imap.FetchItemBodySection{{Partial: &partial, Peek: true}},
			}).Collect()
			check(t, err)
			from := min(int(partial.Offset), len(raw))
			want := raw[from:min(from+int(partial.Size), len(raw))]
			if got := string(got[0].BodySection[0].Bytes); got != want {
				t.Errorf("%.20q%v: %d bytes, want %d", raw, partial, len(got), len(want))
			}
		}
	}
}

// A header that is too long for the row is answered, and searched, from the
// body; a prefix does not hide that.
func TestLongHeader(t *testing.T) {
	t.Parallel()
	to := "To: " + strings.Repeat("somebody@example.org,\r\n ", 2000) + "last@example.net\r\n"
	h := newHouse(t)
	for _, prefix := range []string{"", "Delivered-To: anna@example.org\r\n"} {
		h.message(t, annaAddress, "INBOX", store.NewMessage{Raw: []byte("Subject: s\r\n" + to + "\r\nbody"), Prefix: []byte(prefix)})
	}
	client := h.dial(t)
	_, err := client.Select("INBOX", nil).Wait()
	check(t, err)
	for uid := range imap.UID(2) {
		compareSections(t, client, uid+1, []cutting{
			{imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"To"}, Peek: true}, []byte(to + "\r\n")},
		})
	}
	found, err := client.Search(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "To", Value: "LAST@example"}}}, nil).Wait()
	check(t, err)
	if got := found.AllSeqNums(); len(got) != 2 {
		t.Errorf("found %v", got)
	}
}
