// Package appliance is the running whole: configuration, certificate, the data
// folder with everything that works on it, the servers, their start and their
// end.
//
// One process owns a data folder at a time, by a lock that the kernel releases
// however the process ends. A command that needs the data runs inside that
// process (package control), or opens the folder itself when there is none.
package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sync/errgroup"
	"letterbox/admin"
	"letterbox/control"
	"letterbox/logbook"
)

// A Command runs where the data is and returns an exit status.
type Command func(ctx context.Context, d *Data, args []string, stdio control.Stdio) (status int)

// Options of New. Each may be left out.
type Options struct {
	Log     *slog.Logger
	Level   *slog.LevelVar // of Log, to be changed while it logs; nil: it stays as it is
	Command Command        // runs what comes in by the control socket

	// Ready is called when everything listens, again when the appliance began anew
	// with other settings. Its error ends Run.
	Ready func(ctx context.Context, d *Data) error
}

// Appliance is one that can run once.
type Appliance struct {
	config   Config
	options  Options
	open     listeners
	stopping atomic.Bool
	program  *programFile // that it is; nil: not known
	book     logbook.Book // the last lines of the log, of all its lives

	setup     *admin.Setup // lets in who sets up
	setupCode string
}

// New checks the configuration. Nothing is opened before Run.
func New(c Config, o Options) (*Appliance, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Appliance{config: c, options: o, program: runningProgram()}
	a.options.Log = slog.New(a.book.Handler(o.Log.Handler()))
	a.setup, a.setupCode = admin.NewSetup()
	return a, nil
}

// SetupCode lets its holder in at /setup, until somebody administers the
// appliance.
func (a *Appliance) SetupCode() string { return a.setupCode }

// Run opens the data folder, serves until ctx ends or a server fails, lets what
// is under way finish, and closes everything. A command, a delivery or a change
// that was acknowledged is kept whenever the process ends, so nothing is lost by
// not waiting for Run.
func (a *Appliance) Run(ctx context.Context) error {
	defer func() { a.open.close() }()
	for {
		err := a.life(ctx)
		if !errors.Is(err, errAgain) {
			return err
		}
		a.stopping.Store(false)
	}
}

// life is one, from opening the data folder to closing it. The listeners outlive
// it: who connects between two lives waits.
func (a *Appliance) life(ctx context.Context) (err error) {
	d, err := a.openData(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	d.level, d.program = a.options.Level, a.program
	if err := errors.Join(d.useLog(&d.Config), d.openWatch(ctx)); err != nil {
		return err
	}
	services := a.services(d)
	if a.open == nil {
		if a.open, err = listen(ctx, &a.config.Listen, services); err != nil {
			return err
		}
	}
	d.noteListeners(a.open)
	socket, err := control.Listen(d.folder.path, ControlSocket)
	if err != nil {
		return err
	}
	defer socket.Close()
	return a.serve(ctx, d, services, socket)
}

// lockPatience is how long a start waits for a command that has the folder open;
// those are short.
const lockPatience = 5 * time.Second

func (a *Appliance) openData(ctx context.Context) (*Data, error) {
	for end := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		d, err := OpenData(ctx, a.config, a.options.Log, false)
		var inUse *InUseError
		if !errors.As(err, &inUse) || inUse.Served() || time.Now().After(end) || ctx.Err() != nil {
			return d, err
		}
	}
}

func (a *Appliance) serve(ctx context.Context, d *Data, services map[string]service, socket net.Listener) error {
	group, serving := errgroup.WithContext(ctx)
	if err := a.start(serving, group, d, services); err != nil {
		return err
	}
	group.Go(func() error { return d.again.wait(serving) })
	group.Go(func() error { return serveHTTP(serving, socket, control.Handler(a.command(d))) })
	group.Go(func() error { return d.watchdog(serving) })
	group.Go(func() error { return a.upkeep(serving, d) })
	group.Go(func() error { return thrift(serving) })
	group.Go(func() error { return d.Watch.Run(serving) })
	group.Go(func() error { return d.lookAfter(serving) })
	group.Go(func() error { return d.tellChanges(serving) })
	group.Go(func() error { return a.tellQuotas(serving, d) })
	group.Go(func() error { return a.send(serving, d) })
	group.Go(func() error { return d.Feedback.Run(serving) })
	group.Go(func() error { return d.Junk.Run(serving) })
	group.Go(func() error { return d.Snapshots.Serve(serving, d.Config.SnapshotPlan()) })
	group.Go(func() error { return d.takeWanted(serving) })
	group.Go(func() error { return d.Certificates.Run(serving) })
	group.Go(func() error { return a.announce(serving, d) })

	<-serving.Done()
	a.stopping.Store(true)
	if ctx.Err() == nil && d.again.wanted() {
		d.Log.Info("beginning anew, with other settings")
		return group.Wait()
	}
	notify(d.Log, daemon.SdNotifyStopping)
	d.Log.Info("stopping", "hint", "what is under way may finish; a second signal ends it at once")
	err := group.Wait()
	d.Log.Info("stopped")
	return err
}

// start begins to serve every open listener, each by a copy: to serve ends with
// closing what is served, and the next life needs it.
func (a *Appliance) start(ctx context.Context, group *errgroup.Group, d *Data, services map[string]service) error {
	for name, list := range a.open {
		for _, original := range list {
			ln, err := duplicate(original)
			if err != nil {
				return fmt.Errorf("serve %s: %w", name, err)
			}
			d.Log.Info("listening", "listener", name, "address", ln.Addr().String())
			group.Go(func() error {
				defer ln.Close()
				if err := services[name](ctx, ln); err != nil && ctx.Err() == nil {
					return fmt.Errorf("serve %s: %w", name, err)
				}
				return nil
			})
		}
	}
	return nil
}

func (a *Appliance) announce(ctx context.Context, d *Data) error {
	if a.options.Ready != nil {
		if err := a.options.Ready(ctx, d); err != nil && ctx.Err() == nil {
			return err
		}
	}
	notify(d.Log, daemon.SdNotifyReady)
	return nil
}

// command runs what comes in by the control socket.
func (a *Appliance) command(d *Data) control.Execute {
	return func(ctx context.Context, args []string, stdio control.Stdio) int {
		if a.options.Command == nil {
			fmt.Fprintln(stdio.Err, "this appliance takes no commands")
			return 1
		}
		return a.options.Command(ctx, d, args, stdio)
	}
}

// Addr returns where a listener of [listen] listens, nil when it is switched
// off. It is known from when Options.Ready is called.
func (a *Appliance) Addr(name string) net.Addr {
	if list := a.open[name]; len(list) > 0 {
		return list[0].Addr()
	}
	return nil
}
