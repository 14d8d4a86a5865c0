// Package telemetry counts what the appliance does and offers the counts to
// Prometheus. Safe for concurrent use; a nil *Telemetry counts nothing.
package telemetry

import (
	"net/http"
	"time"
)

type Telemetry struct{}

// New makes an empty registry.
func New() *Telemetry { panic("stub") }

// Handler serves the Prometheus text format.
func (t *Telemetry) Handler() http.Handler { panic("stub") }

// Connected counts a connection of a protocol ("imap", "smtp", "submission")
// until the returned function is called.
func (t *Telemetry) Connected(protocol string) (closed func()) { panic("stub") }

// Command counts one IMAP or SMTP command and how long it took. status is "OK",
// "NO", "BAD" or the SMTP reply's first digit.
func (t *Telemetry) Command(protocol, name, status string, took time.Duration) { panic("stub") }

// SignIn counts an attempt: result is "ok", "bad" or "throttled".
func (t *Telemetry) SignIn(protocol, result string) { panic("stub") }

// Delivered counts messages that reached a mailbox, Refused those that did not.
func (t *Telemetry) Delivered(messages int, bytes int64) { panic("stub") }
func (t *Telemetry) Refused(reason string)               { panic("stub") }

// Gauge registers a value that is asked for at each scrape.
func (t *Telemetry) Gauge(name, help string, value func() float64) { panic("stub") }
