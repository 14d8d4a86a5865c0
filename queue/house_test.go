package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/internal/zone"
	"letterbox/resolver"
	"letterbox/store"
	"letterbox/store/blob"
)

// A house is a queue with everything below it and a courier beside it, in a world
// of its own: a zone that names servers by addresses of the documentation (RFC
// 5737), which lead to fake servers on loopback and nowhere else.
type house struct {
	*Queue
	t       testing.TB
	dir     string
	courier *Courier
	zone    *zone.Zone
	users   *directory.Directory
	ann     *directory.User
	blobs   *blob.Store

	mu    sync.Mutex
	world map[string]string // HOST:PORT as dialled to a listener on loopback
	dials map[string]int

	open, most int // connections at a time
}

// A counted connection is open until it is closed on this side.
type counted struct {
	net.Conn
	h    *house
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.h.count(-1) })
	return c.Conn.Close()
}

func (h *house) count(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open += n
	h.most = max(h.most, h.open)
}

// mostConnections is how many there were at a time.
func (h *house) mostConnections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.most
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// build makes a house with the domain home.example, where Ann lives, and the
// records of the world.
func build(t testing.TB, records string) *house {
	t.Helper()
	return enter(t, t.TempDir(), zone.Serve(t, records))
}

// enter opens what lies in a folder, or makes it.
func enter(t testing.TB, dir string, z *zone.Zone) *house {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	h, err := open(context.Background(), dir, z.Addr, log, database.Options{}, blob.Options{})
	must(t, err)
	h.t, h.zone = t, z
	return h
}

// open is enter without a test around.
func open(ctx context.Context, dir, zone string, log *slog.Logger, onDB database.Options, onBlobs blob.Options) (*house, error) {
	h := &house{dir: dir, world: map[string]string{}, dials: map[string]int{}}
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), onDB)
	if err != nil {
		return nil, err
	}
	if h.blobs, err = blob.Open(filepath.Join(dir, "blobs"), onBlobs); err != nil {
		return nil, err
	}
	cost := directory.Cost{Memory: 64, Passes: 1, Iterations: 4096}
	if h.users, err = directory.Open(ctx, directory.Options{DB: db, Cost: cost}); err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{DB: db, Blobs: h.blobs, Spool: filepath.Join(dir, "spool"), Log: log})
	if err != nil {
		return nil, err
	}
	h.Queue = &Queue{DB: db, Store: st, Log: log, Delivery: &delivery.Delivery{
		Hostname: "mx.home.example", Store: st, Directory: h.users, Log: log,
	}}
	h.courier = &Courier{
		Queue: h.Queue, Hostname: "mx.home.example", Schedule: DefaultSchedule(), Log: log,
		Resolver: &resolver.Resolver{Servers: []string{zone}}, Dial: h.dial,
	}
	if _, err := h.users.AddDomain(ctx, "home.example"); err == nil {
		if _, err := h.users.AddUser(ctx, "ann@home.example", "Ann", "correct horse 1"); err != nil {
			return nil, err
		}
	}
	if h.ann, err = h.users.User(ctx, "ann@home.example"); err != nil {
		return nil, err
	}
	return h, st.EnsureAccount(ctx, store.AccountID(h.ann.ID))
}

// leave closes everything.
func (h *house) leave() {
	h.t.Helper()
	must(h.t, errors.Join(h.Store.Close(), h.blobs.Close(), h.DB.Close()))
}

// dial knows no way out of the world.
func (h *house) dial(ctx context.Context, network, address string) (net.Conn, error) {
	h.mu.Lock()
	h.dials[address]++
	to := h.world[address]
	h.mu.Unlock()
	switch to {
	case "":
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	case "silence":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, to)
	if err != nil {
		return nil, err
	}
	h.count(1)
	return &counted{Conn: conn, h: h}, nil
}

// place puts a server at an address of the world.
func (h *house) place(address, to string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.world[address] = to
}

func (h *house) dialled(address string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dials[address]
}

// start lets the courier work until the test or stop ends.
func (h *house) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.courier.Run(ctx); err != nil {
			h.t.Errorf("courier: %v", err)
		}
	}()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-done }) }
	h.t.Cleanup(stop)
	return stop
}

// letter is what Ann writes.
const letter = "From: Ann <ann@home.example>\r\nTo: bob@far.example\r\nSubject: Lunch?\r\nMessage-ID: <1@home.example>\r\n\r\nHello Bob,\r\n.dots\r\n..\r\nat noon?\r\n"

// submit queues a letter from Ann.
func (h *house) submit(to ...string) {
	h.t.Helper()
	h.post(&Message{Account: h.ann.ID, Sender: "ann@home.example", Recipients: people(to...)}, letter)
}

func people(to ...string) []Recipient {
	var list []Recipient
	for _, address := range to {
		list = append(list, Recipient{Address: address})
	}
	return list
}

func (h *house) post(m *Message, raw string) {
	h.t.Helper()
	e := delivery.Envelope{ID: "t1", Sender: m.Sender, Protocol: "ESMTPSA", Received: time.Now()}
	if m.Account != 0 {
		e.User = h.ann
	}
	must(h.t, h.Accept(context.Background(), e, []byte(raw), nil, m))
}

// empty waits until the queue is.
func (h *house) empty() {
	h.t.Helper()
	h.until("the queue is empty", func() bool {
		n, err := h.Count(context.Background())
		must(h.t, err)
		return n == 0
	})
}

// until polls for what has no other sign.
func (h *house) until(what string, true func() bool) {
	h.t.Helper()
	for range 4000 {
		if true() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	items, _ := h.List(context.Background())
	h.t.Fatalf("never: %s; queue: %+v", what, items)
}

// inbox returns Ann's mail.
func (h *house) inbox() []string {
	h.t.Helper()
	ctx := context.Background()
	box, err := h.Store.Mailbox(ctx, store.AccountID(h.ann.ID), "INBOX")
	must(h.t, err)
	var texts []string
	err = h.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT message FROM entry WHERE mailbox = ? ORDER BY uid`, int64(box.ID))
		if err != nil {
			return err
		}
		var ids []int64
		for rows.Next() {
			var id int64
			must(h.t, rows.Scan(&id))
			ids = append(ids, id)
		}
		for _, id := range ids {
			texts = append(texts, fmt.Sprint(id))
		}
		return rows.Err()
	})
	must(h.t, err)
	for i, id := range texts {
		var n int64
		fmt.Sscan(id, &n)
		body, err := h.Store.OpenBody(ctx, store.MessageID(n))
		must(h.t, err)
		var b strings.Builder
		_, err = body.WriteTo(&b)
		must(h.t, err)
		must(h.t, body.Close())
		texts[i] = b.String()
	}
	return texts
}

// mail waits for so many messages in Ann's mailbox.
func (h *house) mail(n int) []string {
	h.t.Helper()
	h.until(fmt.Sprintf("Ann has %d messages", n), func() bool { return len(h.inbox()) >= n })
	return h.inbox()
}
