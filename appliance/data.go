package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"letterbox/backup"
	"letterbox/certificate"
	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/doctor"
	"letterbox/feedback"
	"letterbox/finding"
	"letterbox/history"
	"letterbox/junk"
	"letterbox/queue"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/store/blob"
	"letterbox/telemetry"
	"letterbox/trace"
	"letterbox/watch"
)

// Data is an open data folder with everything that works on it. Only one
// process has a folder open at a time; within it, Data is safe for concurrent
// use.
type Data struct {
	Config    Config // with Hostname filled in
	Log       *slog.Logger
	DB        *database.DB
	Blobs     *blob.Store
	Store     *store.Store
	Directory *directory.Directory
	Telemetry *telemetry.Telemetry
	Junk      *junk.Filter
	Delivery  *delivery.Delivery
	Queue     *queue.Queue
	Feedback  *feedback.Feedback
	Journal   *trace.Journal // nil where there is none
	Snapshots *backup.Keeper

	Certificates *certificate.Keeper

	History *history.DB  // nil but in an appliance that serves
	Watch   *watch.Watch // likewise

	infirmary infirmary // what was found wrong when the appliance looked at itself last

	folder    *folder
	addresses sync.Map // of users, by store.AccountID

	crossed chan struct{}                     // of one: somebody is to be warned
	warning sync.Mutex                        // held by who warns
	full    atomic.Pointer[[]finding.Finding] // what is full, as of the last look
	serving []doctor.Listener                 // nil: nothing is served
	again   *again
	choices choices
	program *programFile   // that this process began with; nil: not known
	level   *slog.LevelVar // of Log; nil: it stays as it is

	checkups checkups
	releases releases
	wanted   chan struct{} // of one: somebody wants a snapshot
}

// OpenData opens the data folder and makes it when it is missing, unless
// existing is set: then that is ErrNoData. *InUseError when another process has
// it.
func OpenData(ctx context.Context, c Config, log *slog.Logger, existing bool) (*Data, error) {
	if existing {
		found, err := hasData(c.Data)
		packs, err2 := hasPacks(c.Data)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		if !found && !packs && !HalfRolledBack(c.Data) {
			return nil, fmt.Errorf("data folder %s: %w; name another with --data, or begin with 'letterbox domain add DOMAIN'", c.Data, ErrNoData)
		}
	}
	f, err := openFolder(c.Data)
	if err != nil {
		return nil, err
	}
	if err := f.mustBeWhole(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	u := &upgrader{folder: f, config: c, log: log}
	if err := u.upgrade(ctx, c.Mail.rollback()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	d := newData(c, log, f)
	if err := errors.Join(d.open(ctx), f.signProgram()); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// newData is before open.
func newData(c Config, log *slog.Logger, f *folder) *Data {
	return &Data{Config: c, Log: log, Telemetry: telemetry.New(), folder: f, again: newAgain(), crossed: make(chan struct{}, 1), wanted: make(chan struct{}, 1)}
}

// name fills in the host name where nobody chose one.
func (c *Config) name() {
	if c.Hostname != "" {
		return
	}
	var err error
	if c.Hostname, err = os.Hostname(); err != nil {
		c.Hostname = "localhost"
	}
}

// open goes from the lowest floor up; Close goes down again from wherever this
// stopped.
func (d *Data) open(ctx context.Context) (err error) {
	d.DB, err = database.Open(ctx, d.folder.join(databaseFile), database.Options{Log: d.Log, Small: memoryIsShort()})
	if err != nil {
		return err
	}
	d.Blobs, err = blob.Open(d.folder.join(blobFolder), blob.Options{Log: d.Log})
	if err != nil {
		return err
	}
	d.Directory, err = directory.Open(ctx, directory.Options{
		DB: d.DB, Log: d.Log, Small: memoryIsShort(), Separators: &d.Config.Mail.Separators,
		WrongPassword: d.Telemetry.Habits().WrongPassword, WrongCode: d.Telemetry.Habits().WrongCode,
	})
	if err != nil {
		return err
	}
	d.Directory.OnEnding(d.endSessions)

	if err := d.applyChoices(ctx); err != nil {
		return err
	}
	d.Config.name()
	if err := d.noteSeparators(ctx); err != nil {
		return err
	}
	d.Store, err = store.Open(ctx, store.Options{
		DB:      d.DB,
		Blobs:   d.Blobs,
		Spool:   d.folder.join(spoolFolder),
		Search:  d.folder.join(searchFolder),
		Log:     d.Log,
		Address: d.address,
		Small:   memoryIsShort(),

		Reserve:      d.reserve(),
		Undelete:     d.Config.Mail.undelete(),
		Grace:        quota.Grace(d.Config.Quota.Grace),
		CleanUp:      time.Duration(d.Config.Quota.CleanUp),
		Thresholds:   d.Config.Quota.Thresholds,
		QuotaCrossed: d.quotaCrossed,
	})
	if err != nil {
		return err
	}
	d.Telemetry.Gauge("search_indexed_messages", "Messages in the search indexes.", func() float64 {
		return float64(d.Store.Coverage().Indexed)
	})
	d.Telemetry.Gauge("search_waiting_messages", "Messages that are still to be indexed; searches read them.", func() float64 {
		return float64(d.Store.Coverage().Waiting)
	})
	d.Journal = d.openJournal(ctx)
	d.Delivery = &delivery.Delivery{
		Hostname:  d.Config.Hostname,
		Store:     d.Store,
		Directory: d.Directory,
		Telemetry: d.Telemetry,
		Journal:   d.Journal,
		Log:       d.Log,
	}
	d.Certificates, err = openCertificates(d)
	if err != nil {
		return err
	}
	d.Snapshots = d.keepSnapshots()
	if err := d.ServeNames(ctx); err != nil {
		return err
	}
	d.Queue = &queue.Queue{DB: d.DB, Store: d.Store, Delivery: d.Delivery, Log: d.Log, Limits: d.Config.Queue.limits()}
	d.Delivery.Answer = d.Queue.Answer
	d.Feedback = d.openFeedback()
	return d.judgeMail()
}

// RoomForMail is how much more mail the disk takes before it is refused.
func (d *Data) RoomForMail() (int64, error) {
	_, free, err := store.DiskSpace(d.folder.path)
	return max(0, free-d.reserve()), err
}

// reserve is what is to stay free on the disk.
func (d *Data) reserve() int64 {
	if d.Config.Mail.Reserve > 0 {
		return int64(d.Config.Mail.Reserve)
	}
	disk, _, err := store.DiskSpace(d.folder.path)
	if err != nil {
		d.Log.Warn("the size of the disk is unknown", "error", err)
	}
	return store.Reserve(disk)
}

// address names an account in the records of the packs, for rescue. It is asked
// for every message; no user changes it.
func (d *Data) address(ctx context.Context, a store.AccountID) string {
	if known, ok := d.addresses.Load(a); ok {
		return known.(string)
	}
	user, err := d.Directory.UserByID(ctx, int64(a))
	if err != nil {
		return ""
	}
	d.addresses.Store(a, user.Address)
	return user.Address
}

// Close closes everything; nobody may use it any more.
func (d *Data) Close() error {
	errs := []error{d.Feedback.Flush(context.Background()), d.Journal.Close()}
	if d.History != nil {
		errs = append(errs, d.History.Close())
	}
	if d.Store != nil {
		errs = append(errs, d.Store.Close())
	}
	if d.Blobs != nil {
		errs = append(errs, d.Blobs.Close())
	}
	if d.DB != nil {
		errs = append(errs, d.DB.Close())
	}
	return errors.Join(append(errs, d.folder.Close())...)
}
