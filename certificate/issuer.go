package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/acme"
)

// LetsEncrypt is the authority that is asked unless another is configured.
const LetsEncrypt = acme.LetsEncryptURL

// An Authority issues certificates by ACME (RFC 8555).
type Authority struct {
	Directory string // its URL
	Contact   string // an address for its warnings; may be ""
	HTTP      *http.Client
	UserAgent string

	// DNS publishes the answers to DNS-01 challenges, for machines that nobody
	// reaches; nil: HTTP-01 on port 80 and TLS-ALPN-01 on port 443.
	DNS Publisher

	// Reach tells why a name does not lead here, in words, or "", before the
	// authority is asked and counts a failure. Nil: not checked.
	Reach func(ctx context.Context, name string) string
}

// issuer asks an authority.
type issuer struct {
	authority *Authority
	client    *acme.Client
	answers   *answers
}

// openIssuer loads the account key, or makes one.
func (k *Keeper) openIssuer(a *Authority) error {
	if err := os.MkdirAll(k.path(issuedFolder), 0o700); err != nil {
		return err
	}
	path := k.path("account.pem")
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
	}
	if err != nil {
		return fmt.Errorf("account key for the certificate authority: %w", err)
	}
	k.tries, err = loadAttempts(k.path(attemptsFile))
	if err != nil {
		return err
	}
	k.issuer = &issuer{
		authority: a,
		client:    &acme.Client{Key: key, DirectoryURL: a.Directory, HTTPClient: a.HTTP, UserAgent: a.UserAgent},
		answers:   newAnswers(),
	}
	return nil
}

// issueTime bounds one attempt.
const issueTime = 5 * time.Minute

// issue obtains a certificate for one name and key: the chain, leaf first.
func (i *issuer) issue(ctx context.Context, name string, key *ecdsa.PrivateKey) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, issueTime)
	defer cancel()
	if reach := i.authority.Reach; reach != nil && i.authority.DNS == nil {
		if reason := reach(ctx, name); reason != "" {
			return nil, &unreachedError{name, reason}
		}
	}
	if err := i.register(ctx); err != nil {
		return nil, err
	}
	order, err := i.authorize(ctx, name)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := i.client.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return nil, fmt.Errorf("fetch the certificate: %w", err)
	}
	return chain, nil
}

// register makes the account known; that it is already is no error.
func (i *issuer) register(ctx context.Context) error {
	account := &acme.Account{}
	if i.authority.Contact != "" {
		account.Contact = []string{"mailto:" + i.authority.Contact}
	}
	_, err := i.client.Register(ctx, account, acme.AcceptTOS)
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return fmt.Errorf("register with %s: %w", i.authority.Directory, err)
	}
	return nil
}

// authorize proves that the name is ours, in the first way that succeeds, and
// returns an order that is ready.
func (i *issuer) authorize(ctx context.Context, name string) (*acme.Order, error) {
	var failed error
	for _, way := range i.ways() {
		order, err := i.client.AuthorizeOrder(ctx, acme.DomainIDs(name))
		if err != nil {
			return nil, fmt.Errorf("order a certificate: %w", err)
		}
		err = i.prove(ctx, order, name, way)
		if err == nil {
			return i.client.WaitOrder(ctx, order.URI)
		}
		if failed = errors.Join(failed, fmt.Errorf("%s: %w", way, err)); ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// ways are the challenges that can be answered, in order.
func (i *issuer) ways() []string {
	if i.authority.DNS != nil {
		return []string{"dns-01"}
	}
	return []string{"http-01", "tls-alpn-01"}
}

// prove answers the order's challenges of one type.
func (i *issuer) prove(ctx context.Context, order *acme.Order, name, way string) error {
	for _, url := range order.AuthzURLs {
		z, err := i.client.GetAuthorization(ctx, url)
		if err != nil {
			return err
		}
		if z.Status == acme.StatusValid { // from a while ago
			continue
		}
		challenge := pick(z.Challenges, way)
		if challenge == nil {
			return errors.New("the authority does not offer it")
		}
		withdraw, err := i.answer(ctx, name, challenge)
		if err != nil {
			return err
		}
		defer withdraw()
		if _, err := i.client.Accept(ctx, challenge); err != nil {
			return err
		}
		if _, err := i.client.WaitAuthorization(ctx, z.URI); err != nil {
			return err
		}
	}
	return nil
}

func pick(offered []*acme.Challenge, way string) *acme.Challenge {
	for _, c := range offered {
		if c.Type == way {
			return c
		}
	}
	return nil
}

// answer makes the answer to a challenge visible to the authority until it is
// withdrawn.
func (i *issuer) answer(ctx context.Context, name string, c *acme.Challenge) (withdraw func(), err error) {
	switch c.Type {
	case "http-01":
		text, err := i.client.HTTP01ChallengeResponse(c.Token)
		if err != nil {
			return nil, err
		}
		return i.answers.page(i.client.HTTP01ChallengePath(c.Token), text), nil
	case "tls-alpn-01":
		cert, err := i.client.TLSALPN01ChallengeCert(c.Token, name)
		if err != nil {
			return nil, err
		}
		return i.answers.handshake(name, &cert), nil
	}
	text, err := i.client.DNS01ChallengeRecord(c.Token)
	if err != nil {
		return nil, err
	}
	return i.publish(ctx, "_acme-challenge."+name, text)
}

// publish adds a TXT record and returns how to remove it, which is done whatever
// has become of ctx.
func (i *issuer) publish(ctx context.Context, record, text string) (func(), error) {
	if err := i.authority.DNS.Add(ctx, record, text); err != nil {
		return nil, fmt.Errorf("publish %s: %w", record, err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_ = i.authority.DNS.Remove(ctx, record, text) // a record too many harms nobody
	}, nil
}

// leafOf parses the first certificate of a chain.
func leafOf(chain [][]byte, key *ecdsa.PrivateKey) (*tls.Certificate, error) {
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}, nil
}
