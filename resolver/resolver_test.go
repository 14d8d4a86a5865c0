package resolver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"letterbox/internal/zone"
)

const records = `
mail.example.     A     127.0.0.2
mail.example.     AAAA  ::1
four.example.     A     127.0.0.3
example.          MX    20 b.example.
example.          MX    10 a.example.
example.          TXT   "v=spf1 " "-all; a\"b\\c"
www.example.      CNAME mail.example.
2.0.0.127.in-addr.arpa. PTR mail.example.
_25._tcp.mail.example. TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
`

func TestLookups(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, records)
	z.Secure("mail.example", "_25._tcp.mail.example")
	r, ctx := &Resolver{Servers: []string{z.Addr}}, t.Context()

	texts, err := r.LookupTXT(ctx, "example")
	if err != nil || len(texts) != 1 || texts[0] != `v=spf1 -all; a"b\c` {
		t.Errorf("TXT: %q, %v", texts, err)
	}
	mx, secure, err := r.MX(ctx, "example")
	if err != nil || len(mx) != 2 || mx[0].Host != "a.example." || secure {
		t.Errorf("MX: %v, secure %v, %v", mx, secure, err)
	}
	both := []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.2")}
	list, secure, err := r.Addresses(ctx, "mail.example")
	if err != nil || !slices.Equal(list, both) || !secure {
		t.Errorf("addresses: %v, secure %v, %v", list, secure, err)
	}
	if list, _, err = r.Addresses(ctx, "www.example"); err != nil || !slices.Equal(list, both) {
		t.Errorf("addresses of an alias: %v, %v", list, err)
	}
	if list, _, err = r.Addresses(ctx, "four.example"); err != nil || len(list) != 1 {
		t.Errorf("addresses of one family: %v, %v", list, err)
	}
	if names, err := r.LookupAddr(ctx, "127.0.0.2"); err != nil || len(names) != 1 || names[0] != "mail.example." {
		t.Errorf("PTR: %v, %v", names, err)
	}
	tlsa, secure, err := r.TLSA(ctx, "25", "mail.example")
	if err != nil || len(tlsa) != 1 || tlsa[0].Usage != 3 || !secure {
		t.Errorf("TLSA: %v, secure %v, %v", tlsa, secure, err)
	}
}

// TestNotFound tells "there is none" from "nobody knows at the moment".
func TestNotFound(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, records)
	z.Fail("broken.example")
	r, ctx := &Resolver{Servers: []string{z.Addr}}, t.Context()
	for name, want := range map[string]bool{"mail.example": true, "nowhere.example": true, "broken.example": false} {
		_, _, err := r.MX(ctx, name)
		if err == nil || NotFound(err) != want {
			t.Errorf("MX of %s: %v; not found: %v, want %v", name, err, NotFound(err), want)
		}
		var d *net.DNSError
		if !errors.As(err, &d) || d.Temporary() == want {
			t.Errorf("MX of %s: %v is temporary or not the other way round", name, err)
		}
	}
	if n := z.Asked("broken.example", "MX"); n != attempts {
		t.Errorf("the broken name was asked %d times, want %d", n, attempts)
	}
}

func TestTruncatedGoesByTCP(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, records)
	z.Truncate()
	r := &Resolver{Servers: []string{z.Addr}}
	if mx, _, err := r.MX(t.Context(), "example"); err != nil || len(mx) != 2 {
		t.Errorf("MX: %v, %v", mx, err)
	}
}

// TestSecondServer asks the next server when the first one is silent.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	silent, z := zone.Serve(t, ""), zone.Serve(t, records)
	silent.Mute("example")
	r := &Resolver{Servers: []string{silent.Addr, z.Addr}, Timeout: 50 * time.Millisecond}
	if mx, _, err := r.MX(t.Context(), "example"); err != nil || len(mx) != 2 {
		t.Errorf("MX: %v, %v", mx, err)
	}
}

func TestDeadlineIsTemporary(t *testing.T) {
	t.Parallel()
	z := zone.Serve(t, "")
	z.Mute("example")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err := (&Resolver{Servers: []string{z.Addr}}).MX(ctx, "example")
	var d *net.DNSError
	if !errors.As(err, &d) || !d.Temporary() || d.IsNotFound {
		t.Errorf("%v", err)
	}
}

func TestOnlyLoopbackIsTrusted(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]bool{"127.0.0.53:53": true, "[::1]:53": true, "192.0.2.1:53": false, "dns.example:53": false} {
		if trusted(server) != want {
			t.Errorf("%s: trusted is %v", server, !want)
		}
	}
}

func TestFromFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                                       {"127.0.0.1:53"},
		"search example.org\n":                   {"127.0.0.1:53"},
		"nameserver 192.0.2.1\nnameserver ::1\n": {"192.0.2.1:53", "[::1]:53"},
		"missing":                                {"127.0.0.1:53"},
	} {
		path := filepath.Join(t.TempDir(), "resolv.conf")
		if text != "missing" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := fromFile(path)
		if err != nil || !slices.Equal(r.Servers, want) {
			t.Errorf("%q: %v, %v; want %v", text, r, err, want)
		}
	}
}
