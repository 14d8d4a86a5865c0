package junk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Rspamd is a rspamd that is asked over HTTP (its /checkv2).
type Rspamd struct {
	URL    string // "http://127.0.0.1:11333"
	Client *http.Client
}

// Name is what the log calls it.
func (r *Rspamd) Name() string { return "rspamd" }

// maxReport bounds what is read of an answer.
const maxReport = 1 << 20

// Ask sends the message there.
func (r *Rspamd) Ask(ctx context.Context, s *Submission) (Evidence, error) {
	body := &fence{rest: s.Raw}
	defer body.close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(r.URL, "/")+"/checkv2", body)
	if err != nil {
		return Evidence{}, err
	}
	req.ContentLength = int64(len(s.Raw))
	for key, value := range map[string]string{
		"IP": s.Remote.Unmap().String(), "Helo": s.Helo, "Hostname": s.RemoteName, "From": s.Sender, "Queue-Id": s.ID,
		"MTA-Name": s.Hostname,
	} {
		if value != "" {
			req.Header.Set(key, oneLine(value))
		}
	}
	for _, to := range s.Recipients {
		req.Header.Add("Rcpt", oneLine(to))
	}
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(req)
	if err != nil {
		return Evidence{}, fmt.Errorf("ask rspamd: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return Evidence{}, fmt.Errorf("rspamd answers %s", answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxReport))
	if err != nil {
		return Evidence{}, fmt.Errorf("read rspamd's answer: %w", err)
	}
	return readReport(text)
}

// A report is what rspamd answers, as far as it is of use here.
type report struct {
	Skipped  bool     `json:"is_skipped"`
	Score    *float64 `json:"score"`
	Required float64  `json:"required_score"`
	Action   string   `json:"action"`
	Symbols  map[string]struct {
		Score float64 `json:"score"`
	} `json:"symbols"`
}

// What its actions count for. It has delays of its own, which are not ours.
var rspamdPoints = map[string]float64{
	"no action": 0, "greylist": 1, "soft reject": 2, "add header": 6, "rewrite subject": 6, "reject": 10,
}

// readReport reads an answer.
func readReport(text []byte) (e Evidence, err error) {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return e, fmt.Errorf("rspamd's answer is not understood: %w", err)
	}
	if r.Skipped {
		return e, nil
	}
	points, known := rspamdPoints[r.Action]
	if !known || r.Score == nil {
		return e, errors.New("rspamd's answer names no action, or none that is known")
	}
	if points == 0 && r.Required > 0 { // it leans to one side without saying so
		points = min(max(3**r.Score/r.Required, -3), 3)
	}
	e.add(ReasonRspamd, math.Round(points*10)/10, fmt.Sprintf("%s, %.1f of %.1f: %s", r.Action, *r.Score, r.Required, r.loudest()))
	return e, nil
}

// loudest names the symbols that counted most.
func (r *report) loudest() string {
	var names []string
	for name := range r.Symbols {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(math.Abs(r.Symbols[b].Score), math.Abs(r.Symbols[a].Score)), cmp.Compare(a, b))
	})
	return shortenTo(oneLine(strings.Join(names[:min(5, len(names))], ", ")), 150)
}

// A fence lets nobody read the message once it is closed: a transport may go on
// sending after its request has ended.
type fence struct {
	mu     sync.Mutex
	rest   []byte
	closed bool
}

func (f *fence) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return 0, net.ErrClosed
	case len(f.rest) == 0:
		return 0, io.EOF
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *fence) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.rest = true, nil
}
