package junk

import (
	"slices"
	"strings"
	"testing"

	"letterbox/message"
)

func wordsOf(raw string) map[string]bool {
	words := map[string]bool{}
	for _, f := range Read([]byte(raw)) {
		words[f.Word] = true
	}
	return words
}

// What is done to words so that filters do not know them is undone, and noticed.
func TestDisguises(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		raw       string
		has, lack []string
	}{
		"digits":          {"\r\nbuy v1agra and c1alis", []string{"viagra", "cialis", "disguised letters"}, nil},
		"signs":           {"\r\nbuy vi@gra", []string{"viagra", "disguised letters"}, nil},
		"no disguise":     {"\r\nan mp3 of h2o in room b12, mail carl@example.net, covid19", []string{"mp3"}, []string{"disguised letters"}},
		"cyrillic letter": {"Content-Type: text/plain; charset=utf-8\r\n\r\nbuy viаgrа now", []string{"viagra", "disguised letters"}, nil}, // а is not a
		"russian":         {"Content-Type: text/plain; charset=utf-8\r\n\r\nпривет как дела", []string{"привет", "cyrillic letters"}, []string{"disguised letters"}},
		"apart":           {"\r\nbuy v.i.a.g.r.a today", []string{"viagra", "letters apart"}, nil},
		"an abbreviation": {"\r\nthe U.S.A. today", nil, []string{"letters apart"}},
		"full width":      {"Content-Type: text/plain; charset=utf-8\r\n\r\nｖｉａｇｒａ", []string{"viagra"}, nil},
		"accents":         {"Content-Type: text/plain; charset=utf-8\r\n\r\nvïágra Müller", []string{"viagra", "muller"}, []string{"disguised letters"}},
		"soft hyphens":    {"Content-Type: text/plain; charset=utf-8\r\n\r\nvia\u00adgra\u200bfan", []string{"viagrafan"}, nil},
		"comment":         {"Content-Type: text/html\r\n\r\nvia<!-- x -->gra <b>pil</b>ls", []string{"viagra", "pills", "html comment"}, nil},
		"entities":        {"Content-Type: text/html\r\n\r\n&#118;iagra&nbsp;pills", []string{"viagra", "pills"}, nil},
		"base64":          {"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\ndmlhZ3JhIHBpbGxz\r\n", []string{"viagra", "pills", "viagra pills"}, nil},
		"utf-7":           {"Content-Type: text/plain; charset=utf-7\r\n\r\n+AHYAaQBhAGcAcgBh-\r\n", []string{"viagra", "charset:utf-7"}, nil},
		"utf-16":          {"Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\ndgBpAGEAZwByAGEA\r\n", []string{"viagra"}, nil},
		"encoded subject": {"Subject: =?utf-8?q?vi=D0=B0gra?= =?utf-8?q?_now?=\r\n\r\n", []string{"subject:viagra", "subject:viagra now"}, nil},
		"hidden":          {"Content-Type: text/html\r\n\r\n<span style=\"font-size: 0\">poem</span>", []string{"hidden text"}, nil},
		"script":          {"Content-Type: text/html\r\n\r\n<script>var evil</script>shown", []string{"shown", "html:script"}, []string{"evil"}},
		"attachment": {"Content-Type: application/zip; name=\"invoice.pdf.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n",
			[]string{"attached:exe", "attached:pdf.exe", "type:application/zip"}, nil},
		"chinese":    {"Content-Type: text/plain; charset=utf-8\r\n\r\n免费发票", []string{"免费", "费发", "发票", "chinese letters"}, nil},
		"raw header": {"Subject: \xd0\xb0\r\n\r\n", []string{"header not in ascii"}, nil},
		"raw text":   {"\r\n\xc1\xe9\xa1", []string{"text not in ascii, and nobody says in what"}, nil},
		"way":        {"Received: from secret.example\r\nX-Spam-Status: Yes\r\nX-Letterbox-Junk: no\r\n\r\n", nil, []string{"has:received", "has:x-spam-status", "has:x-letterbox-junk"}},
	} {
		words := wordsOf(test.raw)
		for _, w := range test.has {
			if !words[w] {
				t.Errorf("%s: %q is missing in %v", name, w, words)
			}
		}
		for _, w := range test.lack {
			if words[w] {
				t.Errorf("%s: %q is there", name, w)
			}
		}
	}
}

