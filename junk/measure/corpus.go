package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"letterbox/junk"
)

// A letter is a message of the corpus.
type letter struct {
	class    junk.Class
	raw      []byte
	at       time.Time // of the mbox, which is when it arrived
	features junk.Features
}

func read(folder string) ([]letter, error) {
	var all []letter
	for name, class := range map[string]junk.Class{"ham.mbox.gz": junk.Wanted, "spam.mbox.gz": junk.Junk} {
		some, err := readBox(filepath.Join(folder, name), class)
		if err != nil {
			return nil, fmt.Errorf("read the corpus: %w", err)
		}
		all = append(all, some...)
	}
	slices.SortStableFunc(all, func(a, b letter) int { return a.at.Compare(b.at) })
	return all, nil
}

func readBox(name string, class junk.Class) (list []letter, err error) {
	packed, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, err
	}
	for _, part := range strings.Split("\n"+string(all), "\nFrom ")[1:] {
		first, rest, _ := strings.Cut(part, "\n")
		raw := strings.ReplaceAll(strings.ReplaceAll(rest, "\n>From ", "\nFrom "), "\n", "\r\n")
		list = append(list, letter{class: class, raw: []byte(raw), at: arrived(first)})
	}
	return list, nil
}

// arrived reads the time of a From line.
func arrived(line string) time.Time {
	words := strings.Fields(line)
	if len(words) < 6 {
		return time.Time{}
	}
	at, _ := time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(words[1:6], " "))
	return at
}

// byTime learns from the first 80 % of each class and judges the rest.
func byTime(mail []letter) (learn, judge []letter) {
	var of, seen [2]int
	for _, l := range mail {
		of[l.class]++
	}
	for _, l := range mail {
		if seen[l.class]++; seen[l.class]*5 <= of[l.class]*4 {
			learn = append(learn, l)
		} else {
			judge = append(judge, l)
		}
	}
	return learn, judge
}

// fold keeps every kth message of each class, beginning with the nth, for judging.
func fold(mail []letter, n, k int) (learn, judge []letter) {
	var seen [2]int
	for _, l := range mail {
		if seen[l.class]%k == n {
			judge = append(judge, l)
		} else {
			learn = append(learn, l)
		}
		seen[l.class]++
	}
	return learn, judge
}

// few learns from the first n of each class and judges the rest.
func few(mail []letter, n int) (learn, judge []letter) {
	var seen [2]int
	for _, l := range mail {
		if seen[l.class]++; seen[l.class] <= n {
			learn = append(learn, l)
		} else {
			judge = append(judge, l)
		}
	}
	return learn, judge
}

// kept are the header fields that mail programs write. All others are those of
// mailing lists, of the way to this corpus, and of who collected it.
var kept = map[string]bool{
	"from": true, "reply-to": true, "to": true, "cc": true, "subject": true, "date": true, "message-id": true,
	"in-reply-to": true, "references": true, "mime-version": true, "content-type": true,
	"content-transfer-encoding": true, "x-mailer": true, "user-agent": true,
}

// Traces of lists and of the collection in what is kept.
var (
	tags   = regexp.MustCompile(`(?im)^(subject:.*?)\[[a-z0-9 _-]+\] ?`)
	places = regexp.MustCompile(`(?i)([a-z0-9-]+\.)*(taint\.org|netnoteinc\.com|jmason\.org|spamassassin\.org|linux\.ie|xent\.com|freshrpms\.net|sourceforge\.net|sf\.net)`)
	hands  = regexp.MustCompile(`(?i)\b(zzzz(-[a-z]+)?|yyyy|jm|jmason|fork|ilug|razor-users|rpm-list|exmh-(users|workers)|spamassassin-(talk|devel)|sadev|webmake-talk|zzzzteana)\b`)
)

// bare returns a message without the header fields and the footers that only this
// corpus has.
func bare(raw []byte) []byte {
	header, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var b bytes.Buffer
	keep := false
	for line := range bytes.Lines(append(header, "\r\n"...)) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			keep = kept[strings.ToLower(string(name))]
		}
		if keep {
			b.Write(line)
		}
	}
	b.WriteString("\r\n")
	b.Write(withoutFooter(body))
	out := tags.ReplaceAll(b.Bytes(), []byte("$1"))
	out = places.ReplaceAll(out, []byte("place.example"))
	return hands.ReplaceAll(out, []byte("somebody"))
}

// withoutFooter cuts off what a list writes below: from the last line of
// underscores or dashes on, if little follows.
func withoutFooter(body []byte) []byte {
	for _, mark := range []string{
		"\r\n_______________", "\r\n-------------------------------------------------------\r\nThis ", "\r\n--~--", "\r\n-- \r\n",
		"\r\n------------------------ Yahoo!", "\r\nIrish Linux Users",
	} {
		if i := bytes.LastIndex(body, []byte(mark)); i >= 0 && len(body)-i < 1000 {
			body = body[:i+2]
		}
	}
	return body
}
