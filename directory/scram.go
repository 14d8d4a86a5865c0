package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// A scramServer is one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677). The client
// proves that it knows the password without sending it; nothing is computed
// that a stranger could wear us down with.
//
// Neither IMAP nor SMTP can carry data beside success, so the server's signature
// is a challenge, which the client answers with nothing (RFC 4422 section 5).
type scramServer struct {
	ctx          context.Context
	d            *Directory
	peer         Peer
	signedIn     func(*User)
	plus         bool // SCRAM-SHA-256-PLUS
	server       *scram.Server
	conversation *scram.ServerConversation // from the first message on
	step         func(response []byte) (challenge []byte, done bool, err error)

	knock  *knock // from the first message on
	failed error  // of looking that up
	user   *User  // from the proof on
}

// newSCRAM starts an exchange. With plus the client binds it to the TLS
// connection: what somebody in between passes on is of no use there.
func (d *Directory) newSCRAM(ctx context.Context, p Peer, plus bool, signedIn func(*User)) (sasl.Server, error) {
	s := &scramServer{ctx: ctx, d: d, peer: p, plus: plus, signedIn: signedIn}
	server, err := scram.SHA256.NewServer(s.credentials)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", mechSCRAM, err)
	}
	s.server = server
	s.step = s.first
	return s, nil
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
	var binding scram.ChannelBinding
	for name, data := range s.peer.Bindings {
		binding = scram.ChannelBinding{Type: scram.ChannelBindingType(name), Data: data}
		if strings.HasPrefix(kind, name+",") {
			break
		}
	}
	s.conversation = s.server.NewConversationWithChannelBinding(binding)
	return nil
}

// credentials is asked for the name in the client's first message.
func (s *scramServer) credentials(username string) (scram.StoredCredentials, error) {
	if s.knock, s.failed = s.d.knock(s.ctx, s.peer, username); s.failed != nil {
		return scram.StoredCredentials{}, s.failed
	}
	return s.knock.credential.scram, nil
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
	challenge, err := s.conversation.Step(string(response))
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
	signature, err := s.conversation.Step(string(response))
	if err != nil || !s.conversation.Valid() || s.knock.user == nil {
		return nil, false, s.d.refuse(s.ctx, s.knock, s.d.throttle.unique())
	}
	if s.user, err = s.d.admit(s.ctx, s.knock); err != nil {
		return nil, false, err
	}
	if err := s.d.mayActAs(s.ctx, s.user, s.conversation.AuthzID()); err != nil {
		return nil, false, err
	}
	s.step = s.acknowledge
	return []byte(signature), false, nil
}

// acknowledge takes the client's empty answer to the signature.
func (s *scramServer) acknowledge(response []byte) ([]byte, bool, error) {
	if len(response) != 0 {
		return nil, false, fmt.Errorf("%s: last message: %w", mechSCRAM, ErrBadResponse)
	}
	s.signedIn(s.user)
	return nil, true, nil
}
