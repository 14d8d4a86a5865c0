package feedback

import (
	"context"
	"strings"
	"sync"
	"time"

	"letterbox/finding"
)

// An opinion is what changed for the worse, as of the last look.
type opinion struct {
	mu       sync.Mutex
	outdated bool
	findings []finding.Finding
}

// outdate has it formed anew.
func (o *opinion) outdate() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.outdated = true
}

// Findings are what others' reports say is worse than it was, as of the last look;
// when a report came since then, as of now.
func (f *Feedback) Findings(ctx context.Context) []finding.Finding {
	if f == nil {
		return nil
	}
	f.opinion.mu.Lock()
	defer f.opinion.mu.Unlock()
	if f.opinion.outdated {
		found, err := f.judge(ctx)
		f.tried(ctx, "reports are not looked at", err)
		if err == nil {
			f.opinion.findings, f.opinion.outdated = found, false
		}
	}
	return f.opinion.findings
}

// look gives names to what reports tell of, and forms an opinion.
func (f *Feedback) look(ctx context.Context) {
	f.tried(ctx, "machines are not named", f.nameSources(ctx))
	f.opinion.outdate()
	f.Findings(ctx)
}

// When something is worse than it was.
const (
	lately      = 7 * 24 * time.Hour  // is compared with
	before      = 28 * 24 * time.Hour // the time before
	tlsLately   = 3 * 24 * time.Hour
	fewMessages = 10  // that fail are nobody's fault
	enough      = 50  // messages, to speak of a share
	worse       = 10  // percent points
	ownShare    = 5   // percent of this server's own mail
	largeShare  = 20  // percent of all mail in the domain's name
	tlsShare    = 1.0 // percent of connections
	fewSessions = 3
)

// judge compares what is told of each domain lately with the time before.
func (f *Feedback) judge(ctx context.Context) (found []finding.Finding, err error) {
	domains, err := f.Directory.Domains(ctx)
	if err != nil {
		return nil, err
	}
	now := f.Now()
	for _, d := range domains {
		latest, err := f.Summarize(ctx, d.Name, now.Add(-lately), now)
		if err != nil {
			return nil, err
		}
		old, err := f.Summarize(ctx, d.Name, now.Add(-before), now.Add(-lately))
		if err != nil {
			return nil, err
		}
		encryption, err := f.Summarize(ctx, d.Name, now.Add(-tlsLately), now)
		if err != nil {
			return nil, err
		}
		found = append(found, compare(old, latest)...)
		found = append(found, encryptionFails(encryption)...)
		for i := range found {
			found[i].First, found[i].Last, found[i].Times = now, now, 1
		}
	}
	return found, nil
}

// compare finds what became worse about mail in a domain's name. What this server
// sends has to pass, whatever was before.
func compare(old, latest *Summary) (found []finding.Finding) {
	explained := false
	for _, s := range latest.Sources {
		switch {
		case s.Cause == Own && s.Failed() >= 3 && percent(s.Failed(), s.Messages) >= ownShare:
			found = append(found, worsened("own", latest.Domain, finding.Red,
				latest.Domain, s.Failed(), s.Messages, strings.Join(s.Reporters, ", ")))
			explained = true
		case s.worthTelling(latest) && !old.failed(s.Name):
			found = append(found, s.finding(latest.Domain))
			explained = true
		}
	}
	was, is := percent(old.Passed, old.Messages), percent(latest.Passed, latest.Messages)
	if !explained && old.Messages >= enough && latest.Messages >= enough && was-is >= worse {
		found = append(found, worsened("share", latest.Domain, finding.Amber, latest.Domain, int64(is), int64(was)))
	}
	return found
}

// worthTelling tells services, and those who send much, from the forgers whom every
// domain has.
func (s *Source) worthTelling(all *Summary) bool {
	if s.Failed() < fewMessages || s.Cause != Unlisted && s.Cause != Unaligned {
		return false
	}
	return s.Service.Name != "" || percent(s.Failed(), all.Messages) >= largeShare
}

// failed reports whether a source failed at that time, too: then it is known.
func (s *Summary) failed(name string) bool {
	for _, source := range s.Sources {
		if source.Name == name {
			return source.Failed() >= fewMessages
		}
	}
	return false
}

func (s *Source) finding(domain string) finding.Finding {
	kind := "unaligned"
	if s.Cause == Unlisted {
		kind = "unlisted"
		if s.Service.Include != "" {
			kind = "include"
		}
	}
	return worsened(kind, domain+" "+s.Name, finding.Amber,
		domain, s.Name, s.Failed(), strings.Join(s.Addresses, ", "), "include:"+s.Service.Include)
}

// worsened is a finding of a kind, with its texts: unlike others, it stays until a
// week's reports no longer show it.
func worsened(kind, subject string, severity finding.Severity, args ...any) finding.Finding {
	text := func(part string) finding.Text {
		return finding.Text{Key: "finding.report." + kind + "." + part, Args: args}
	}
	return finding.Finding{
		Kind: "report." + kind, Subject: subject, Severity: severity, Args: args,
		Words: &finding.Words{
			Title: text("title"), Means: text("means"), Saw: text("saw"), Do: text("do"), Again: finding.Text{Key: "reports.again"},
		},
	}
}

// encryptionFails finds that others cannot reach us as they should.
func encryptionFails(s *Summary) []finding.Finding {
	bad := s.Sessions - s.Good
	if bad < fewSessions || percent(bad, s.Sessions) < tlsShare || len(s.Failures) == 0 {
		return nil
	}
	f := s.Failures[0]
	return []finding.Finding{worsened("tls", s.Domain, finding.Amber,
		s.Domain, bad, s.Sessions, f.Text(), strings.Join(f.Reporters, ", "))}
}

// Text is what the failure is, in words of the catalogue.
func (t *TLSFailure) Text() finding.Text {
	key := "unknown"
	if t.Known() {
		key = t.Result
	}
	return finding.Text{Key: "reports.tls." + key, Args: []any{t.name(), t.Result}}
}

// name is the server that it is about.
func (t *TLSFailure) name() string {
	if t.Host == "" {
		return "?"
	}
	return t.Host
}

func percent(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}
