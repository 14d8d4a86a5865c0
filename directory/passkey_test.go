package directory

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

const site, siteOrigin = "mail.home.example", "https://mail.home.example"

// An authenticator is somebody's telephone: it holds a key pair for the site.
type authenticator struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte
	count  uint32
	origin string // where the browser thinks that it is
	flags  byte
}

const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	hasKey       = 1 << 6
)

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id := make([]byte, 16)
	rand.Read(id)
	return &authenticator{t: t, key: key, id: id, origin: siteOrigin, flags: userPresent | userVerified}
}

func (a *authenticator) clientData(kind, challenge string) []byte {
	return a.json(map[string]any{"type": "webauthn." + kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
}

func (a *authenticator) json(v any) []byte {
	data, err := json.Marshal(v)
	must(a.t, err)
	return data
}

// data is what the authenticator signs beside the client data.
func (a *authenticator) data(flags byte, more ...[]byte) []byte {
	hash := sha256.Sum256([]byte(site))
	a.count++
	data := append(hash[:], flags)
	data = binary.BigEndian.AppendUint32(data, a.count)
	return append(data, slices.Concat(more...)...)
}

// create answers navigator.credentials.create.
func (a *authenticator) create(options []byte) []byte {
	var o struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	must(a.t, json.Unmarshal(options, &o))
	var err error
	a.handle, err = base64.RawURLEncoding.DecodeString(o.User.ID)
	must(a.t, err)
	point, err := a.key.PublicKey.Bytes()
	must(a.t, err)
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	must(a.t, err)
	length := binary.BigEndian.AppendUint16(nil, uint16(len(a.id)))
	object, err := cbor.Marshal(map[string]any{
		"fmt": "none", "attStmt": map[string]any{},
		"authData": a.data(a.flags|hasKey, make([]byte, 16), length, a.id, public),
	})
	must(a.t, err)
	return a.answer(map[string]any{
		"clientDataJSON": encode(a.clientData("create", o.Challenge)), "attestationObject": encode(object),
	})
}

// get answers navigator.credentials.get.
func (a *authenticator) get(options []byte) []byte {
	var o struct {
		Challenge string `json:"challenge"`
	}
	must(a.t, json.Unmarshal(options, &o))
	client, data := a.clientData("get", o.Challenge), a.data(a.flags)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	must(a.t, err)
	return a.answer(map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data),
		"signature": encode(signature), "userHandle": encode(a.handle),
	})
}

func (a *authenticator) answer(response map[string]any) []byte {
	return a.json(map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// passkeys are those of the house's site, with one of Bob's.
func (h *house) passkeys(t testing.TB) (*Passkeys, *authenticator) {
	t.Helper()
	p, err := h.Passkeys(site, siteOrigin)
	must(t, err)
	a := newAuthenticator(t)
	must(t, h.addPasskeyOf(t, p, a))
	return p, a
}

func (h *house) addPasskeyOf(t testing.TB, p *Passkeys, a *authenticator) error {
	t.Helper()
	user, err := h.User(t.Context(), bob)
	must(t, err)
	options, ticket, err := p.BeginAdd(t.Context(), user)
	must(t, err)
	return p.FinishAdd(t.Context(), user, ticket, "Phone", a.create(options))
}

func TestPasskey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	p, phone := h.passkeys(t)

	options, ticket, err := p.BeginSignIn()
	must(t, err)
	answer := phone.get(options)
	user, err := p.FinishSignIn(ctx, web("192.0.2.1"), ticket, answer)
	if err != nil || user.Address != bob {
		t.Fatalf("signed in is %v, %v", user, err)
	}
	if _, err := p.FinishSignIn(ctx, web("192.0.2.1"), ticket, answer); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("the same answer again: %v", err)
	}
	f, err := h.SecondFactors(ctx, user.ID)
	must(t, err)
	if len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Phone" || !f.Passkeys[0].Used.Equal(h.clock.Now()) {
		t.Errorf("passkeys are %+v", f.Passkeys)
	}

	// It is a second factor like any other.
	if err := h.signIn(t, "192.0.2.1", bob, bobsPassword); !errors.Is(err, ErrSecondFactor) {
		t.Errorf("the password alone: %v", err)
	}
	must(t, h.SetDisabled(ctx, bob, true))
	options, ticket, err = p.BeginSignIn()
	must(t, err)
	if _, err := p.FinishSignIn(ctx, web("192.0.2.1"), ticket, phone.get(options)); !errors.Is(err, ErrDisabled) {
		t.Errorf("disabled: %v", err)
	}
	must(t, h.SetDisabled(ctx, bob, false))

	if err := h.RemovePasskey(ctx, ann, phone.id); !errors.Is(err, ErrNoSuchPasskey) {
		t.Errorf("removed by Ann: %v", err)
	}
	must(t, h.RemovePasskey(ctx, bob, phone.id))
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
}

