package store

import (
	"slices"
	"sync"
)

// hub knows who is to be woken. It carries no payload: each watcher works out
// what changed since it looked last. The lists are copied when they change, so
// that no lock is held while a watcher is called and it may stop itself.
type hub struct {
	mu       sync.Mutex
	mailbox  map[MailboxID][]*watcher
	accounts map[AccountID][]*watcher
}

type watcher struct{ wake func(MailboxID) }

// Watch calls wake after each commit that changed the mailbox, on the writer's
// goroutine: it must return at once (set a deadline, fill a channel of one).
// stop is safe to call twice and from wake; a wake that is under way may still
// arrive after it.
func (s *Store) Watch(m MailboxID, wake func()) (stop func()) {
	h := &s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mailbox == nil {
		h.mailbox = map[MailboxID][]*watcher{}
	}
	return watch(h, h.mailbox, m, func(MailboxID) { wake() })
}

// WatchAccount likewise for any change of the account: its list of mailboxes,
// their counters, subscriptions (with 0 for the mailbox).
func (s *Store) WatchAccount(a AccountID, wake func(MailboxID)) (stop func()) {
	h := &s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.accounts == nil {
		h.accounts = map[AccountID][]*watcher{}
	}
	return watch(h, h.accounts, a, wake)
}

// watch adds a watcher under key; h.mu is held. What it returns takes it out.
func watch[K comparable](h *hub, in map[K][]*watcher, key K, wake func(MailboxID)) (stop func()) {
	w := &watcher{wake}
	in[key] = append(slices.Clip(in[key]), w)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		rest := slices.DeleteFunc(slices.Clone(in[key]), func(other *watcher) bool { return other == w })
		if in[key] = rest; len(rest) == 0 {
			delete(in, key)
		}
	}
}

// wake calls the watchers of a mailbox (0: of none) and of its account.
func (h *hub) wake(a AccountID, m MailboxID) {
	h.mu.Lock()
	mailbox, account := h.mailbox[m], h.accounts[a]
	h.mu.Unlock()
	for _, w := range mailbox {
		w.wake(m)
	}
	for _, w := range account {
		w.wake(m)
	}
}
