package backup

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"golang.org/x/crypto/ssh"
)

// s3Target is a bucket of a store in this process; front stands before it and may
// misbehave.
func s3Target(t *testing.T, front func(http.Handler) http.Handler) Target {
	t.Helper()
	return s3TargetThatWaits(t, 0, front)
}

// s3TargetThatWaits gives up on a request after a while.
func s3TargetThatWaits(t *testing.T, wait time.Duration, front func(http.Handler) http.Handler) Target {
	t.Helper()
	backend := s3mem.New()
	must(t, backend.CreateBucket("mail"))
	server := httptest.NewServer(front(gofakes3.New(backend).Server()))
	t.Cleanup(server.Close)
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, os.WriteFile(keys, []byte("access\nsecret\n"), 0o600))
	address := strings.Replace(server.URL, "http://", "s3+http://", 1) + "/mail/a/prefix"
	target, err := OpenTarget(t.Context(), address, Access{S3KeyFile: keys, S3Region: "us-east-1", wait: wait})
	must(t, err)
	return target
}

func honest(h http.Handler) http.Handler { return h }

// sshTarget is a folder behind OpenSSH's server.
func sshTarget(t *testing.T) (Target, *sshServer) {
	t.Helper()
	s := startSSH(t)
	me, err := user.Current()
	must(t, err)
	address := fmt.Sprintf("sftp://%s@%s%s", me.Username, s.address, filepath.Join(s.dir, "snapshots"))
	target, err := OpenTarget(t.Context(), address, Access{
		SFTPKeyFile: filepath.Join(s.dir, "user"), SFTPKnownHosts: filepath.Join(s.dir, "known_hosts"),
	})
	must(t, err)
	t.Cleanup(func() { target.Close() })
	return target, s
}

// sshServer is an sshd of this test's own.
type sshServer struct{ dir, address string }

func startSSH(t *testing.T) *sshServer {
	t.Helper()
	s := &sshServer{dir: t.TempDir()}
	host, public := writeKeys(t, s.dir, "host"), writeKeys(t, s.dir, "user")
	must(t, os.WriteFile(filepath.Join(s.dir, "authorized_keys"), []byte(public), 0o600))
	if os.Getuid() == 0 {
		must(t, os.MkdirAll("/run/sshd", 0o755)) // where sshd is empty-handed
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.address = ln.Addr().String()
	_, port, _ := net.SplitHostPort(s.address)
	must(t, ln.Close())
	must(t, os.WriteFile(filepath.Join(s.dir, "known_hosts"), []byte("[127.0.0.1]:"+port+" "+host), 0o600))
	config := fmt.Sprintf(`
Port %s
ListenAddress 127.0.0.1
HostKey %s/host
AuthorizedKeysFile %s/authorized_keys
PidFile none
PasswordAuthentication no
UsePAM no
StrictModes no
PermitRootLogin yes
Subsystem sftp internal-sftp
`, port, s.dir, s.dir)
	must(t, os.WriteFile(filepath.Join(s.dir, "sshd_config"), []byte(config), 0o600))
	var log bytes.Buffer
	cmd := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(s.dir, "sshd_config"))
	cmd.Stderr = &log
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.Close()
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("sshd does not answer: %v", err)
		}
	}
}

// writeKeys writes a private key and returns the public one.
func writeKeys(t *testing.T, dir, name string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(private, name)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	key, err := ssh.NewPublicKey(public)
	must(t, err)
	return string(ssh.MarshalAuthorizedKey(key))
}

// TestTargets plays the same with every kind of target.
func TestTargets(t *testing.T) {
	t.Parallel()
	ssh, _ := sshTarget(t)
	for name, target := range map[string]Target{
		"folder": folderTarget(t), "s3": s3Target(t, honest), "sftp": ssh,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playTarget(t, target)
			h := newHouse(t)
			h.receive(t, "INBOX", 400)
			secret, _, err := h.keeper.GenerateOwnerKey()
			must(t, err)
			take(t, h, target)
			h.receive(t, "INBOX", 40)
			id := take(t, h, target).ID
			v, err := h.keeper.Verify(t.Context(), target)
			must(t, err)
			if len(v.Problems) > 0 || v.Snapshots != 2 {
				t.Errorf("%+v", v)
			}
			unlock, err := WithIdentities(strings.NewReader(secret))
			must(t, err)
			back, _ := restored(t, target, id, unlock)
			if diff := cmp.Diff(h.mail(t), back.mail(t)); diff != "" {
				t.Errorf("the mail differs:\n%s", diff)
			}
		})
	}
}

