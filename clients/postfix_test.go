package clients

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A postfix is a server that decides about each recipient as the test says.
type postfix struct {
	*server
	words sync.Map // what it says to recipients
}

// startPostfix runs Postfix until the test ends.
func startPostfix(t *testing.T, settings string) *postfix {
	t.Helper()
	need(t, "/usr/sbin/postfix", "postfix")
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	id, _ := strconv.Atoi(owner.Uid)
	p := &postfix{server: newServer(t, "Postfix", id)}
	for name, owner := range map[string]int{"etc": 0, "queue": 0, "data": id} {
		p.mkdir(name, owner)
	}
	p.write("etc/main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = /dev/stdout
myhostname = mx.far.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
virtual_mailbox_domains = far.example strict.example trying.example
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:%[2]d
virtual_gid_maps = static:%[2]d
virtual_minimum_uid = 1
mailbox_size_limit = 0
virtual_mailbox_limit = 0
message_size_limit = 60000000
smtpd_tls_chain_files = %[1]s/server.pem
smtpd_tls_security_level = may
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_recipient_restrictions = check_policy_service inet:%[4]s, permit_mynetworks, reject
%[3]s
`, p.dir, id, settings, p.decide()))
	p.write("etc/master.cf", p.host+`:25 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`)
	p.run(exec.Command("/usr/sbin/postfix", "-c", p.path("etc"), "start-fg"), func() {
		exec.Command("/usr/sbin/postfix", "-c", p.path("etc"), "stop").Run() // it may have ended
	})
	return p
}

// answer sets what Postfix says to a recipient ("450 4.2.0 come again"); "" takes
// it back.
func (p *postfix) answer(recipient, words string) { p.words.Store(recipient, words) }

// decide is Postfix's policy service: it asks for each recipient.
func (p *postfix) decide() (address string) {
	p.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go p.policy(conn)
		}
	}()
	return ln.Addr().String()
}

// policy answers on one connection: a question is NAME=VALUE in lines, with an
// empty one at its end.
func (p *postfix) policy(conn net.Conn) {
	defer conn.Close()
	action := "OK"
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if recipient, found := strings.CutPrefix(lines.Text(), "recipient="); found {
			if words, set := p.words.Load(recipient); set && words != "" {
				action = words.(string)
			}
		}
		if lines.Text() == "" {
			fmt.Fprintf(conn, "action=%s\n\n", action)
			action = "OK"
		}
	}
}
