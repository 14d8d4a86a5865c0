package backup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Access is what targets need beside their address: the names of files that only
// their owner can read.
type Access struct {
	S3KeyFile      string // access key and secret key, a line each
	S3Region       string // "": found out
	SFTPKeyFile    string // private key as ssh-keygen makes it
	SFTPKnownHosts string // host keys as ssh keeps them

	wait time.Duration // instead of requestTime; 0: that
}

var errBadTarget = errors.New("it is neither an absolute path nor s3://HOST/BUCKET/PREFIX nor sftp://USER@HOST/PATH")

// CheckTarget says what is wrong with an address.
func CheckTarget(address string) error {
	_, err := parseTarget(address)
	return err
}

// OpenTarget connects to a target.
func OpenTarget(ctx context.Context, address string, a Access) (Target, error) {
	u, err := parseTarget(address)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return OpenFolder(filepath.Clean(address))
	case u.Scheme == "sftp":
		return openSFTP(ctx, u, a)
	}
	return openS3(u, a)
}

// parseTarget returns nil for a path.
func parseTarget(address string) (*url.URL, error) {
	if filepath.IsAbs(address) {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("snapshot target %q: %w", address, errBadTarget)
	}
	if _, secret := u.User.Password(); secret || u.User != nil && u.Scheme != "sftp" {
		return nil, fmt.Errorf("snapshot target %s: no keys in the address; this file may be read by more people than they are meant for", u.Redacted())
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	switch {
	case u.RawQuery != "" || u.Fragment != "":
	case u.Scheme == "s3" && bucket != "":
		return u, nil
	case u.Scheme == "s3+http" && bucket != "" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "sftp" && u.User.Username() != "" && path.Clean(u.Path) != "/" && u.Path != "":
		return u, nil
	}
	return nil, fmt.Errorf("snapshot target %q: %w", address, errBadTarget)
}

// isLoopback permits what goes unencrypted, for tests.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// withPort adds a port where the address has none.
func withPort(u *url.URL, port string) string {
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port)
}
