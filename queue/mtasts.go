package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/report"
	"letterbox/resolver"
)

// An stsPolicy says which servers of a domain may be trusted with its mail (RFC
// 8461 section 3.2).
type stsPolicy struct {
	ID      string // of the DNS record that led to it
	Mode    string // "enforce", "testing", "none"
	MX      []string
	Expires time.Time
}

// Limits of RFC 8461 section 3.3 and of reason.
const (
	stsTime    = 30 * time.Second
	maxSTS     = 64 << 10
	maxSTSAge  = 31_557_600 * time.Second
	maxSTSHost = 100
)

// sts returns the policy of a domain, nil for none. One that was fetched before
// holds until it expires, whatever somebody makes of the DNS and the web server
// meanwhile.
func (c *Courier) sts(ctx context.Context, domain string) (*stsPolicy, error) {
	known, err := c.Queue.knownPolicy(ctx, domain, time.Now())
	if err != nil {
		return nil, err
	}
	texts, err := c.Resolver.LookupTXT(ctx, "_mta-sts."+domain)
	if err != nil && !resolver.NotFound(err) {
		return known, nil
	}
	id := stsID(texts)
	if id == "" || known != nil && known.ID == id {
		return known, nil
	}
	fresh, err := c.fetchPolicy(ctx, domain)
	if err != nil {
		c.Log.WarnContext(ctx, "MTA-STS policy not fetched", "domain", domain, "error", err)
		c.Feedback.Connected(report.TLSPolicy{Type: report.PolicySTS, Domain: domain}, fetchFailure(err))
		return known, nil
	}
	fresh.ID = id
	return fresh, c.Queue.keepPolicy(ctx, domain, fresh)
}

// stsID is that of the one record among the texts, "" for none (section 3.1).
func stsID(texts []string) string {
	id := ""
	for _, text := range texts {
		fields := strings.Split(text, ";")
		if strings.TrimSpace(fields[0]) != "v=STSv1" {
			continue
		}
		if id != "" {
			return ""
		}
		for _, field := range fields[1:] {
			if name, value, _ := strings.Cut(field, "="); strings.TrimSpace(name) == "id" {
				id = strings.TrimSpace(value)
			}
		}
	}
	return id
}

// fetchPolicy gets a policy over HTTPS, without redirects (section 3.3).
func (c *Courier) fetchPolicy(ctx context.Context, domain string) (*stsPolicy, error) {
	ctx, cancel := context.WithTimeout(ctx, stsTime)
	defer cancel()
	url := "https://mta-sts." + domain + "/.well-known/mta-sts.txt"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	web := c.web()
	defer web.CloseIdleConnections()
	response, err := web.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != "text/plain" {
		return nil, fmt.Errorf("%s answers %s, %q", url, response.Status, kind)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxSTS+1))
	if err != nil {
		return nil, err
	}
	policy, err := parsePolicy(text, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadPolicy, err)
	}
	return policy, nil
}

// errBadPolicy says that a policy was fetched and is none.
var errBadPolicy = errors.New("it cannot be understood")

// web is a client that asks the same name servers as everything else here, and
// follows nobody elsewhere.
func (c *Courier) web() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:     c.dialHost,
			TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		},
	}
}

// dialHost connects to a host by its name.
func (c *Courier) dialHost(ctx context.Context, _, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, _, err := c.Resolver.Addresses(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs[:min(maxAddresses, len(addrs))] {
		var conn net.Conn
		if conn, err = c.dial(ctx, net.JoinHostPort(addr.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// parsePolicy reads a policy (section 3.2). What it does not know it passes over.
func parsePolicy(text []byte, now time.Time) (*stsPolicy, error) {
	if len(text) > maxSTS {
		return nil, errors.New("policy is too long")
	}
	p := &stsPolicy{}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		if name != "mx" && seen[name] { // the first one counts
			continue
		}
		seen[name] = true
		switch name {
		case "version":
			if value != "STSv1" {
				return nil, fmt.Errorf("policy is of version %q", value)
			}
		case "mode":
			p.Mode = value
		case "mx":
			p.MX = append(p.MX, strings.ToLower(strings.TrimSuffix(value, ".")))
		case "max_age":
			seconds, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("policy has a max_age of %q", value)
			}
			p.Expires = now.Add(min(time.Duration(seconds)*time.Second, maxSTSAge))
		}
	}
	return p, p.check(seen["version"])
}

func (p *stsPolicy) check(versioned bool) error {
	switch {
	case !versioned || p.Expires.IsZero():
		return errors.New("policy is not complete")
	case p.Mode != "enforce" && p.Mode != "testing" && p.Mode != "none":
		return fmt.Errorf("policy has the mode %q", p.Mode)
	case p.Mode != "none" && len(p.MX) == 0 || len(p.MX) > maxSTSHost:
		return errors.New("policy names no servers, or too many")
	}
	return nil
}

// allows reports whether a server is one of the policy's. A star stands for one
// label (section 4.1).
func (p *stsPolicy) allows(hostname string) bool {
	for _, pattern := range p.MX {
		if suffix, star := strings.CutPrefix(pattern, "*."); star {
			if label, rest, found := strings.Cut(hostname, "."); found && label != "" && rest == suffix {
				return true
			}
		} else if pattern == hostname {
			return true
		}
	}
	return false
}

// knownPolicy returns what was fetched before and still holds.
func (q *Queue) knownPolicy(ctx context.Context, domain string, now time.Time) (*stsPolicy, error) {
	var p *stsPolicy
	err := q.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT policy_id, mode, mx, expires_at FROM sts_policy WHERE domain = ? AND expires_at > ?`,
			domain, now.Unix())
		if err != nil || !rows.Next() {
			return err
		}
		p = &stsPolicy{}
		var mx string
		var expires int64
		err = rows.Scan(&p.ID, &p.Mode, &mx, &expires)
		p.MX, p.Expires = strings.Fields(mx), time.Unix(expires, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up the MTA-STS policy of %s: %w", domain, err)
	}
	return p, nil
}

func (q *Queue) keepPolicy(ctx context.Context, domain string, p *stsPolicy) error {
	err := q.DB.Write(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(`DELETE FROM sts_policy WHERE expires_at <= ?`, time.Now().Unix()); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO sts_policy (domain, policy_id, mode, mx, expires_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, mode = excluded.mode,
				mx = excluded.mx, expires_at = excluded.expires_at`,
			domain, p.ID, p.Mode, strings.Join(p.MX, " "), p.Expires.Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the MTA-STS policy of %s: %w", domain, err)
	}
	return nil
}
