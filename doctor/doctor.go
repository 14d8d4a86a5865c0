// Package doctor looks at an appliance and says in plain words what is wrong
// with it, what that means, and how to mend it: the DNS of its domains, who
// reaches whom, certificates, disk, clock, snapshots, queue.
//
// Checks run side by side under one deadline. What a check cannot find out from
// where it stands it says so (Unknown), and never guesses. Nothing is changed,
// and nobody is asked but who the Patient names.
package doctor

import (
	"context"
	"slices"
	"sync"
	"time"

	"letterbox/finding"
)

// State is how something is.
type State string

// The states, from good to bad.
const (
	OK      State = "ok"
	Unknown State = "unknown" // it cannot be known from here
	Amber   State = "amber"   // mail works, but somebody should look at it
	Red     State = "red"     // mail is lost, late or refused, or will be
)

var order = []State{OK, Unknown, Amber, Red}

// Worse reports whether s is worse than other.
func (s State) Worse(other State) bool { return slices.Index(order, s) > slices.Index(order, other) }

// A Result is what a check found out about one thing.
type Result struct {
	Check   string // mx, disk ...
	Finding string // which of the check's findings: missing, full ...
	Subject string // the domain, address or place that it is about; "" for the machine
	State   State

	finding.Words // Do is zero when there is nothing to do

	Publish []string // lines for the zone file, where the step is to publish them
}

// ID names what a result is about, the same each time.
func (r Result) ID() string {
	if r.Subject == "" {
		return r.Check
	}
	return r.Check + " " + r.Subject
}

// A Checkup is what was found at a time.
type Checkup struct {
	At      time.Time
	Results []Result
}

// A check looks at one thing, or at one of each.
type check func(ctx context.Context, p *Patient) []Result

// machine are the checks of the appliance, in the order they are shown in.
var machine = []check{
	listeners, outside, outbound, openRelay,
	hostName, hostAddress, reverse, certificates, authorities, dane, blocklists,
	disk, folder, database, clock, snapshots, backlog, domains, aliases, separators, release, program,
}

// domain are the checks of each hosted domain.
var domain = []func(ctx context.Context, p *Patient, d Domain) []Result{
	mx, spfRecord, dkim, dmarc, policy, reports, programs,
}

// patience is how long all checks together may take.
const patience = 15 * time.Second

// Examine looks at everything.
func Examine(ctx context.Context, p *Patient) []Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var jobs []func() []Result
	for _, c := range machine {
		jobs = append(jobs, func() []Result { return c(ctx, p) })
	}
	for _, d := range p.Domains {
		jobs = append(jobs, examine(ctx, p, d)...)
	}
	return run(jobs)
}

// ExamineDomain looks at the DNS of one domain alone.
func ExamineDomain(ctx context.Context, p *Patient, d Domain) []Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return run(examine(ctx, p, d))
}

// ExamineName looks at whether the host name leads to this machine.
func ExamineName(ctx context.Context, p *Patient) []Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var jobs []func() []Result
	for _, c := range []check{hostName, hostAddress, reverse} {
		jobs = append(jobs, func() []Result { return c(ctx, p) })
	}
	return run(jobs)
}

func examine(ctx context.Context, p *Patient, d Domain) (jobs []func() []Result) {
	for _, c := range domain {
		jobs = append(jobs, func() []Result { return c(ctx, p, d) })
	}
	return jobs
}

// width is how many checks run at a time: enough that slow name servers hold up
// nobody else, few enough for a small machine.
const width = 16

// run does the jobs side by side and returns their results in order.
func run(jobs []func() []Result) []Result {
	results := make([][]Result, len(jobs))
	var wait sync.WaitGroup
	places := make(chan struct{}, width)
	for i, job := range jobs {
		wait.Add(1)
		places <- struct{}{}
		go func() {
			defer wait.Done()
			results[i] = job()
			<-places
		}()
	}
	wait.Wait()
	return slices.Concat(results...)
}

// Worst is the state of all together; what cannot be known counts for nothing.
func Worst(results []Result) State {
	worst := OK
	for _, r := range results {
		if r.State != Unknown && r.State.Worse(worst) {
			worst = r.State
		}
	}
	return worst
}
