package certificate

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Resolver finds the addresses of a name.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// CheckReach tells why the authority would not find this machine under a name,
// as far as that can be told from here; it is Authority.Reach of an appliance
// that serves Handler on port 80 at all the name's addresses.
//
// It is a reason that the name has no address, or that another machine answers
// there. That nobody answers is none: behind many routers a machine cannot reach
// itself from outside, though others can.
func (k *Keeper) CheckReach(r Resolver, client *http.Client) func(ctx context.Context, name string) string {
	return func(ctx context.Context, name string) string {
		addresses, err := r.LookupHost(ctx, name)
		if err != nil || len(addresses) == 0 {
			return fmt.Sprintf("The DNS has no address for %[1]s yet. Add an A record (and AAAA, for IPv6) for %[1]s that points to this machine.", name)
		}
		secret := rand.Text()
		path := "/.well-known/acme-challenge/" + rand.Text()
		defer k.issuer.answers.page(path, secret)()
		for _, address := range addresses {
			if !answersWith(ctx, client, name, address, path, secret) {
				return fmt.Sprintf("Under %[1]s another machine answers (%[2]s). Let the A and AAAA records of %[1]s point to this machine, and port 80 lead to Letterbox.", name, address)
			}
		}
		return ""
	}
}

// answersWith reports whether the page at an address is ours, or nothing can be
// told.
func answersWith(ctx context.Context, client *http.Client, name, address, path, secret string) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(address, "80")+path, nil)
	if err != nil {
		return true
	}
	r.Host = name
	response, err := client.Do(r)
	if err != nil {
		return true
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	return err != nil || string(text) == secret
}
