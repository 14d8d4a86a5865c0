package store

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// readVocabulary returns the mailbox's keywords. Bits are given without gaps
// and never taken back.
func readVocabulary(q querier, m MailboxID) (vocabulary, error) {
	names, err := queryAll(q, scanString, `SELECT name FROM keyword WHERE mailbox = ? ORDER BY bit`, int64(m))
	words := make(vocabulary, len(names))
	for i, name := range names {
		words[i] = imap.Flag(name)
	}
	return words, err
}

// vocabulary returns the mailbox's keywords in this transaction.
func (j *job) vocabulary(c *change) (vocabulary, error) {
	if c.words != nil {
		return c.words, nil
	}
	words, err := readVocabulary(j.tx, c.ID)
	if err != nil {
		return nil, err
	}
	c.words = words
	return words, nil
}

// bits turns names into a set of the mailbox; keywords that it does not know get
// a bit. ErrTooManyKeywords.
func (j *job) bits(c *change, names []imap.Flag) (Flags, error) {
	if !slices.ContainsFunc(names, isKeyword) {
		f, _ := vocabulary(nil).set(names)
		return f, nil
	}
	if _, err := j.vocabulary(c); err != nil {
		return 0, err
	}
	for _, name := range names {
		if isKeyword(name) && c.words.bit(name) == 0 {
			if err := j.coin(c, name); err != nil {
				return 0, err
			}
		}
	}
	f, _ := c.words.set(names)
	return f, nil
}

// coin adds a keyword to the mailbox.
func (j *job) coin(c *change, name imap.Flag) error {
	if len(c.words) == MaxKeywords {
		return ErrTooManyKeywords
	}
	if _, err := j.stamp(c); err != nil {
		return err
	}
	_, err := j.tx.Exec(`INSERT INTO keyword (mailbox, bit, name) VALUES (?, ?, ?)`,
		int64(c.ID), FirstKeyword+len(c.words), string(name))
	c.words = append(slices.Clip(c.words), name) // views share the old one
	c.moreWords = true
	return err
}

// translate turns a set of one mailbox into one of another. Keywords for which
// there is no room any more are left behind: a message must be able to go to
// the trash.
func (j *job) translate(from, to *change, f Flags) (Flags, error) {
	system := f & systemFlags
	if f == system || from == to {
		return f, nil
	}
	words, err := j.vocabulary(from)
	if err != nil {
		return 0, err
	}
	for _, name := range words.names(f &^ systemFlags) {
		bit, err := j.bits(to, []imap.Flag{name})
		if err != nil && err != ErrTooManyKeywords {
			return 0, err
		}
		system |= bit
	}
	return system, nil
}
