package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"letterbox/appliance"
	"letterbox/demo"
	"letterbox/directory"
	"letterbox/store"
)

// demoDomain is reserved (RFC 2606): no mail for it ever goes anywhere.
const demoDomain = "letterbox.example"

type demoCmd struct{}

// demoPorts are where the demo listens when nobody else does.
var demoPorts = map[string]int{
	"imap": 1143, "imaps": 1993, "smtp": 1025, "submission": 1587, "submissions": 1465, "https": 8443, "metrics": 9400,
}

func (c *demoCmd) local(ctx context.Context, s *shell) error {
	dir, err := os.MkdirTemp("", "letterbox-demo-")
	if err != nil {
		return err
	}
	return errors.Join(c.run(ctx, s, filepath.Join(dir, "data")), os.RemoveAll(dir))
}

func (c *demoCmd) run(ctx context.Context, s *shell, data string) error {
	settings := append(demoSettings(), s.flags.Set...)
	config, err := appliance.Load(data, s.flags.ConfigFile, settings)
	if err != nil {
		return err
	}
	var a *appliance.Appliance
	log, level := config.Log.NewLogger(s.Err)
	a, err = appliance.New(config, appliance.Options{
		Log:     log,
		Level:   level,
		Command: execute,
		Ready: func(ctx context.Context, d *appliance.Data) error {
			people, err := settle(ctx, d)
			if err != nil {
				return fmt.Errorf("make up the demo's mail: %w", err)
			}
			return describeDemo(s.Out, a, d, people)
		},
	})
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// demoSettings let no mail leave, and put everything on loopback, on the demo's
// ports as far as they are free and on any others else.
func demoSettings() []string {
	settings := []string{"hostname=localhost", "log.level=warn", "listen.http=", "mail.reserve=1 MB", "queue.send=false", "snapshot.schedule=never", "doctor.every=0s", "doctor.peer="}
	for name, port := range demoPorts {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if ln, err := net.Listen("tcp", address); err != nil {
			address = "127.0.0.1:0"
		} else {
			_ = ln.Close()
		}
		settings = append(settings, "listen."+name+"="+address)
	}
	return settings
}

// A demoPerson is one of the two, with the password made up for this run.
type demoPerson struct {
	demo.User
	Address, Password string
	Messages          int64
}

// settle makes the domain, the people and their mail, and all that happened to it.
func settle(ctx context.Context, d *appliance.Data) ([]demoPerson, error) {
	if err := serveDemoDomain(ctx, d); err != nil {
		return nil, err
	}
	now := time.Now()
	var people []demoPerson
	users, accounts := map[string]*directory.User{}, map[string]store.AccountID{}
	for _, user := range demo.Users() {
		p := demoPerson{User: user, Address: user.Local + "@" + demoDomain, Password: directory.GeneratePassword()}
		added, err := d.Directory.AddUser(ctx, p.Address, p.Name, p.Password)
		if err != nil {
			return nil, err
		}
		account := store.AccountID(added.ID)
		if err := d.Store.EnsureAccount(ctx, account); err != nil {
			return nil, err
		}
		users[user.Local], accounts[user.Local] = added, account
		people = append(people, p)
	}
	// Anna looks after the server, so that there is somebody who may see its pages.
	if err := d.Directory.SetRole(ctx, people[0].Address, "admin"); err != nil {
		return nil, err
	}
	if err := wish(ctx, d, users["anna"], users["ben"], now); err != nil {
		return nil, err
	}
	if err := live(ctx, d, accounts, now); err != nil {
		return nil, err
	}
	if err := errors.Join(receiveReports(ctx, d, now), leaveWaiting(ctx, d, users["anna"], now)); err != nil {
		return nil, err
	}
	return people, countMail(ctx, d, people, accounts)
}

// serveDemoDomain adds the domain, with the keys that sign its mail.
func serveDemoDomain(ctx context.Context, d *appliance.Data) error {
	if _, err := d.Directory.AddDomain(ctx, demoDomain); err != nil {
		return err
	}
	if err := d.Directory.EnsureKeys(ctx, demoDomain); err != nil {
		return err
	}
	return d.ServeNames(ctx)
}

// countMail says how much mail everybody has.
func countMail(ctx context.Context, d *appliance.Data, people []demoPerson, accounts map[string]store.AccountID) error {
	for i := range people {
		used, _, err := d.Store.Usage(ctx, accounts[people[i].Local])
		if err != nil {
			return err
		}
		people[i].Messages = used.Messages
	}
	return nil
}

// demoText is what the demo prints; every line of it can be pasted.
var demoText = template.Must(template.New("demo").Parse(`
Letterbox runs, with the mail of two people, on this machine alone.
Press Ctrl-C to end it; then everything is removed.
{{range .People}}
  {{printf "%-12s" .Name}} {{.Address}}, password {{.Password}}, {{.Messages}} messages{{end}}

  Browser      https://localhost:{{.HTTPS}}/ (accept its certificate). Anna looks after
               this server; Ben sees what everybody sees of their own.
  Read mail    IMAP, localhost, port {{.IMAPS}} (TLS) or {{.IMAP}} (STARTTLS)
  Send mail    SMTP, localhost, port {{.Submissions}} (TLS) or {{.Submission}} (STARTTLS)
  From others  SMTP, localhost, port {{.SMTP}}
  Monitoring   http://{{.Metrics}}/metrics

Thunderbird: "Set up another account", "Configure manually", the servers above,
"Normal password", the whole address as user name. It asks whether to trust the
certificate; its SHA-256 fingerprint is
  {{.Fingerprint}}

In another terminal, with curl: Anna's folders, her first message, a new one to Ben
and what Ben has of it:

  curl -k -u {{.Anna.Address}}:{{.Anna.Password}} imaps://localhost:{{.IMAPS}}/
  curl -k -u {{.Anna.Address}}:{{.Anna.Password}} 'imaps://localhost:{{.IMAPS}}/INBOX;UID=1'
  printf 'From: {{.Anna.Address}}\nTo: {{.Ben.Address}}\nSubject: Hello\n\nHello Ben\n' | curl -k -u {{.Anna.Address}}:{{.Anna.Password}} --crlf --mail-from {{.Anna.Address}} --mail-rcpt {{.Ben.Address}} --no-progress-meter --upload-file - smtps://localhost:{{.Submissions}}
  curl -k -u {{.Ben.Address}}:{{.Ben.Password}} 'imaps://localhost:{{.IMAPS}}/INBOX?SUBJECT%20Hello'

A message as another server would bring it:

  printf 'From: friend@example.net\nTo: {{.Ben.Address}}\nSubject: From afar\n\nHello Ben\n' | curl --crlf --mail-from friend@example.net --mail-rcpt {{.Ben.Address}} --no-progress-meter --upload-file - smtp://localhost:{{.SMTP}}

With mutt, as Anna:

  mutt -n -F /dev/null -e 'set folder=imaps://localhost:{{.IMAPS}} spoolfile=+INBOX imap_user={{.Anna.Address}} imap_pass={{.Anna.Password}} certificate_file={{.Certificate}} from={{.Anna.Address}} smtp_url=smtps://{{.AnnaURL}}@localhost:{{.Submissions}} smtp_pass={{.Anna.Password}} record=+Sent postponed=+Drafts'

Letterbox's own commands:

  {{.Program}} --data {{.Data}} user list

`))

// describeDemo prints how to connect.
func describeDemo(w io.Writer, a *appliance.Appliance, d *appliance.Data, people []demoPerson) error {
	port := func(name string) string {
		if addr := a.Addr(name); addr != nil {
			_, port, _ := net.SplitHostPort(addr.String())
			return port
		}
		return "(off)"
	}
	var text strings.Builder
	err := demoText.Execute(&text, map[string]any{
		"People": people, "Anna": people[0], "Ben": people[1],
		"AnnaURL": strings.ReplaceAll(people[0].Address, "@", "%40"),
		"IMAP":    port("imap"), "IMAPS": port("imaps"), "SMTP": port("smtp"),
		"Submission": port("submission"), "Submissions": port("submissions"),
		"HTTPS":       port("https"),
		"Metrics":     a.Addr("metrics"),
		"Fingerprint": d.Certificates.Fingerprint(),
		"Certificate": filepath.Join(d.Config.Data, "tls", "certificate.pem"),
		"Data":        d.Config.Data,
		"Program":     program(),
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text.String())
	return err
}
