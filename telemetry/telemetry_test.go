package telemetry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func scrape(t *testing.T, tel *Telemetry) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	tel.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func TestCounts(t *testing.T) {
	t.Parallel()
	tel := New()
	tel.Connected("imap")
	closed := tel.Connected("imap")
	closed()
	closed()
	tel.Command("imap", "uid fetch", "OK", 3*time.Millisecond)
	tel.SignIn("imap", "throttled")
	tel.Delivered(2, 5000)
	tel.Refused("full")
	tel.Gauge("queue_waiting", "Waiting.", func() float64 { return 7 })
	tel.Gauge("letterbox_queue_waiting", "Waiting.", func() float64 { return 8 })

	text := scrape(t, tel)
	for _, line := range []string{
		`letterbox_connections_total{protocol="imap"} 2`,
		`letterbox_connections{protocol="imap"} 1`,
		`letterbox_commands_total{command="UID FETCH",protocol="imap",status="OK"} 1`,
		`letterbox_command_seconds_bucket{command="UID FETCH",protocol="imap",le="0.001"} 0`,
		`letterbox_command_seconds_bucket{command="UID FETCH",protocol="imap",le="0.005"} 1`,
		`letterbox_sign_ins_total{protocol="imap",result="throttled"} 1`,
		`letterbox_delivered_messages_total 2`,
		`letterbox_delivered_bytes_total 5000`,
		`letterbox_refused_messages_total{reason="full"} 1`,
		`letterbox_queue_waiting 8`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, name := range []string{"go_goroutines ", "process_open_fds ", "letterbox_build_info{"} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
}

// Whatever strangers send, the number of time series stays where it is.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	tel := New()
	fill := func(round int) {
		for i := range 1000 {
			word := fmt.Sprint("X", round, "-", i)
			tel.Connected(word)()
			tel.Command(word, word, word, 0)
			tel.Command("imap", "UID "+word, "BAD", 0)
			tel.SignIn(word, word)
			tel.Refused(word)
		}
	}
	fill(1)
	first := strings.Count(scrape(t, tel), "\nletterbox_")
	fill(2)
	if second := strings.Count(scrape(t, tel), "\nletterbox_"); second != first {
		t.Errorf("%d series became %d", first, second)
	}
	if first > 150 {
		t.Errorf("%d series", first)
	}
}

func TestNilCountsNothing(t *testing.T) {
	t.Parallel()
	var tel *Telemetry
	tel.Connected("imap")()
	tel.Command("imap", "NOOP", "OK", time.Second)
	tel.SignIn("imap", "ok")
	tel.Delivered(1, 1)
	tel.Refused("full")
	tel.Gauge("x", "x", func() float64 { return 0 })
	recorder := httptest.NewRecorder()
	tel.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("status %d", recorder.Code)
	}
}
