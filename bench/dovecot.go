package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// dovecot is Debian's Dovecot with sdbox, its quickest format, and its default
// flushing, in a folder of its own.
type dovecot struct{ process }

func newDovecot(dir string) (*dovecot, error) {
	if _, err := exec.LookPath("dovecot"); err != nil {
		return nil, errors.New("dovecot is missing: apt-get install dovecot-imapd")
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("run as root: Dovecot changes to its users")
	}
	d := &dovecot{process{dir: dir}}
	return d, d.configure()
}

func (d *dovecot) Name() string { return "Dovecot" }

func (d *dovecot) configure() error {
	plain, err := freePort()
	if err != nil {
		return err
	}
	tls, err := freePort()
	if err != nil {
		return err
	}
	d.plain, d.tls = fmt.Sprintf("127.0.0.1:%d", plain), fmt.Sprintf("127.0.0.1:%d", tls)
	for _, sub := range []string{"", "run", "state", "mail"} {
		if err := os.MkdirAll(filepath.Join(d.dir, sub), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chown(filepath.Join(d.dir, "mail"), mailUID, mailUID); err != nil {
		return err
	}
	if err := writeCertificate(filepath.Join(d.dir, "cert.pem"), filepath.Join(d.dir, "key.pem")); err != nil {
		return err
	}
	if err := d.writePasswords(); err != nil {
		return err
	}
	config := strings.NewReplacer("DIR", d.dir, "PLAIN", fmt.Sprint(plain), "TLS", fmt.Sprint(tls), "UID", fmt.Sprint(mailUID)).Replace(dovecotConfig)
	return os.WriteFile(filepath.Join(d.dir, "dovecot.conf"), []byte(config), 0o644)
}

// maildirUser has Dovecot's usual format instead of its quickest.
const maildirUser = 49

// mailUID is Debian's user "mail".
const mailUID = 8

// SHA512-CRYPT is what doveadm makes by default on Debian: as expensive to guess
// as this Dovecot is set up with.
func (d *dovecot) writePasswords() error {
	hash, err := exec.Command("doveadm", "pw", "-s", "SHA512-CRYPT", "-p", password).Output()
	if err != nil {
		return fmt.Errorf("doveadm pw: %w", err)
	}
	var lines strings.Builder
	for n := range users {
		fmt.Fprintf(&lines, "%s:%s:UID:UID::HOME/%s::", userName(n), strings.TrimSpace(string(hash)), userName(n))
		if n == maildirUser {
			fmt.Fprintf(&lines, "userdb_mail=maildir:HOME/%s/maildir", userName(n))
		}
		lines.WriteByte('\n')
	}
	text := strings.NewReplacer("UID", fmt.Sprint(mailUID), "HOME", filepath.Join(d.dir, "mail")).Replace(lines.String())
	return os.WriteFile(filepath.Join(d.dir, "passwd"), []byte(text), 0o644)
}

const dovecotConfig = `
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = no
mail_location = sdbox:DIR/mail/%u
first_valid_uid = UID
mail_max_userip_connections = 10000
passdb {
  driver = passwd-file
  args = DIR/passwd
}
userdb {
  driver = passwd-file
  args = DIR/passwd
}
namespace inbox {
  inbox = yes
  separator = /
}
service imap-login {
  process_limit = 2000
  inet_listener imap {
    port = PLAIN
  }
  inet_listener imaps {
    port = TLS
    ssl = yes
  }
}
service imap {
  process_limit = 6000
}
service anvil {
  client_limit = 20000
}
service auth {
  client_limit = 20000
}
`

func (d *dovecot) Start(ctx context.Context) error {
	return d.launch(ctx, "dovecot", "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
}

// Settle gives it a moment; it does little behind.
func (d *dovecot) Settle(ctx context.Context) error {
	calm(ctx, d, time.Minute)
	return ctx.Err()
}

func (d *dovecot) Disk() (body, rest int64) {
	isBody := func(name string) bool { return strings.HasPrefix(name, "u.") }
	mail := filepath.Join(d.dir, "mail")
	return diskUsage(mail, isBody), diskUsage(mail, func(name string) bool { return !isBody(name) })
}

func (d *dovecot) Profile(string) (stop func(), err error) { return func() {}, nil }
