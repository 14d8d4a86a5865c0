// Package telemetry counts what the appliance does and offers the counts to
// Prometheus; it knows who is connected now, and how long they wait. Safe for
// concurrent use; a nil *Telemetry counts nothing.
//
// Lock order: a session's lock, then that of package habit. The list of sessions
// is never held together with either.
//
// Nothing that a stranger can choose becomes a label: a time series lives as
// long as the process, so that a client inventing command names would fill the
// memory. Values that are not expected are counted as "other".
package telemetry

import (
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"letterbox/habit"
)

const namespace = "letterbox"

// Telemetry is a registry and the counters in it.
type Telemetry struct {
	registry *prometheus.Registry

	connections *prometheus.CounterVec
	connected   *prometheus.GaugeVec
	commands    *prometheus.CounterVec
	commandTime *prometheus.HistogramVec
	signIns     *prometheus.CounterVec
	delivered   prometheus.Counter
	bytes       prometheus.Counter
	refused     *prometheus.CounterVec
	barred      *prometheus.CounterVec
	heldBack    prometheus.Counter

	refusals vocabulary

	secured  *prometheus.CounterVec
	exposed  prometheus.Counter
	syncTime *prometheus.HistogramVec

	now      func() time.Time
	habits   *habit.Watcher
	sessions sessions
	spreads  [latencies]Spread
	slow     slowest
	traffic  Traffic

	mu     sync.Mutex
	gauges map[string]prometheus.Collector // by name, so that a later one replaces it
}

// New makes an empty registry of its own, apart from Prometheus' global one, so
// that several appliances fit in one process.
func New() *Telemetry { return NewAt(time.Now) }

// NewAt is New with a clock.
func NewAt(now func() time.Time) *Telemetry {
	t := &Telemetry{
		now:         now,
		habits:      habit.New(now),
		sessions:    sessions{open: map[int64]*Session{}, kicked: map[int64]bool{}},
		registry:    prometheus.NewRegistry(),
		connections: counters("connections_total", "Connections accepted.", "protocol"),
		connected: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "connections", Help: "Connections open now.",
		}, []string{"protocol"}),
		commands: counters("commands_total", "Commands answered.", "protocol", "command", "status"),
		commandTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "command_seconds", Help: "Time from a command to its answer.",
			Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 30},
		}, []string{"protocol", "command"}),
		signIns:   counters("sign_ins_total", "Attempts to sign in.", "protocol", "result"),
		delivered: counter("delivered_messages_total", "Messages that reached a mailbox."),
		bytes:     counter("delivered_bytes_total", "Bytes of the messages that reached a mailbox."),
		refused:   counters("refused_messages_total", "Messages that were not accepted.", "reason"),
		barred:    counters("barred_peers_total", "Peers that were turned away for a while, by what they did.", "reason"),
		heldBack:  counter("held_back_replies_total", "Replies that a peer had to wait for that behaves badly."),
		refusals:  vocabulary{limit: 32},
		secured:   counters("tls_connections_total", "Connections that were encrypted, by version of TLS.", "protocol", "version"),
		exposed:   counter("plaintext_sign_ins_refused_total", "Attempts to sign in where others could have listened."),
		syncTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "sync_seconds", Help: "Time from a change to its being told to another session.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 10, 60, 600},
		}, []string{"by"}),
		gauges: map[string]prometheus.Collector{},
	}
	t.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(),
		t.connections, t.connected, t.commands, t.commandTime,
		t.signIns, t.delivered, t.bytes, t.refused, t.barred, t.heldBack, t.secured, t.exposed, t.syncTime,
	)
	return t
}

// Habits is where mail programs are watched.
func (t *Telemetry) Habits() *habit.Watcher {
	if t == nil {
		return nil
	}
	return t.habits
}

// Exposed notes that somebody tried to sign in where others can listen.
func (t *Telemetry) Exposed(protocol, name string, remote netip.Addr) {
	if t == nil {
		return
	}
	t.exposed.Inc()
	t.traffic.Exposed.Add(1)
	t.habits.Exposed(protocol, name, remote)
}

// Handler serves the Prometheus text format.
func (t *Telemetry) Handler() http.Handler {
	if t == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{})
}

// Connected counts a connection of a protocol ("imap", "smtp", "submission")
// until the returned function is called; calling it again does nothing.
func (t *Telemetry) Connected(protocol string) (closed func()) {
	if t == nil {
		return func() {}
	}
	protocol = protocolLabel(protocol)
	open := t.connected.WithLabelValues(protocol)
	t.connections.WithLabelValues(protocol).Inc()
	open.Inc()
	return sync.OnceFunc(open.Dec)
}

// Command counts one IMAP or SMTP command and how long it took. status is "OK",
// "NO", "BAD" or the SMTP reply's first digit.
func (t *Telemetry) Command(protocol, name, status string, took time.Duration) {
	if t == nil {
		return
	}
	protocol, name = protocolLabel(protocol), commandLabel(name)
	t.commands.WithLabelValues(protocol, name, statusLabel(status)).Inc()
	t.commandTime.WithLabelValues(protocol, name).Observe(took.Seconds())
}

// SignIn counts an attempt: result is "ok", "bad" or "throttled".
func (t *Telemetry) SignIn(protocol, result string) {
	if t == nil {
		return
	}
	t.signIns.WithLabelValues(protocolLabel(protocol), resultLabel(result)).Inc()
}

// Delivered counts messages that reached a mailbox.
func (t *Telemetry) Delivered(messages int, bytes int64) {
	if t == nil {
		return
	}
	t.traffic.In.Add(int64(messages))
	t.delivered.Add(float64(messages))
	t.bytes.Add(float64(bytes))
}

// Refused counts a message that did not reach a mailbox. reason is one of a
// few words that the program knows ("unknown_user", "full"), never text from
// outside.
func (t *Telemetry) Refused(reason string) {
	if t == nil {
		return
	}
	t.traffic.Refused.Add(1)
	t.refused.WithLabelValues(t.refusals.label(reason)).Inc()
}

// Barred counts a peer that is turned away for a while. reason is one of a few
// words, as for Refused.
func (t *Telemetry) Barred(reason string) {
	if t != nil {
		t.barred.WithLabelValues(t.refusals.label(reason)).Inc()
	}
}

// HeldBack counts a reply that a peer had to wait for.
func (t *Telemetry) HeldBack() {
	if t != nil {
		t.heldBack.Inc()
	}
}

// Gauge registers a value that is asked for at each scrape, as letterbox_NAME.
// value must be safe for concurrent use and quick. A later value of the same
// name replaces the earlier one.
func (t *Telemetry) Gauge(name, help string, value func() float64) {
	if t == nil {
		return
	}
	name = strings.TrimPrefix(name, namespace+"_")
	gauge := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value)
	t.mu.Lock()
	defer t.mu.Unlock()
	if before, ok := t.gauges[name]; ok {
		t.registry.Unregister(before)
	}
	t.gauges[name] = gauge
	t.registry.MustRegister(gauge)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// buildInfo is a gauge that is always 1 and says in its labels what runs.
func buildInfo() prometheus.Collector {
	labels := prometheus.Labels{"version": "unknown", "revision": "unknown", "goversion": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["version"], labels["goversion"] = info.Main.Version, info.GoVersion
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				labels["revision"] = setting.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "What runs; always 1.", ConstLabels: labels,
	}, func() float64 { return 1 })
}
