// Package admin is the web site: where the appliance is set up, looked at and
// looked after, and where its people help themselves.
//
// A request passes one gate (gate.go): security headers, who it is from, the rule
// of its route, and whether the password has to be shown once more. What comes
// after is a method of visit: it reads the form, validates, calls, and redirects
// or renders. Pages are templ components that get what they show as plain values
// and never a store. They work without script.
//
// Everything here is safe for concurrent use; a visit belongs to one request.
package admin

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"letterbox/assets"
	"letterbox/backup"
	"letterbox/certificate"
	"letterbox/directory"
	"letterbox/discover"
	"letterbox/feedback"
	"letterbox/junk"
	"letterbox/logbook"
	"letterbox/queue"
	"letterbox/store"
	"letterbox/telemetry"
	"letterbox/trace"
	"letterbox/watch"
)

// Site is what the pages show and change. Its fields are set before Handler is
// called and not changed afterwards.
type Site struct {
	Hostname string // as people and mail programs know the machine
	Version  string
	Link     func(path string) string // the whole address of a page, for those who are not here yet

	Directory    *directory.Directory
	Store        *store.Store
	Queue        *queue.Queue
	Snapshots    *backup.Keeper
	Sheet        func(context.Context) (*backup.Sheet, error) // for those who may have to bring the mail back
	Certificates *certificate.Keeper                          // nil: of no standing, as in tests
	Telemetry    *telemetry.Telemetry
	Watch        *watch.Watch                             // nil: nobody looks, as in tests
	Settings     func(context.Context) ([]Setting, error) // the configuration
	Machine      Machine
	Setup        *Setup // lets somebody in while nobody administers; nil: nobody

	Journal  *trace.Journal      // what became of each message; nil: nothing is noted
	Junk     *junk.Filter        // who judges mail
	Feedback *feedback.Feedback  // what other servers report; nil: nothing
	Book     *logbook.Book       // the last lines of the log
	Passkeys *directory.Passkeys // nil: nobody signs in with one
	Reach    *discover.Settings  // how mail programs come here; nil: they are not told

	Proxies   []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are believed
	AdminFrom []netip.Prefix // from where the appliance may be administered; none: from anywhere

	Log *slog.Logger
	Now func() time.Time // nil: time.Now

	shelf shelf
}

// Handler serves every route of the table.
func (s *Site) Handler() http.Handler {
	if s.Now == nil {
		s.Now = time.Now
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+assets.Prefix, assets.Handler())
	for _, r := range routes() {
		mux.Handle(r.pattern, s.gate(r))
	}
	mux.Handle("/", s.gate(route{"/", everybody, calm, (*visit).notFound}))
	// A form of another site cannot post here, whatever cookies the browser sends.
	guarded := http.NewCrossOriginProtection()
	guarded.SetDenyHandler(s.gate(route{"/", everybody, calm, (*visit).foreign}))
	return guarded.Handler(mux)
}

func (v *visit) notFound() error { return missing }

func (v *visit) foreign() error { return &refusal{http.StatusForbidden, "refused.foreign"} }
