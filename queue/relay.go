package queue

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"letterbox/database"
	"letterbox/directory"
)

// A Relay is a server that takes our mail for everywhere.
type Relay struct {
	Address  string // HOST:PORT
	TLS      string // "starttls", "implicit", "none"
	Username string // "": nobody signs in
	Password func() (string, error)

	// Use says what goes there: "always", "domains" for Domains alone, "blocked" for
	// Domains and for providers that refuse our address.
	Use     string
	Domains []string // lower case, A-labels
}

// detourTime is how long a provider that refused us is reached by the relay
// before we try by ourselves again.
const detourTime = 7 * 24 * time.Hour

// takes reports whether mail for a domain goes to the relay from the start.
func (r *Relay) takes(domain string) bool {
	if r == nil {
		return false
	}
	return r.Use == "always" || slices.Contains(r.Domains, domain)
}

// viaRelay connects to the relay and signs in. Its certificate has to be right:
// it is somebody we know, who gets our password.
func (c *Courier) viaRelay(ctx context.Context) (*client, error) {
	client, err := c.relayConnection(ctx)
	if err == nil {
		return client, nil
	}
	// A relay that refuses us is for us to mend, not for the recipients: the mail
	// waits meanwhile.
	reply := asReply(err)
	return nil, &replyError{ours("4.4.1", "the relay %s does not take our mail: %s", c.Relay.Address, reply)}
}

func (c *Courier) relayConnection(ctx context.Context) (*client, error) {
	hostname, _, err := net.SplitHostPort(c.Relay.Address)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial(ctx, c.Relay.Address)
	if err != nil {
		return nil, err
	}
	client := newClient(ctx, conn, hostname)
	client.relay = true
	if err := c.relayHello(ctx, client); err != nil {
		client.quit()
		return nil, err
	}
	return client, nil
}

func (c *Courier) relayHello(ctx context.Context, client *client) error {
	p := tlsPolicy{required: true, verify: c.webPKI(client.host), source: "relay.tls", trusted: true}
	switch c.Relay.TLS {
	case "implicit":
		if err := client.handshake(ctx, c.tlsConfig(client.host, p)); err != nil {
			return err
		}
		client.verified = true
		if err := client.greet(); err != nil {
			return err
		}
		if err := client.hello(c.Hostname); err != nil {
			return err
		}
	case "none":
		if err := c.converse(ctx, client, tlsPolicy{}, false); err != nil {
			return err
		}
	default:
		if err := c.converse(ctx, client, p, true); err != nil {
			return err
		}
	}
	if c.Relay.Username == "" {
		return nil
	}
	password, err := c.Relay.Password()
	if err != nil {
		return fmt.Errorf("password of the relay: %w", err)
	}
	return client.auth(c.Relay.Username, password)
}

// detours reports whether a server's provider refused us lately, and there is a
// relay for that.
func (c *Courier) detours(ctx context.Context, h host) bool {
	if c.Relay == nil || c.Relay.Use != "blocked" {
		return false
	}
	blocked := false
	err := c.Queue.DB.Read(ctx, func(conn *database.Conn) error {
		return conn.QueryRow(`SELECT EXISTS (SELECT 1 FROM detour WHERE provider = ? AND until_at > ?)`,
			provider(h.name), time.Now().Unix()).Scan(&blocked)
	})
	if err != nil {
		c.Log.ErrorContext(ctx, "detours not read", "error", err)
	}
	return blocked
}

// refused notes that a provider refuses our address, and tells the owner by the
// audit log. It reports whether that worked: only then another way is open.
func (c *Courier) refused(ctx context.Context, hostname string, reply Reply) bool {
	name := provider(hostname)
	err := c.Queue.DB.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO detour (provider, until_at, reply) VALUES (?, ?, ?)
			ON CONFLICT (provider) DO UPDATE SET until_at = excluded.until_at, reply = excluded.reply`,
			name, time.Now().Add(detourTime).Unix(), reply.String())
		return err
	})
	if err == nil {
		err = c.Queue.Delivery.Directory.Record(ctx, directory.Event{
			Action: "queue.detour", Subject: name,
			Detail: "refuses mail from our address, so it goes by the relay for a week: " + reply.String(),
		})
	}
	if err != nil {
		c.Log.ErrorContext(ctx, "detour not noted", "provider", name, "error", err)
		return false
	}
	c.Log.WarnContext(ctx, "provider refuses our address; its mail goes by the relay", "provider", name, "reply", reply.String())
	return true
}
