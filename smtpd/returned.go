package smtpd

import (
	"context"
	"slices"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/queue"
)

// passersOn are who pass on what others found get, and get no copy themselves.
func passersOn(found []directory.Recipient) (list []directory.Recipient) {
	for _, r := range found {
		for _, u := range r.Via {
			same := func(other directory.Recipient) bool { return other.User != nil && other.User.ID == u.ID }
			if !slices.ContainsFunc(found, same) && !slices.ContainsFunc(list, same) {
				list = append(list, directory.Recipient{Address: r.Address, User: u})
			}
		}
	}
	return list
}

// keepReturned keeps with its owner what they passed on and what came back from there,
// and passes it on no more: nothing is lost, nobody is sent a bounce, and the circle
// ends.
func (s *session) keepReturned(ctx context.Context, raw []byte) error {
	var asked []string
	for _, r := range s.mail.local {
		asked = append(asked, r.Address)
	}
	for _, r := range s.mail.remote {
		if r.By != "" {
			asked = append(asked, r.By)
		}
	}
	slices.Sort(asked)
	for _, address := range slices.Compact(asked) {
		if !delivery.DeliveredBefore(raw, address) {
			continue
		}
		if err := s.keepAt(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

// keepAt lets a message for an address stay with those who would pass it on. What an
// alias leads elsewhere has nobody here to stay with, and is refused by delivery.
func (s *session) keepAt(ctx context.Context, address string) error {
	found, err := s.srv.cfg.Directory.ResolveHere(ctx, address)
	if err != nil {
		return err
	}
	passed := false
	for i, r := range found {
		if r.User == nil {
			return nil
		}
		forward, err := s.srv.cfg.Directory.ForwardOf(ctx, r.User.ID)
		if err != nil {
			return err
		}
		passed = passed || len(forward.Targets) > 0
		found[i].Returned = true
	}
	if !passed {
		return nil
	}
	t := s.mail
	at := func(r directory.Recipient) bool { return r.Address == address }
	t.local = append(slices.DeleteFunc(t.local, at), found...)
	t.passedOn = slices.DeleteFunc(t.passedOn, at)
	t.remote = slices.DeleteFunc(t.remote, func(r queue.Recipient) bool { return r.By == address })
	return nil
}