// Links count by where they lead, whatever they look like.
func TestLinks(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"http://www.Shop.pills.example/order/now?x=1": "link:www.shop.pills.example link:shop.pills.example link:pills.example link/order link/now",
		"see(https://a.example/).":                    "link:a.example link:example",
		"www.pills.example":                           "link:www.pills.example link:pills.example",
		"http://bank.example@192.0.2.1:8080/":         "link with a name before the host,link with a port,link to a bare address",
		"http://3221225985/":                          "link to a bare address",
		"http://xn--bnk-0na.example/":                 "link with foreign letters",
		"http://a.example/?to=anna@example.org":       "link with an address in it",
		"http://[::1":                                 "broken link",
		"http://%zz/":                                 "broken link",
	} {
		words := wordsOf("\r\n" + link)
		sep := " "
		if strings.Contains(want, ",") || !strings.Contains(want, ":") {
			sep = ","
		}
		for w := range strings.SplitSeq(want, sep) {
			if !words[w] {
				t.Errorf("%s: %q is missing in %v", link, w, words)
			}
		}
	}
	words := wordsOf("Content-Type: text/html\r\n\r\n<a href='http://evil.example/x'>http://bank.example</a><img src=\"http://t.example/p\" width=1>" +
		"<a href=\"mailto:x@drop.example?subject=y\">")
	for _, w := range []string{"link:evil.example", "link:bank.example", "picture from elsewhere", "picture that nobody sees", "mailto:drop.example"} {
		if !words[w] {
			t.Errorf("%q is missing in %v", w, words)
		}
	}
}

// Who a message claims to be from.
func TestPeople(t *testing.T) {
	t.Parallel()
	words := wordsOf("From: \"service@bank.example\" <x@evil.example>\r\nReply-To: y@drop.example\r\nSubject: RE: YOUR ACCOUNT!!\r\n\r\n")
	for _, w := range []string{"another address as name", "from:x@evil.example", "from:evil.example", "answers go elsewhere", "answers nothing",
		"subject in capitals", "subject with !!", "no message-id", "no date", "to nobody"} {
		if !words[w] {
			t.Errorf("%q is missing in %v", w, words)
		}
	}
}

// However much there is, no more is looked at than the limits.
func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"words":  "\r\n" + manyWords(100_000),
		"header": "Subject: " + manyWords(100_000),
		"html":   "Content-Type: text/html\r\n\r\n<p>" + manyWords(100_000),
		"tags":   "Content-Type: text/html\r\n\r\n" + strings.Repeat("<a href='http://a.b/", 100_000),
		"parts":  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: text/plain; name=a.b.c\r\n\r\nsome words\r\n", 20_000),
	} {
		c := &collector{seen: map[uint32]bool{}}
		m := message.Parse([]byte(raw))
		c.parts([]byte(raw), &m.Root)
		if c.text > maxText {
			t.Errorf("%s: %d bytes of text were looked at", name, c.text)
		}
		if n := len(Read([]byte(raw))); n > maxFeatures {
			t.Errorf("%s: %d features", name, n)
		}
	}
}

func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("word" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + " ")
	}
	return b.String()
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(pills(1)))
	f.Add([]byte(news(1)))
	f.Add([]byte("Content-Type: text/html\r\n\r\n<a href='http://x@[::1]:1/%zz'>v.i.a.g.r.a <!-- "))
	f.Add([]byte("Content-Type: text/plain; charset=utf-7\r\n\r\n+AHYA-"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		features := Read(raw)
		numbers := features.Numbers()
		if len(features) > maxFeatures || !slices.IsSorted(numbers) || len(slices.Compact(numbers)) != len(features) {
			t.Errorf("%q: %d features", raw, len(features))
		}
		for _, f := range features {
			if len(f.Word) > 400 || f.Number != number(f.Word) {
				t.Errorf("%q: a feature %q", raw, f.Word)
			}
		}
	})
}
