package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SFTP is a target in a folder behind SSH. One connection serves all requests; it
// is made when it is needed, and anew after it broke.
type SFTP struct {
	address string // HOST:PORT
	folder  string
	name    string
	config  *ssh.ClientConfig
	line    *line

	mu   sync.Mutex
	conn *sftpConn
}

type sftpConn struct {
	ssh   *ssh.Client
	sftp  *sftp.Client
	plain net.Conn
}

func openSFTP(ctx context.Context, u *url.URL, a Access) (*SFTP, error) {
	text, err := readSecret(a.SFTPKeyFile)
	if err != nil {
		return nil, fmt.Errorf("snapshot.sftp_key_file: %w", err)
	}
	signer, err := ssh.ParsePrivateKey([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("snapshot.sftp_key_file: %w; make one with: ssh-keygen -t ed25519 -N '' -f FILE", err)
	}
	known, err := knownhosts.New(a.SFTPKnownHosts)
	if err != nil {
		return nil, fmt.Errorf("snapshot.sftp_known_hosts: %w; make it with: ssh-keyscan HOST > FILE, and compare the key", err)
	}
	s := &SFTP{
		address: withPort(u, "22"), folder: path.Clean(u.Path), name: u.String(), line: newLine(a),
		config: &ssh.ClientConfig{
			User: u.User.Username(), Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
			HostKeyCallback: known, HostKeyAlgorithms: hostKeyAlgorithms(known, withPort(u, "22")), Timeout: requestTime,
		},
	}
	_, err = s.connect(ctx) // so that a wrong key is noticed at once
	return s, err
}

// hostKeyAlgorithms are those of which the file has a key: the server would
// otherwise choose another one, which is unknown. What knownhosts knows it tells
// only by refusing a key.
func hostKeyAlgorithms(known ssh.HostKeyCallback, address string) (algorithms []string) {
	var unknown *knownhosts.KeyError
	if err := known(address, &net.TCPAddr{}, noPublicKey{}); !errors.As(err, &unknown) {
		return nil
	}
	for _, k := range unknown.Want {
		algorithms = append(algorithms, k.Key.Type())
		if k.Key.Type() == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512)
		}
	}
	return algorithms
}

// noPublicKey is one that no host has.
type noPublicKey struct{}

func (noPublicKey) Type() string                        { return "none" }
func (noPublicKey) Marshal() []byte                     { return []byte("none") }
func (noPublicKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// connect returns the connection, made if there is none.
func (s *SFTP) connect(ctx context.Context) (*sftpConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		return s.conn, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.line.wait)
	defer cancel()
	plain, err := s.line.dial(ctx, "tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", s.name, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = plain.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(plain, s.address, s.config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sign in at %s: %w", s.name, err), plain.Close())
	}
	client := ssh.NewClient(c, channels, requests)
	files, err := sftp.NewClient(client)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin SFTP at %s: %w", s.name, err), client.Close())
	}
	s.conn = &sftpConn{client, files, plain}
	return s.conn, nil
}

// drop closes a connection that broke.
func (s *SFTP) drop(c *sftpConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.conn = nil
	}
	_ = c.ssh.Close() // it is broken already
}

// do runs a request, again on a new connection when the old one broke. A request
// that gets stuck breaks it.
func (s *SFTP) do(ctx context.Context, fn func(*sftp.Client) error) (err error) {
	for n := range attempts {
		if err := pause(ctx, n); err != nil {
			return err
		}
		var c *sftpConn
		if c, err = s.connect(ctx); err != nil {
			continue
		}
		err = s.line.request(ctx, func(ctx context.Context) error {
			stop := context.AfterFunc(ctx, func() { _ = c.plain.Close() })
			defer stop()
			return fn(c.sftp)
		})
		var status *sftp.StatusError
		if err == nil || errors.As(err, &status) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		s.drop(c)
		if errors.Is(err, errTooSlow) {
			return err // a new connection would lead to the same machine
		}
	}
	return err
}

// pause waits longer before each further attempt.
func pause(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(attempt*attempt) * 250 * time.Millisecond):
		return nil
	}
}

// Put writes beside the name, flushes where the server can, and renames.
func (s *SFTP) Put(ctx context.Context, name string, data []byte) error {
	target := s.join(name)
	part := path.Join(path.Dir(target), partPrefix+path.Base(target))
	err := s.do(ctx, func(c *sftp.Client) error {
		file, err := c.Create(part)
		if errors.Is(err, fs.ErrNotExist) {
			if err := c.MkdirAll(path.Dir(target)); err != nil {
				return err
			}
			file, err = c.Create(part)
		}
		if err != nil {
			return err
		}
		_, err = file.ReadFrom(bytes.NewReader(data))
		if _, can := c.HasExtension("fsync@openssh.com"); can && err == nil {
			err = file.Sync()
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		return c.PosixRename(part, target)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (s *SFTP) Get(ctx context.Context, name string) (data []byte, err error) {
	err = s.do(ctx, func(c *sftp.Client) error {
		file, err := c.Open(s.join(name))
		if err != nil {
			return err
		}
		defer file.Close()
		var b bytes.Buffer
		_, err = file.WriteTo(&b)
		data = b.Bytes()
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// Flush has nothing to do: what Put wrote is durable.
func (s *SFTP) Flush(ctx context.Context) error { return ctx.Err() }

func (s *SFTP) List(ctx context.Context, folder string, fn func(Object) error) error {
	names := []string{folder}
	for len(names) > 0 {
		at := names[0]
		names = names[1:]
		var entries []fs.FileInfo
		err := s.do(ctx, func(c *sftp.Client) (err error) {
			entries, err = c.ReadDir(s.join(at))
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list %s: %w", at, err)
		}
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, path.Join(at, e.Name()))
				continue
			}
			if err := fn(Object{Name: path.Join(at, e.Name()), Size: e.Size(), Modified: e.ModTime()}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *SFTP) Remove(ctx context.Context, name string) error {
	err := s.do(ctx, func(c *sftp.Client) error { return c.Remove(s.join(name)) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (s *SFTP) join(name string) string { return path.Join(s.folder, strings.TrimPrefix(name, "/")) }

func (s *SFTP) Remote() bool   { return true }
func (s *SFTP) String() string { return s.name }

func (s *SFTP) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	err := s.conn.ssh.Close()
	s.conn = nil
	return err
}