// playTarget is what a Target promises.
func playTarget(t *testing.T, target Target) {
	t.Helper()
	ctx := t.Context()
	if _, err := target.Get(ctx, "data/00/none"); !errors.Is(err, ErrMissing) {
		t.Errorf("of what is not there: %v", err)
	}
	must(t, target.List(ctx, "data", func(o Object) error { return fmt.Errorf("found %s", o.Name) }))
	must(t, target.Remove(ctx, "data/00/none"))
	want := map[string][]byte{}
	for i := range 30 {
		name := fmt.Sprintf("data/%02d/%d", i%3, i)
		want[name] = bytes.Repeat([]byte{byte(i)}, i*i*1000+1)
		must(t, target.Put(ctx, name, []byte("an earlier one")))
		must(t, target.Flush(ctx))
		must(t, target.Put(ctx, name, want[name]))
	}
	must(t, target.Put(ctx, "database/x", []byte("beside")))
	must(t, target.Flush(ctx))
	must(t, target.List(ctx, "data", func(o Object) error {
		if int64(len(want[o.Name])) != o.Size || time.Since(o.Modified).Abs() > time.Hour {
			t.Errorf("listed %+v, want %d bytes", o, len(want[o.Name]))
		}
		got, err := target.Get(ctx, o.Name)
		if err != nil || !bytes.Equal(got, want[o.Name]) {
			t.Errorf("%s: %d bytes, %v", o.Name, len(got), err)
		}
		delete(want, o.Name)
		return target.Remove(ctx, o.Name)
	}))
	if len(want) > 0 {
		t.Errorf("%d objects were not listed", len(want))
	}
	must(t, target.Remove(ctx, "database/x"))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := target.Put(ended, "data/x", nil); err == nil {
		t.Error("wrote for somebody who has gone")
	}
}

// brokenOff answers every second GET only by half.
func brokenOff(h http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || n.Add(1)%2 == 0 {
			h.ServeHTTP(w, r)
			return
		}
		writeHalf(w, r, h)
	})
}

// writeHalf announces all of what h answers and breaks off in the middle.
func writeHalf(w http.ResponseWriter, r *http.Request, h http.Handler) {
	whole := httptest.NewRecorder()
	h.ServeHTTP(whole, r)
	maps.Copy(w.Header(), whole.Header())
	w.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
	w.WriteHeader(whole.Code)
	w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
}

// TestS3ListBreaksOff: a listing of several pages that breaks off at each of them
// tells of every object, once.
func TestS3ListBreaksOff(t *testing.T) {
	t.Parallel()
	target := s3Target(t, brokenOff)
	want := map[string]int{}
	for i := range 1100 { // a page is 1,000
		name := fmt.Sprintf("data/%04d", i)
		must(t, target.Put(t.Context(), name, []byte("x")))
		want[name] = 1
	}
	got := map[string]int{}
	must(t, target.List(t.Context(), "data", func(o Object) error { got[o.Name]++; return nil }))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

// TestS3Misbehaves: errors, slowness and answers that break off are borne, and
// what was listed afterwards is whole.
func TestS3Misbehaves(t *testing.T) {
	t.Parallel()
	var n, troubles atomic.Int64
	target := s3Target(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch n.Add(1) % 7 {
			case 2:
				troubles.Add(1)
				io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusServiceUnavailable)
				io.WriteString(w, `<Error><Code>SlowDown</Code></Error>`)
			case 4:
				troubles.Add(1)
				panic(http.ErrAbortHandler) // the connection breaks
			case 6:
				if r.Method != http.MethodGet {
					h.ServeHTTP(w, r)
					return
				}
				troubles.Add(1)
				writeHalf(w, r, h)
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	h := newHouse(t)
	_, _, err := h.keeper.GenerateOwnerKey()
	must(t, err)
	whole := 0
	for range 4 {
		h.receive(t, "INBOX", 100)
		if _, err := h.keeper.Take(t.Context(), target, false); err == nil {
			whole++
		}
	}
	if whole == 0 || troubles.Load() == 0 {
		t.Errorf("%d snapshots taken, %d troubles", whole, troubles.Load())
	}
	v, err := h.keeper.Verify(t.Context(), target)
	must(t, err)
	if v.Snapshots < whole || len(v.Problems) > 0 {
		t.Errorf("%d snapshots of %d, %v", v.Snapshots, whole, v.Problems)
	}
}

// TestS3GetsStuck: a store that takes an object and never answers, or one that
// gives a byte at a time, ends the snapshot with an error and not the
// appliance: mail arrives meanwhile, another target gets its snapshot, and when the
// store is back so does this one.
func TestS3GetsStuck(t *testing.T) {
	t.Parallel()
	for method, answer := range map[string]func(http.ResponseWriter, *http.Request, <-chan struct{}){
		http.MethodPut: func(http.ResponseWriter, *http.Request, <-chan struct{}) {},
		http.MethodGet: trickle,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var stuck atomic.Bool
			asked, over := make(chan struct{}, 1000), make(chan struct{})
			target := s3TargetThatWaits(t, 2*time.Second, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !stuck.Load() || r.Method != method {
						h.ServeHTTP(w, r)
						return
					}
					asked <- struct{}{}
					answer(w, r, over)
					select {
					case <-r.Context().Done():
					case <-over:
					}
				})
			})
			t.Cleanup(func() { close(over) })
			playStuck(t, target, asked, stuck.Store)
		})
	}
}

// trickle answers a byte at a time.
func trickle(w http.ResponseWriter, r *http.Request, over <-chan struct{}) {
	w.Header().Set("Content-Length", "1000000")
	for r.Context().Err() == nil {
		io.WriteString(w, "x")
		http.NewResponseController(w).Flush()
		select {
		case <-over:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestSFTPGetsStuck is the same behind SSH.
func TestSFTPGetsStuck(t *testing.T) {
	t.Parallel()
	s := startSSH(t)
	line := newNarrow(t, s.address)
	host, err := os.ReadFile(filepath.Join(s.dir, "known_hosts"))
	must(t, err)
	_, key, _ := strings.Cut(string(host), " ")
	_, port, _ := net.SplitHostPort(line.address)
	known := filepath.Join(t.TempDir(), "known_hosts")
	must(t, os.WriteFile(known, []byte("[127.0.0.1]:"+port+" "+key), 0o600))
	me, err := user.Current()
	must(t, err)
	target, err := OpenTarget(t.Context(), "sftp://"+me.Username+"@"+line.address+filepath.Join(s.dir, "snapshots"),
		Access{SFTPKeyFile: filepath.Join(s.dir, "user"), SFTPKnownHosts: known, wait: 2 * time.Second})
	must(t, err)
	t.Cleanup(func() { target.Close() })
	playStuck(t, target, line.asked, line.set)
}

// narrow is a way to a server that can be made to let a byte through at a time.
type narrow struct {
	address string
	slow    atomic.Bool
	asked   chan struct{} // tells that something was held up
}

func newNarrow(t *testing.T, to string) *narrow {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	n := &narrow{address: ln.Addr().String(), asked: make(chan struct{}, 1)}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			here, err := ln.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", to)
			if err != nil {
				here.Close()
				return
			}
			go n.pass(here, there)
			go n.pass(there, here)
		}
	}()
	return n
}

func (n *narrow) set(slow bool) { n.slow.Store(slow) }

// pass copies until one side has gone.
func (n *narrow) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		room := buffer
		if n.slow.Load() {
			select {
			case n.asked <- struct{}{}:
			default:
			}
			time.Sleep(5 * time.Millisecond)
			room = buffer[:1]
		}
		got, err := from.Read(room)
		if err != nil {
			return
		}
		if _, err := to.Write(room[:got]); err != nil {
			return
		}
	}
}

