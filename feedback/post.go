package feedback

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"letterbox/database"
	"letterbox/report"
)

// Limits of posting.
const (
	postTime  = 30 * time.Second
	postFor   = 24 * time.Hour // RFC 8460 section 5.5
	postFirst = 30 * time.Minute
	maxPosts  = 50 // at a time
)

func insertPost(tx *database.Tx, url string, l *report.Letter, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO report_post (url, media, content, next_at, until_at) VALUES (?, ?, ?, ?, ?)`,
		url, l.MediaType(), l.Content, now.Unix(), now.Add(postFor).Unix())
	return err
}

// A posted report is on its way by HTTPS.
type posted struct {
	id         int64
	url, media string
	content    []byte
	tries      int
	until      int64
}

// forgetPosting forgets reports that were under way when the process before this one
// ended: whether they arrived is not known, and they are not to be sent twice.
func (f *Feedback) forgetPosting(ctx context.Context) {
	err := f.DB.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`DELETE FROM report_post WHERE posting`)
		return err
	})
	f.tried(ctx, "reports under way are not forgotten", err)
}

// postDue posts what is due.
func (f *Feedback) postDue(ctx context.Context) error {
	var list []posted
	err := f.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT id, url, media, content, tries, until_at FROM report_post WHERE next_at <= ? AND NOT posting ORDER BY next_at LIMIT ?`,
			f.Now().Unix(), maxPosts)
		if err != nil {
			return err
		}
		for rows.Next() {
			var p posted
			if err := rows.Scan(&p.id, &p.url, &p.media, &p.content, &p.tries, &p.until); err != nil {
				return err
			}
			list = append(list, p)
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("look for reports to post: %w", err)
	}
	for _, p := range list {
		if err := f.deliverPost(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// deliverPost notes that a report is under way, posts it, and notes how that went.
func (f *Feedback) deliverPost(ctx context.Context, p posted) error {
	err := f.DB.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE report_post SET posting = 1 WHERE id = ?`, p.id)
		return err
	})
	if err != nil {
		return err
	}
	failed := f.post(ctx, p)
	if failed != nil {
		f.Log.InfoContext(ctx, "report not posted", "url", p.url, "error", failed)
	}
	next := f.Now().Add(postFirst << min(p.tries, 5)).Unix()
	return f.DB.Write(context.WithoutCancel(ctx), func(tx *database.Tx) error {
		if failed == nil || next > p.until {
			_, err := tx.Exec(`DELETE FROM report_post WHERE id = ?`, p.id)
			return err
		}
		_, err := tx.Exec(`UPDATE report_post SET posting = 0, tries = tries + 1, next_at = ? WHERE id = ?`, next, p.id)
		return err
	})
}

// post sends a report by HTTPS (RFC 8460 section 5.4). What is answered beyond the
// status counts for nothing; nobody is followed elsewhere.
func (f *Feedback) post(ctx context.Context, p posted) error {
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.content))
	if err != nil {
		return err
	}
	if request.URL.Scheme != "https" {
		return errors.New("it is not to be sent in the clear")
	}
	request.Header.Set("Content-Type", p.media)
	web := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            f.dialHost,
			TLSClientConfig:        &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
	defer web.CloseIdleConnections()
	response, err := web.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", request.URL.Host, response.Status)
	}
	return nil
}

// dialHost connects to a host by its name, as our name servers know it. Who writes
// the DNS of a domain says where its reports go: not into the network behind us.
func (f *Feedback) dialHost(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, _, err := f.Resolver.Addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs[:min(4, len(addrs))] {
		if !public(a.Unmap()) {
			err = fmt.Errorf("%s leads to %s, which is not on the internet", host, a)
			continue
		}
		dial := f.Dial
		if dial == nil {
			dial = new(net.Dialer).DialContext
		}
		var conn net.Conn
		if conn, err = dial(ctx, network, net.JoinHostPort(a.Unmap().String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate()
}
