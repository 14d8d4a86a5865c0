package directory

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkeys makes and checks passkeys for one site. Safe for concurrent use. What
// a ceremony was begun with is kept in memory for some minutes, bounded, under a
// ticket that is good once.
type Passkeys struct {
	d   *Directory
	web *webauthn.WebAuthn

	mu   sync.Mutex
	open map[string]ceremony // by ticket
}

type ceremony struct {
	session webauthn.SessionData
	user    int64 // who makes a passkey; 0: somebody signs in
	began   time.Time
}

const (
	ceremonyTime  = 5 * time.Minute
	maxCeremonies = 4096
)

// Passkeys for the site of a host name, which people reach by the origins, such
// as "https://mail.example.org".
func (d *Directory) Passkeys(host string, origins ...string) (*Passkeys, error) {
	required := true
	web, err := webauthn.New(&webauthn.Config{
		RPID:          host,
		RPDisplayName: host,
		RPOrigins:     origins,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &required,
			// It stands for password and second factor at once.
			UserVerification: protocol.VerificationRequired,
		},
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", host, err)
	}
	return &Passkeys{d: d, web: web, open: map[string]ceremony{}}, nil
}

// BeginAdd returns options for the browser's navigator.credentials.create, as
// JSON, and the ticket for FinishAdd.
func (p *Passkeys) BeginAdd(ctx context.Context, user *User) (options []byte, ticket string, err error) {
	owner, err := p.d.passkeyOwner(ctx, user)
	if err != nil {
		return nil, "", err
	}
	creation, session, err := p.web.BeginRegistration(owner,
		webauthn.WithExclusions(webauthn.Credentials(owner.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, "", fmt.Errorf("begin to make a passkey: %w", err)
	}
	return p.begin(creation.Response, *session, user.ID)
}

// FinishAdd keeps the passkey that the browser made. ErrBadPasskey,
// ErrTooManyPasskeys.
func (p *Passkeys) FinishAdd(ctx context.Context, user *User, ticket, name string, response []byte) error {
	name, err := trimName(name)
	if err != nil {
		return err
	}
	c, err := p.take(ticket)
	if err != nil || c.user != user.ID {
		return ErrBadPasskey
	}
	owner, err := p.d.passkeyOwner(ctx, user)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return p.refuse(ctx, "make", err)
	}
	credential, err := p.web.CreateCredential(owner, c.session, parsed)
	if err != nil {
		return p.refuse(ctx, "make", err)
	}
	encoded, err := json.Marshal(credential)
	if err != nil {
		return fmt.Errorf("keep passkey: %w", err)
	}
	return p.d.addPasskey(ctx, user.Address, Passkey{ID: credential.ID, Name: name, credential: string(encoded)})
}

// BeginSignIn returns options for navigator.credentials.get, as JSON, and the
// ticket for FinishSignIn. It asks for no name: the browser knows.
func (p *Passkeys) BeginSignIn() (options []byte, ticket string, err error) {
	assertion, session, err := p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("begin to sign in with a passkey: %w", err)
	}
	return p.begin(assertion.Response, *session, 0)
}

// FinishSignIn signs in whoever the passkey is of. ErrBadPasskey, ErrDisabled,
// *ThrottledError.
func (p *Passkeys) FinishSignIn(ctx context.Context, peer Peer, ticket string, response []byte) (*User, error) {
	c, err := p.take(ticket)
	if err != nil || c.user != 0 {
		return nil, ErrBadPasskey
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, p.refuse(ctx, "use", err)
	}
	var owner *passkeyOwner
	find := func(id, _ []byte) (_ webauthn.User, err error) {
		owner, err = p.d.ownerOf(ctx, id)
		return owner, err
	}
	_, credential, err := p.web.ValidatePasskeyLogin(find, c.session, parsed)
	if err != nil {
		return nil, p.refuse(ctx, "use", err)
	}
	if credential.Authenticator.CloneWarning {
		return nil, p.refuse(ctx, "use", errors.New("the counter went back: there may be a copy of the key"))
	}
	encoded, err := json.Marshal(credential)
	if err != nil {
		return nil, fmt.Errorf("keep passkey: %w", err)
	}
	if err := p.d.notePasskey(ctx, Passkey{ID: credential.ID, credential: string(encoded)}); err != nil {
		return nil, err
	}
	k, err := p.d.knock(ctx, peer, owner.Address)
	if err != nil {
		return nil, err
	}
	if k.id() != owner.ID {
		return nil, ErrBadPasskey
	}
	return p.d.admit(ctx, k)
}

// refuse says no more to the browser than that it did not work; the log has more.
func (p *Passkeys) refuse(ctx context.Context, what string, err error) error {
	detail := err.Error()
	if e := new(protocol.Error); errors.As(err, &e) {
		detail = e.Details + " " + e.DevInfo
	}
	p.d.log.InfoContext(ctx, "passkey refused", "to", what, "reason", clip(detail))
	return ErrBadPasskey
}

func (p *Passkeys) begin(options any, session webauthn.SessionData, user int64) ([]byte, string, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, "", fmt.Errorf("encode options for a passkey: %w", err)
	}
	ticket := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	for old, c := range p.open {
		if p.isOver(c) || len(p.open) >= maxCeremonies { // then any one: it costs its owner another try
			delete(p.open, old)
		}
	}
	p.open[ticket] = ceremony{session, user, p.d.now()}
	return encoded, ticket, nil
}

func (p *Passkeys) take(ticket string) (ceremony, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.open[ticket]
	delete(p.open, ticket)
	if !ok || p.isOver(c) {
		return ceremony{}, ErrBadPasskey
	}
	return c, nil
}

func (p *Passkeys) isOver(c ceremony) bool { return p.d.now().Sub(c.began) > ceremonyTime }

// A passkeyOwner implements webauthn.User.
type passkeyOwner struct {
	User
	handle      []byte
	keys        []Passkey
	credentials []webauthn.Credential
}

func (o *passkeyOwner) decode() error {
	o.credentials = make([]webauthn.Credential, len(o.keys))
	for i, key := range o.keys {
		if err := json.Unmarshal([]byte(key.credential), &o.credentials[i]); err != nil {
			return fmt.Errorf("passkey %q of %s is damaged; remove it: %w", key.Name, o.Address, err)
		}
	}
	return nil
}

func (o *passkeyOwner) WebAuthnID() []byte   { return o.handle }
func (o *passkeyOwner) WebAuthnName() string { return o.Address }
func (o *passkeyOwner) WebAuthnDisplayName() string {
	if o.Name != "" {
		return o.Name
	}
	return o.Address
}
func (o *passkeyOwner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }
