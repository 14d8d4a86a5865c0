package admin

import (
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/trace"
)

// journal gives a site what became of three messages in it.
func journal(t testing.TB) func(*Site) {
	t.Helper()
	j, err := trace.Open(t.Context(), filepath.Join(t.TempDir(), "trace.db"), trace.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, j.Close()) })
	now := time.Now()
	for _, e := range []trace.Event{
		{Trace: "one", At: now.AddDate(0, 0, -3), Kind: trace.Received, Sender: "shop@example.com", MessageID: "1@example.com", Size: 2000,
			Remote: netip.MustParseAddr("192.0.2.1"), Helo: "<i>helo</i>", Notes: []trace.Note{{Name: "spf", Text: "pass"}, {Name: "novel", Text: "<script>x</script>"}}},
		{Trace: "one", At: now.AddDate(0, 0, -3), Kind: trace.Delivered, Recipient: aUser, Folder: "Junk", MessageID: "1@example.com", Size: 2000,
			Notes: []trace.Note{{Name: "score", Text: "7.1 of 5.0"}, {Name: "junk", Text: "+4.2 content order now"}}},
		{Trace: "two", Kind: trace.Refused, Sender: "<b>@example.net", Recipient: aUser, Reply: "550 <script>alert(1)</script>"},
		{Trace: "three", Kind: trace.Received, Sender: aUser},
		{Trace: "three", Kind: trace.Deferred, Recipient: "bob@far.example", Host: "mx.far.example", Reply: "450 later"},
		{Trace: "three", Kind: trace.Sent, Recipient: "bob@far.example", Host: "mx.far.example", Reply: "250 thanks"},
	} {
		j.Record(e)
	}
	return func(s *Site) { s.Journal = j }
}

// TestTraces finds everybody's messages by what one may know of them.
func TestTraces(t *testing.T) {
	t.Parallel()
	h := build(t, journal(t))
	b := h.as(t, anAuditor)
	day := func(ago int) string { return time.Now().AddDate(0, 0, -ago).Format(time.DateOnly) }
	for query, found := range map[string][]string{
		"":                                {"/trace/one", "/trace/two", "/trace/three"},
		"?q=shop@example.com":             {"/trace/one", "!/trace/two", "!/trace/three"},
		"?q=<1@example.com>":              {"/trace/one", "!/trace/two"},
		"?q=three":                        {"!/trace/one", "/trace/three"},
		"?outcome=refused":                {"!/trace/one", "/trace/two", "!/trace/three"},
		"?outcome=sent":                   {"!/trace/one", "/trace/three"},
		"?outcome=deferred":               {"Nothing is known"},
		"?outcome=nonsense":               {"/trace/one", "/trace/two"},
		"?until=" + day(2):                {"/trace/one", "!/trace/two"},
		"?from=" + day(2):                 {"!/trace/one", "/trace/two"},
		"?from=never&until=2026-99-99":    {"/trace/one", "/trace/two"},
		"?q=nobody@example.com":           {"Nothing is known"},
		"?q=" + aUser + "&from=" + day(1): {"/trace/two", "/trace/three"},
	} {
		b.wants(b.get("/trace"+query), http.StatusOK, found...)
	}
}

// TestTrace tells the whole story of one message, and only to those who may read
// everybody's; what strangers wrote is text.
func TestTrace(t *testing.T) {
	t.Parallel()
	h := build(t, journal(t))
	b := h.as(t, anAdmin)
	one := b.get("/trace/one")
	if n := strings.Count(one.Body, "1@example.com"); n != 1 {
		t.Errorf("the Message-ID is told %d times", n)
	}
	b.wants(one, http.StatusOK, "shop@example.com to "+aUser, "192.0.2.1", "1@example.com", "In Junk", "7.1 of 5.0",
		"+4.2 content order now", "&lt;i&gt;helo", "&lt;script&gt;x", "!<script>x", "!<i>")
	b.wants(b.get("/trace/two"), http.StatusOK, "Refused: 550 &lt;script&gt;", "!<script>alert", "!<b>@")
	b.wants(b.get("/trace/three"), http.StatusOK, "450 later", "mx.far.example", "250 thanks")
	b.wants(b.get("/trace/nothing"), http.StatusNotFound)
	for _, who := range []string{aUser, aHelper} {
		other := h.as(t, who)
		other.wants(other.get("/trace/one"), http.StatusForbidden, "!shop@example.com")
		other.wants(other.get("/trace?q=shop@example.com"), http.StatusForbidden, "!/trace/one")
	}
}
