package appliance

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"letterbox/junk"
)

func (j Junk) check() error {
	var errs []error
	if j.Threshold < 1 || j.Threshold > 100 {
		errs = append(errs, fmt.Errorf("junk.threshold: %d is no score from 1 to 100; 5 lets next to nothing that is wanted go to Junk", j.Threshold))
	}
	for _, zone := range j.Lists {
		errs = append(errs, checkDomain("junk.lists", zone))
	}
	if u, err := url.Parse(j.Rspamd); j.Rspamd != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		errs = append(errs, fmt.Errorf("junk.rspamd: %q is no address of a rspamd; write for example http://127.0.0.1:11333", j.Rspamd))
	}
	for _, text := range j.Milters {
		errs = append(errs, checkSocket("junk.milters", text))
	}
	if j.ClamAV != "" {
		errs = append(errs, checkSocket("junk.clamav", j.ClamAV))
	}
	if !slices.Contains([]string{"refuse", "junk"}, j.Virus) {
		errs = append(errs, fmt.Errorf("junk.virus: %q is unknown; write refuse or junk", j.Virus))
	}
	if patience := time.Duration(j.Patience); patience < time.Second || patience > 4*time.Minute {
		// RFC 5321 section 4.5.3.2.6: a client waits ten minutes for the reply.
		errs = append(errs, errors.New("junk.patience: write from 1 s to 4 min; whoever sends mail waits as long"))
	}
	if time.Duration(j.Greylist) > 6*time.Hour {
		errs = append(errs, errors.New("junk.greylist: more than 6 h would turn away mail that is wanted; write for example 5 min"))
	}
	return errors.Join(errs...)
}

func checkDomain(key, name string) error {
	if !strings.Contains(name, ".") || checkHostname(name) != nil {
		return fmt.Errorf("%s: %q is no domain; write for example zen.spamhaus.org", key, name)
	}
	return nil
}

func checkSocket(key, text string) error {
	if _, err := junk.ParseSocket(text); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// judgeMail sets up who judges the mail that arrives. Exceptions and lessons are
// there for the commands even when nobody does.
func (d *Data) judgeMail() error {
	terms, err := d.Config.junkTerms()
	if err != nil {
		return err
	}
	d.Junk = junk.New(junk.Options{
		DB: d.DB, Store: d.Store, Log: d.Log.With("part", "junk"), WrittenTo: d.Queue.HasWrittenTo,
		Misjudged: d.countMisjudged,
	})
	d.Junk.Use(terms)
	if d.Config.Junk.Enabled {
		d.Delivery.Junk = d.Junk
	}
	return nil
}

// countMisjudged counts, for the pages, what somebody has put right.
func (d *Data) countMisjudged(is junk.Class) {
	if is == junk.Junk {
		d.Telemetry.Traffic().Missed.Add(1)
	} else {
		d.Telemetry.Traffic().Wronged.Add(1)
	}
}

// useJunk has mail judged as c says, from now on.
func (d *Data) useJunk(c *Config) error {
	terms, err := c.junkTerms()
	if err != nil {
		return err
	}
	d.Junk.Use(terms)
	return nil
}

func (c *Config) junkTerms() (junk.Terms, error) {
	peers, err := c.Junk.peers(c.DNS)
	t := junk.Terms{Threshold: float64(c.Junk.Threshold), Peers: peers, Patience: time.Duration(c.Junk.Patience)}
	if c.Junk.Greylist > 0 {
		t.Greylist = &junk.Greylist{Delay: time.Duration(c.Junk.Greylist)}
	}
	return t, err
}

// peers are those who are asked about mail.
func (j Junk) peers(dns DNS) (peers []junk.Peer, err error) {
	if len(j.Lists) > 0 {
		names, err := dns.resolver()
		if err != nil {
			return nil, err
		}
		for _, zone := range j.Lists {
			peers = append(peers, &junk.List{Zone: zone, Resolver: names})
		}
	}
	if j.Rspamd != "" {
		peers = append(peers, &junk.Rspamd{URL: j.Rspamd})
	}
	for _, text := range j.Milters {
		at, err := junk.ParseSocket(text)
		if err != nil {
			return nil, err
		}
		peers = append(peers, &junk.Milter{Socket: at})
	}
	if j.ClamAV != "" {
		at, err := junk.ParseSocket(j.ClamAV)
		if err != nil {
			return nil, err
		}
		peers = append(peers, &junk.Clamd{Socket: at, Refuse: j.Virus == "refuse"})
	}
	return peers, nil
}
