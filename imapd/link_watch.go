package imapd

import "time"

// A watch reads the connection ahead by one byte, on a goroutine of its own,
// while the session is busy with something long: only a read tells that the
// peer has gone.
type watch struct {
	done  chan struct{} // closed when the read has returned
	n     int
	err   error
	first [1]byte
}

// watch begins to watch for the end of the connection; gone tells whether it has
// ended. It goes on until the session reads again.
func (l *link) watch() (gone func() bool) {
	if l.ahead {
		return func() bool { return false } // the peer has sent more: it waits
	}
	if l.watching == nil {
		w := &watch{done: make(chan struct{})}
		l.watching = w
		_ = l.conn.SetReadDeadline(time.Time{})
		go func() {
			defer close(w.done)
			w.n, w.err = l.conn.Read(w.first[:])
		}()
	}
	return l.watching.gone
}

func (w *watch) gone() bool {
	select {
	case <-w.done:
		return w.n == 0 && w.err != nil
	default:
		return false
	}
}

// unwatch ends the watch, if there is one. A byte that came is kept for Read.
func (l *link) unwatch() {
	w := l.watching
	if w == nil {
		return
	}
	l.watching = nil
	_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	<-w.done
	l.within(l.writeTimeout) // errors other than the deadline's come again with the next read
	if w.n == 1 {
		l.first, l.ahead = w.first, true
	}
}