// playStuck takes a snapshot to a target, one while it is stuck, one that is
// cancelled, and one when it is back.
func playStuck(t *testing.T, target Target, asked <-chan struct{}, stuck func(bool)) {
	t.Helper()
	h := newHouse(t)
	_, _, err := h.keeper.GenerateOwnerKey()
	must(t, err)
	take(t, h, target)
	h.receive(t, "INBOX", 50)
	stuck(true)
	begin := func(ctx context.Context) <-chan error {
		ended := make(chan error, 1)
		go func() {
			_, err := h.keeper.Take(ctx, target, false)
			ended <- err
		}()
		<-asked
		return ended
	}
	ended := begin(t.Context())
	h.receive(t, "INBOX", 50) // nobody waits for the target
	if err := <-ended; !errors.Is(err, errTooSlow) {
		t.Errorf("a snapshot to a target that is stuck: %v", err)
	}
	take(t, h, folderTarget(t))
	ctx, cancel := context.WithCancel(t.Context())
	ended = begin(ctx)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a snapshot that was cancelled: %v", err)
	}
	stuck(false)
	result := take(t, h, target)
	v, err := h.keeper.Verify(t.Context(), target)
	must(t, err)
	if v.Snapshots != 2 || len(v.Problems) > 0 {
		t.Errorf("%d snapshots, %v; the last is %s", v.Snapshots, v.Problems, result.ID)
	}
}

// TestTargetFailsInTheMiddle: what fails is no snapshot, and the next one goes on
// from what was written.
func TestTargetFailsInTheMiddle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 3000)
	target := &failing{Folder: folderTarget(t), after: 4}
	if _, err := h.keeper.Take(t.Context(), target, false); !errors.Is(err, errPlug) {
		t.Fatalf("error %v", err)
	}
	written := len(objects(t, target, dataFolder))
	if n := len(objects(t, target, snapshotFolder)); n != 0 || written == 0 {
		t.Errorf("%d snapshots, %d bundles", n, written)
	}
	h.receive(t, "INBOX", 1) // mail goes on
	target.after = 1000
	result := take(t, h, target)
	if all := len(objects(t, target, dataFolder)); int(result.Bundles) >= all {
		t.Errorf("%d bundles were written of %d, though %d were there", result.Bundles, all, written)
	}
	back, _ := restored(t, target, result.ID, Locked)
	if diff := cmp.Diff(h.mail(t), back.mail(t)); diff != "" {
		t.Error(diff)
	}
}

// failing fails after some writes.
type failing struct {
	*Folder
	after int64
	n     atomic.Int64
}

var errPlug = errors.New("somebody pulled the plug")

func (f *failing) Put(ctx context.Context, name string, data []byte) error {
	if f.n.Add(1) > f.after {
		return errPlug
	}
	return f.Folder.Put(ctx, name, data)
}

// TestSFTPRefusesAnotherHost: a server with another key gets nothing.
func TestSFTPRefusesAnotherHost(t *testing.T) {
	t.Parallel()
	_, s := sshTarget(t)
	_, port, _ := net.SplitHostPort(s.address)
	other := writeKeys(t, t.TempDir(), "other")
	known := filepath.Join(t.TempDir(), "known_hosts")
	must(t, os.WriteFile(known, []byte("[127.0.0.1]:"+port+" "+other), 0o600))
	me, err := user.Current()
	must(t, err)
	_, err = OpenTarget(t.Context(), "sftp://"+me.Username+"@"+s.address+s.dir+"/x",
		Access{SFTPKeyFile: filepath.Join(s.dir, "user"), SFTPKnownHosts: known})
	if err == nil || !strings.Contains(err.Error(), "knownhosts") {
		t.Errorf("error %v", err)
	}
}

func TestOffTheMachineOnlyEncrypted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 3)
	target := s3Target(t, honest)
	if _, err := h.keeper.Take(t.Context(), target, false); !errors.Is(err, ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if n := len(objects(t, target, dataFolder)); n != 0 {
		t.Errorf("%d bundles left the machine", n)
	}
}

func TestCheckTarget(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"/mnt/disk":                          true,
		"s3://s3.example.net/bucket/prefix":  true,
		"s3://s3.example.net/bucket":         true,
		"s3://s3.example.net:9000/b":         true,
		"sftp://me@nas.example.net/mail":     true,
		"sftp://me@nas.example.net:222/mail": true,
		"s3+http://127.0.0.1:9000/b":         true,
		"s3+http://s3.example.net/b":         false,
		"s3://s3.example.net":                false,
		"s3://key:secret@s3.example.net/b":   false,
		"sftp://nas.example.net/mail":        false,
		"sftp://me:secret@nas/mail":          false,
		"sftp://me@nas":                      false,
		"sftp://me@nas/":                     false,
		"ftp://me@nas/x":                     false,
		"disk":                               false,
		"":                                   false,
	} {
		if err := CheckTarget(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), ":secret") {
			t.Errorf("%v shows the secret", err)
		}
	}
}
