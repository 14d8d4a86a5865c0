package imapd

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// rights are the user's on the selected mailbox, as they are now: they may
// change while it is selected.
func (s *session) rights() store.Rights { return s.sel.view.Rights(s.account()) }

// require fails when the selected mailbox was opened with EXAMINE, or the user
// lacks a right on it.
func (s *session) require(need store.Rights) error {
	if err := s.requireWritable(); err != nil {
		return err
	}
	if missing := need &^ s.rights(); missing != 0 {
		return noPermission(missing)
	}
	return nil
}

// opensReadOnly says what SELECT calls a mailbox (RFC 4314 section 5.2): one in
// which the user cannot change anything that others see.
func opensReadOnly(m *store.Mailbox) bool {
	shared := store.Insert | store.Remove | store.KeepSeen | store.Write | store.DeleteFlag
	if m.OwnSeen {
		shared &^= store.KeepSeen
	}
	return !m.Rights.Any(shared)
}

// tellRights tells a client whose rights on the selected mailbox have changed
// which flags it may change now (RFC 4314 section 5.1.1).
func (s *session) tellRights() error {
	now := s.rights()
	if now == s.sel.rights {
		return nil
	}
	if !now.Has(store.Read) {
		return errNoLonger
	}
	s.sel.rights = now
	s.tellFlagsDefined()
	return nil
}

// right is what it takes to change a flag (RFC 4314 section 4).
func right(f imap.Flag) store.Rights {
	switch f {
	case imap.FlagSeen:
		return store.KeepSeen
	case imap.FlagDeleted:
		return store.DeleteFlag
	}
	return store.Write
}

// changeable are those of the flags that the rights let the user change.
func changeable(flags []imap.Flag, r store.Rights) []imap.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f imap.Flag) bool { return !r.Has(right(f)) })
}

// restrict keeps a STORE within the user's rights. It fails only when nothing of
// it is left: clients do not expect STORE to fail (RFC 4314 section 4).
func (s *session) restrict(change *store.FlagChange) error {
	r := s.rights()
	if r == store.AllRights {
		return nil
	}
	change.Within = r.Flags()
	if len(changeable(change.Flags, r)) > 0 || len(change.Flags) == 0 && change.Within != 0 {
		return nil
	}
	var missing store.Rights
	for _, f := range change.Flags {
		missing |= right(f)
	}
	if missing == 0 {
		missing = store.KeepSeen | store.Write | store.DeleteFlag
	}
	return noPermission(missing)
}
