package directory

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// A scramServer is one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677). The client
// proves that it knows the password without sending it; nothing is computed
// that a stranger could wear us down with.
//
// The proof does not say which of the user's passwords it is of: their own and
// those of their devices have the same salt, and each is tried.
//
// Neither IMAP nor SMTP can carry data beside success, so the server's signature
// is a challenge, which the client answers with nothing (RFC 4422 section 5).
type scramServer struct {
	ctx      context.Context
	d        *Directory
	peer     Peer
	signedIn func(*User)
	plus     bool // SCRAM-SHA-256-PLUS
	step     func(response []byte) (challenge []byte, done bool, err error)

	// From the first message on:
	binding    scram.ChannelBinding
	opening    string // that message
	nonce      string // our part
	knock      *knock
	candidates []candidate // never none
	failed     error       // of looking them up

	user *User // from the proof on
}

// A candidate is a password that the proof may be of.
type candidate struct {
	keys scram.StoredCredentials
	app  *appPassword // nil: the user's own
}

// newSCRAM starts an exchange. With plus the client binds it to the TLS
// connection: what somebody in between passes on is of no use there.
func (d *Directory) newSCRAM(ctx context.Context, p Peer, plus bool, signedIn func(*User)) sasl.Server {
	s := &scramServer{ctx: ctx, d: d, peer: p, plus: plus, signedIn: signedIn, nonce: rand.Text()}
	s.step = s.first
	return s
}

// bind chooses what the exchange is bound to by the client's first message,
// which begins with "p=TYPE,", "n," or "y," (RFC 5802 section 7). Only with -PLUS
// may it be bound, and must be. A client that says "y" believes that we do not
// offer -PLUS: where we do, somebody has kept that from it, and the library
// refuses.
func (s *scramServer) bind(first string) error {
	kind, bound := strings.CutPrefix(first, "p=")
	if bound != s.plus {
		return fmt.Errorf("%s: channel binding goes with -PLUS: %w", mechSCRAM, ErrBadResponse)
	}
	for name, data := range s.peer.Bindings {
		s.binding = scram.ChannelBinding{Type: scram.ChannelBindingType(name), Data: data}
		if strings.HasPrefix(kind, name+",") {
			break
		}
	}
	return nil
}

// open begins a conversation from the client's first message. Those of one
// exchange differ in nothing but the keys.
func (s *scramServer) open(keys scram.CredentialLookup) (*scram.ServerConversation, string, error) {
	server, err := scram.SHA256.NewServer(keys)
	if err != nil {
		return nil, "", fmt.Errorf("start %s: %w", mechSCRAM, err)
	}
	server.WithNonceGenerator(func() string { return s.nonce })
	conversation := server.NewConversationWithChannelBinding(s.binding)
	challenge, err := conversation.Step(s.opening)
	return conversation, challenge, err
}

// lookUp is asked for the name in the client's first message.
func (s *scramServer) lookUp(username string) (scram.StoredCredentials, error) {
	if s.knock, s.failed = s.d.knock(s.ctx, s.peer, username); s.failed == nil {
		s.candidates, s.failed = s.d.candidates(s.ctx, s.knock)
	}
	if s.failed != nil {
		return scram.StoredCredentials{}, s.failed
	}
	return s.candidates[0].keys, nil
}

// candidates are the passwords that have the salt of the first, which is the
// user's own. Where that opens nothing, because a second factor is asked for, its
// salt is not worth to be had: those of app passwords count.
func (d *Directory) candidates(ctx context.Context, k *knock) ([]candidate, error) {
	own := k.credential.scram
	if k.secondFactor && own.KeyFactors != d.keyFactors(k.visit.name) {
		own = d.dummyCredential(k.visit.name).scram
	}
	all := []candidate{{keys: own}}
	if k.user == nil {
		return all, nil
	}
	apps, err := d.appPasswords(ctx, k.user.ID)
	for i := range apps {
		if apps[i].scram.KeyFactors == own.KeyFactors {
			all = append(all, candidate{apps[i].scram, &apps[i]})
		}
	}
	return all, err
}

// Next implements sasl.Server.
func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	step := s.step
	if response == nil && s.knock == nil {
		return []byte{}, false, nil
	}
	s.step = s.over
	return step(response)
}

func (s *scramServer) over([]byte) ([]byte, bool, error) {
	return nil, false, fmt.Errorf("%s is over: %w", mechSCRAM, ErrBadResponse)
}

// first answers client-first-message with salt and iterations.
func (s *scramServer) first(response []byte) ([]byte, bool, error) {
	if err := s.bind(string(response)); err != nil {
		return nil, false, err
	}
	s.opening = string(response)
	_, challenge, err := s.open(s.lookUp)
	if s.failed != nil {
		return nil, false, s.failed
	}
	if err != nil {
		// The library's text quotes the message.
		return nil, false, fmt.Errorf("%s: first message: %w", mechSCRAM, ErrBadResponse)
	}
	s.step = s.proof
	return []byte(challenge), false, nil
}

// proof checks client-final-message and answers with the server's signature.
func (s *scramServer) proof(response []byte) ([]byte, bool, error) {
	leave, err := s.d.throttle.enter(s.ctx, s.knock.visit)
	if err != nil {
		return nil, false, err
	}
	defer leave()
	signature, authorization, err := s.try(string(response))
	if err != nil {
		return nil, false, err
	}
	if signature == "" || s.knock.user == nil {
		return nil, false, s.d.refuse(s.ctx, s.knock, s.d.throttle.unique())
	}
	if s.user, err = s.d.admit(s.ctx, s.knock); err != nil {
		return nil, false, err
	}
	if err := s.d.mayActAs(s.ctx, s.user, authorization); err != nil {
		return nil, false, err
	}
	s.step = s.acknowledge
	return []byte(signature), false, nil
}

// try finds the password that the proof is of, and notes it; the signature is ""
// when it is of none.
func (s *scramServer) try(proof string) (signature, authorization string, err error) {
	for _, c := range s.candidates {
		conversation, _, err := s.open(func(string) (scram.StoredCredentials, error) { return c.keys, nil })
		if err != nil {
			return "", "", err
		}
		signature, err := conversation.Step(proof)
		if err == nil && conversation.Valid() {
			s.knock.own, s.knock.app = c.app == nil, c.app
			return signature, conversation.AuthzID(), nil
		}
	}
	return "", "", nil
}

// acknowledge takes the client's empty answer to the signature.
func (s *scramServer) acknowledge(response []byte) ([]byte, bool, error) {
	if len(response) != 0 {
		return nil, false, fmt.Errorf("%s: last message: %w", mechSCRAM, ErrBadResponse)
	}
	s.signedIn(s.user)
	return nil, true, nil
}
