package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postfix is Debian's Postfix, which delivers into Maildirs by itself, in a folder of
// its own.
type postfix struct {
	process
	smtp string
}

func newPostfix(dir string) (*postfix, error) {
	if _, err := os.Stat("/usr/sbin/postfix"); err != nil {
		return nil, errors.New("postfix is missing: run scripts/install")
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("run as root: Postfix changes to its users")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &postfix{process: process{dir: dir}, smtp: fmt.Sprintf("127.0.0.1:%d", port)}
	return p, p.configure()
}

func (p *postfix) Name() string { return "Postfix" }
func (p *postfix) SMTP() string { return p.smtp }

func (p *postfix) configure() error {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	for _, sub := range []string{"etc", "queue", "data", "mail"} {
		if err := os.MkdirAll(filepath.Join(p.dir, sub), 0o755); err != nil {
			return err
		}
	}
	for _, sub := range []string{"data", "mail"} {
		if err := os.Chown(filepath.Join(p.dir, sub), uid, -1); err != nil {
			return err
		}
	}
	var mailboxes strings.Builder
	for n := range users {
		fmt.Fprintf(&mailboxes, "%s user%d/\n", userName(n), n)
	}
	fill := strings.NewReplacer("DIR", p.dir, "SMTP", p.smtp, "UID", owner.Uid, "DOMAIN", domain).Replace
	for name, text := range map[string]string{
		"main.cf": postfixMain, "master.cf": postfixMaster, "users": mailboxes.String(),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, "etc", name), []byte(fill(text)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = DIR/log
maillog_file_prefixes = DIR
myhostname = mx.DOMAIN
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_client_connection_count_limit = 200
virtual_mailbox_domains = DOMAIN
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = texthash:DIR/etc/users
virtual_uid_maps = static:UID
virtual_gid_maps = static:UID
virtual_minimum_uid = 1
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_recipient_restrictions = reject_unauth_destination
`

const postfixMaster = `SMTP inet n - n - 200 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

func (p *postfix) Start(ctx context.Context) error {
	p.cmd = exec.Command("/usr/sbin/postfix", "-c", filepath.Join(p.dir, "etc"), "start-fg")
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // master wants to lead a group
	if err := p.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if m, err := newMailer(p.smtp, 0); err == nil {
			m.Close()
			return nil
		}
	}
	p.Stop()
	return fmt.Errorf("postfix does not greet at %s: %s", p.smtp, p.output.String())
}

func (p *postfix) Stop() {
	_ = exec.Command("/usr/sbin/postfix", "-c", filepath.Join(p.dir, "etc"), "stop").Run() // it may have ended
	p.process.Stop()
}

// Settle waits until the queue is empty.
func (p *postfix) Settle(ctx context.Context) error {
	for waiting, since := true, time.Now(); waiting && time.Since(since) < 2*time.Minute && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		waiting = false
		for _, queue := range []string{"incoming", "active", "deferred"} {
			waiting = waiting || diskUsage(filepath.Join(p.dir, "queue", queue), func(string) bool { return true }) > 0
		}
	}
	return ctx.Err()
}
