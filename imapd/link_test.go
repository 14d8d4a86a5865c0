package imapd

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func newTestLink() (*link, net.Conn) {
	server, client := net.Pipe()
	return &link{conn: server, writeTimeout: time.Minute}, client
}

func TestLinkWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := newTestLink()
		go func() {
			time.Sleep(59 * time.Second)
			_, _ = client.Write([]byte("ab"))
		}()
		if ready, err := l.wait(time.Minute); !ready || err != nil {
			t.Fatalf("wait is %t, %v", ready, err)
		}
		// The byte that ended the wait comes first.
		b := make([]byte, 10)
		if n, err := l.Read(b); string(b[:n]) != "a" || err != nil {
			t.Errorf("Read gives %q, %v", b[:n], err)
		}
		l.within(time.Minute)
		if n, err := l.Read(b); string(b[:n]) != "b" || err != nil {
			t.Errorf("Read gives %q, %v", b[:n], err)
		}
		if ready, err := l.wait(time.Minute); ready || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wait for nothing is %t, %v", ready, err)
		}
	})
}

// No wake-up is lost: neither during a wait, nor before one, nor together with a
// byte. And none disturbs a read.
func TestLinkWakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := newTestLink()
		woken := func(when string) {
			t.Helper()
			if ready, err := l.wait(time.Minute); ready || err != nil {
				t.Errorf("%s: wait is %t, %v", when, ready, err)
			}
		}
		start := time.Now()
		time.AfterFunc(time.Second, l.wake)
		woken("during the wait")
		if took := time.Since(start); took != time.Second {
			t.Errorf("woken after %v", took)
		}
		l.wake()
		l.wake()
		woken("before the wait")

		go func() { _, _ = client.Write([]byte("x")) }()
		time.AfterFunc(time.Second, l.wake)
		if ready, err := l.wait(time.Minute); !ready || err != nil {
			t.Fatalf("wait is %t, %v", ready, err)
		}
		time.Sleep(2 * time.Second) // the wake-up comes while a command is read
		l.within(time.Minute)
		if _, err := l.Read(make([]byte, 1)); err != nil {
			t.Errorf("Read was disturbed: %v", err)
		}
		go func() { _, _ = client.Write([]byte("y")) }()
		if _, err := l.Read(make([]byte, 1)); err != nil {
			t.Errorf("Read was disturbed: %v", err)
		}
		woken("after the command")

		if ready, err := l.wait(time.Minute); ready || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("one wake-up counts twice: %t, %v", ready, err)
		}
	})
}

// A client that takes nothing is given up.
func TestLinkWriteTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newTestLink()
		start := time.Now()
		_, err := l.Write(make([]byte, 10*slowest))
		if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took != time.Minute+10*time.Second {
			t.Errorf("Write ended after %v with %v", took, err)
		}
	})
}

// While the session is busy, a watch tells when the peer has gone, and keeps
// what the peer has sent ahead.
func TestLinkWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := newTestLink()
		gone := l.watch()
		synctest.Wait()
		if gone() {
			t.Error("gone while it is there")
		}
		l.unwatch()
		go func() { _, _ = client.Write([]byte("ab")) }()
		gone = l.watch()
		synctest.Wait()
		if gone() || l.watch()() {
			t.Error("gone because it has sent something")
		}
		if ready, err := l.wait(time.Minute); !ready || err != nil {
			t.Errorf("wait is %t, %v", ready, err)
		}
		b := make([]byte, 2)
		if _, err := io.ReadFull(l, b); string(b) != "ab" || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
		gone = l.watch()
		_ = client.Close()
		synctest.Wait()
		if !gone() {
			t.Error("not gone")
		}
		l.unwatch()
	})
}

// A search ends when its client leaves.
func TestSearchEndsWithClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := newTestLink()
		sc := &scan{s: &session{link: l}, began: time.Now(), spoke: time.Now()}
		time.Sleep(2 * watchAfter)
		if err := sc.alive(t.Context(), 1); err != nil {
			t.Errorf("%v", err)
		}
		_ = client.Close()
		synctest.Wait()
		if err := sc.alive(t.Context(), 2); !errors.As(err, new(ending)) {
			t.Errorf("error %v", err)
		}
		l.unwatch()
	})
}