// Nobody signs in with what is not quite a passkey's answer.
func TestPasskeyRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, h *house, p *Passkeys, a *authenticator) error{
		"another site's page": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			a.origin = "https://mail.home.example.evil.example"
			return useOf(t, p, a)
		},
		"not unlocked": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			a.flags = userPresent
			return useOf(t, p, a)
		},
		"another key": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			a.key = newAuthenticator(t).key
			return useOf(t, p, a)
		},
		"another user's name": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			a.handle = h.userHandle(1)
			return useOf(t, p, a)
		},
		"a copy": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			a.count += 10
			must(t, useOf(t, p, a))
			a.count -= 5
			return useOf(t, p, a)
		},
		"another ceremony": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			first, _, err := p.BeginSignIn()
			must(t, err)
			_, ticket, err := p.BeginSignIn()
			must(t, err)
			_, err = p.FinishSignIn(t.Context(), web("192.0.2.1"), ticket, a.get(first))
			return err
		},
		"too late": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			options, ticket, err := p.BeginSignIn()
			must(t, err)
			h.clock.advance(2 * ceremonyTime)
			_, err = p.FinishSignIn(t.Context(), web("192.0.2.1"), ticket, a.get(options))
			return err
		},
		"unknown": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			return useOf(t, p, newAuthenticator(t))
		},
		"nonsense": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			_, ticket, err := p.BeginSignIn()
			must(t, err)
			_, err = p.FinishSignIn(t.Context(), web("192.0.2.1"), ticket, []byte("{}"))
			return err
		},
		"made for another page": func(t *testing.T, h *house, p *Passkeys, _ *authenticator) error {
			a := newAuthenticator(t)
			a.origin = "https://evil.example"
			return h.addPasskeyOf(t, p, a)
		},
		"made twice": func(t *testing.T, h *house, p *Passkeys, a *authenticator) error {
			return h.addPasskeyOf(t, p, a)
		},
		"made with somebody else's ticket": func(t *testing.T, h *house, p *Passkeys, _ *authenticator) error {
			annHerself, err := h.User(t.Context(), ann)
			must(t, err)
			bobHimself, err := h.User(t.Context(), bob)
			must(t, err)
			options, ticket, err := p.BeginAdd(t.Context(), bobHimself)
			must(t, err)
			return p.FinishAdd(t.Context(), annHerself, ticket, "Phone", newAuthenticator(t).create(options))
		},
	}
	for name, try := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			p, a := h.passkeys(t)
			if err := try(t, h, p, a); !errors.Is(err, ErrBadPasskey) {
				t.Errorf("%v, want %v", err, ErrBadPasskey)
			}
		})
	}
}

func useOf(t *testing.T, p *Passkeys, a *authenticator) error {
	t.Helper()
	options, ticket, err := p.BeginSignIn()
	must(t, err)
	_, err = p.FinishSignIn(t.Context(), web("192.0.2.1"), ticket, a.get(options))
	return err
}

// Strangers can begin as often as they like: what is kept of it is bounded.
func TestCeremoniesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p, phone := h.passkeys(t)
	for range maxCeremonies + 10 {
		_, _, err := p.BeginSignIn()
		must(t, err)
	}
	if n := len(p.open); n > maxCeremonies {
		t.Errorf("%d are kept", n)
	}
	h.clock.advance(2 * ceremonyTime)
	must(t, useOf(t, p, phone))
	if n := len(p.open); n != 0 {
		t.Errorf("%d are kept for too long", n)
	}
}

// Whatever comes, nobody signs in by it, and nothing breaks.
func FuzzPasskey(f *testing.F) {
	h := newHouse(f)
	p, phone := h.passkeys(f)
	options, _, err := p.BeginSignIn()
	must(f, err)
	f.Add(phone.get(options))
	f.Add(phone.create([]byte(`{"challenge":"","user":{"id":""}}`)))
	f.Fuzz(func(t *testing.T, response []byte) {
		_, ticket, err := p.BeginSignIn()
		must(t, err)
		if user, err := p.FinishSignIn(t.Context(), web("192.0.2.1"), ticket, response); err == nil {
			t.Errorf("%v signed in", user)
		}
		user, err := h.User(t.Context(), bob)
		must(t, err)
		_, ticket, err = p.BeginAdd(t.Context(), user)
		must(t, err)
		if err := p.FinishAdd(t.Context(), user, ticket, "Phone", response); err == nil {
			t.Error("a passkey was made")
		}
	})
}
