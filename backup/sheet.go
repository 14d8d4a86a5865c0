package backup

import (
	"fmt"
	"html"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"letterbox/phrase"
)

// A Sheet is what relatives need when the owner is not there any more: where the
// snapshots are, which key opens them, which command brings the mail back. The key
// itself is never on it. It is to be printed and kept with other papers.
type Sheet struct {
	Host    string
	Domains []string
	Program string // version
	Targets []SheetTarget
	Keys    []OwnerKey
	Written time.Time
	Bytes   int64 // what the mail takes now
}

// A SheetTarget is a place where snapshots are.
type SheetTarget struct {
	Address string
	Within  bool // in the data folder itself: lost when the machine is
	Last    time.Time
}

// kind is how the texts call a kind of target.
func (t SheetTarget) kind() string {
	scheme, _, _ := strings.Cut(t.Address, ":")
	switch {
	case t.Within:
		return "within"
	case scheme == "s3" || scheme == "sftp":
		return scheme
	}
	return "folder"
}

// A passage of a sheet.
type passage struct {
	title    string
	texts    []string
	commands []string
	blanks   []string // to be filled in by hand
}

// passages writes the sheet in a language.
func (s *Sheet) passages(l *phrase.Language) []passage {
	all := []passage{{texts: []string{
		l.Say("sheet.what", s.Host, strings.Join(s.Domains, ", ")), l.Say("sheet.helper"),
	}}}
	where := passage{title: l.Say("sheet.where")}
	if len(s.Targets) == 0 {
		where.texts = append(where.texts, l.Say("sheet.nowhere"))
	}
	for _, t := range s.Targets {
		last := l.Say("sheet.never")
		if !t.Last.IsZero() {
			last = l.Say("sheet.last", l.Date(t.Last))
		}
		where.texts = append(where.texts, t.Address+"\n"+l.Say("sheet.target."+t.kind())+" "+last)
	}
	return append(all, where, s.keys(l), s.steps(l), passage{
		title: l.Say("sheet.without"), texts: []string{l.Say("sheet.format")},
	}, passage{texts: []string{l.Say("sheet.renew", l.Date(s.Written))}})
}

// keys says what opens the snapshots, and leaves room for where that is.
func (s *Sheet) keys(l *phrase.Language) passage {
	p := passage{title: l.Say("sheet.key")}
	if len(s.Keys) == 0 {
		p.texts = append(p.texts, l.Say("sheet.open"))
	}
	if len(s.Keys) > 1 {
		p.texts = append(p.texts, l.Say("sheet.any"))
	}
	for _, k := range s.Keys {
		if k.Recipient == "" {
			p.texts = append(p.texts, l.Say("sheet.passphrase"))
		} else {
			p.texts = append(p.texts, l.Say("sheet.file", k.Recipient))
		}
		p.blanks = append(p.blanks, l.Say("sheet.kept"))
	}
	for _, t := range s.Targets {
		if kind := t.kind(); kind == "s3" || kind == "sftp" {
			p.texts = append(p.texts, l.Say("sheet.access."+kind, hostOf(t.Address)))
			p.blanks = append(p.blanks, l.Say("sheet.kept"))
		}
	}
	return p
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

// steps are the commands, for the target that survives the machine if there is
// one.
func (s *Sheet) steps(l *phrase.Language) passage {
	p := passage{title: l.Say("sheet.how")}
	if len(s.Targets) == 0 {
		return passage{}
	}
	t := s.Targets[0]
	for _, other := range s.Targets {
		if t.Within {
			t = other
		}
	}
	command := "letterbox --data /srv/letterbox snapshot restore --from " + t.Address
	switch t.kind() {
	case "s3":
		command += " --set snapshot.s3_key_file=ACCESS.txt"
	case "sftp":
		command += " --set snapshot.sftp_key_file=SSHKEY --set snapshot.sftp_known_hosts=HOSTS"
	case "within":
		command = "letterbox --data /srv/letterbox snapshot restore --from /PATH/" + filepath.Base(t.Address)
	}
	for _, k := range s.Keys {
		if k.Recipient != "" {
			command += " --identity KEY.txt"
			break
		}
	}
	p.texts = []string{l.Say("sheet.steps", s.Program, l.Size(3*s.Bytes/2+1e9))}
	p.commands = []string{command, "letterbox --data /srv/letterbox user list",
		"letterbox --data /srv/letterbox export --account ADDRESS --format maildir FOLDER"}
	return p
}

// Text is the sheet as plain text.
func (s *Sheet) Text(l *phrase.Language) string {
	var b strings.Builder
	title := l.Say("sheet.title")
	fmt.Fprintf(&b, "%s\n%s\n", title, strings.Repeat("=", len([]rune(title))))
	for _, p := range s.passages(l) {
		if p.title != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", p.title, strings.Repeat("-", len([]rune(p.title))))
		}
		for _, text := range p.texts {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
		for i, command := range p.commands {
			fmt.Fprintf(&b, "\n%d.  %s\n", i+1, command)
		}
		for _, blank := range p.blanks {
			fmt.Fprintf(&b, "\n%s ______________________________________________\n", blank)
		}
	}
	return b.String()
}

// sheetStyle prints well and needs nothing else.
const sheetStyle = `body{font:12pt/1.45 serif;max-width:42em;margin:2em auto;padding:0 1em;color:#000;background:#fff}` +
	`h2{margin-top:1.6em}code{font:10.5pt monospace;overflow-wrap:anywhere}.blank{border-bottom:1px solid #000;padding:1.2em 0 .2em}` +
	`@media print{body{margin:0;max-width:none}h2{break-after:avoid}}`

// HTML is the sheet as a page of its own, to be printed.
func (s *Sheet) HTML(l *phrase.Language) string {
	var b strings.Builder
	title := html.EscapeString(l.Say("sheet.title"))
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=%q>\n<head><meta charset=\"utf-8\"><title>%s</title><style>%s</style></head>\n<body>\n<h1>%[2]s</h1>\n", l.Tag(), title, sheetStyle)
	for _, p := range s.passages(l) {
		if p.title != "" {
			fmt.Fprintf(&b, "<h2>%s</h2>\n", html.EscapeString(p.title))
		}
		for _, text := range p.texts {
			fmt.Fprintf(&b, "<p>%s</p>\n", strings.ReplaceAll(html.EscapeString(text), "\n", "<br>"))
		}
		if len(p.commands) > 0 {
			b.WriteString("<ol>\n")
			for _, command := range p.commands {
				fmt.Fprintf(&b, "<li><code>%s</code></li>\n", html.EscapeString(command))
			}
			b.WriteString("</ol>\n")
		}
		for _, blank := range p.blanks {
			fmt.Fprintf(&b, "<p class=\"blank\">%s</p>\n", html.EscapeString(blank))
		}
	}
	b.WriteString("</body>\n</html>\n")
	return b.String()
}
