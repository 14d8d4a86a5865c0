package imapd

import "slices"

// A searchKey is a search criterion (RFC 9051 section 6.4.4).
type searchKey interface {
	// match judges a candidate. It answers undecided when that takes a row and
	// the candidate has none yet.
	match(c *candidate) verdict

	// cost says what it takes to know.
	cost() cost
}

// A verdict has three values, so that most messages are decided before anything
// is read: NOT undecided is undecided, SEEN OR undecided may be known.
type verdict uint8

const (
	mismatch verdict = iota
	undecided
	hit
)

func verdictOf(ok bool) verdict {
	if ok {
		return hit
	}
	return mismatch
}

// cost is what a key has to look at, the cheapest first.
type cost uint8

const (
	ofView   cost = iota // number, uid, flags
	ofRow                // size, dates, ids
	ofHeader             // the row with its usual header
	ofFields             // the header in full, from the body
	ofText               // all text of the message
)

// allKey matches everything.
type allKey struct{}

func (allKey) match(*candidate) verdict { return hit }
func (allKey) cost() cost               { return ofView }

// An andKey wants all of its keys, which newAnd has sorted by cost: the text of
// a message is looked at only when all else fits.
type andKey []searchKey

func newAnd(keys []searchKey) searchKey {
	if len(keys) == 1 {
		return keys[0]
	}
	slices.SortStableFunc(keys, func(a, b searchKey) int { return int(a.cost()) - int(b.cost()) })
	return andKey(keys)
}

func (k andKey) match(c *candidate) verdict {
	result := hit
	for _, key := range k {
		if result = min(result, key.match(c)); result == mismatch {
			break
		}
	}
	return result
}

func (k andKey) cost() cost { return k[len(k)-1].cost() }

// An orKey wants one of two; the first is the cheaper one.
type orKey [2]searchKey

func newOr(a, b searchKey) searchKey {
	if b.cost() < a.cost() {
		a, b = b, a
	}
	return orKey{a, b}
}

func (k orKey) match(c *candidate) verdict {
	v := k[0].match(c)
	if v == hit {
		return hit
	}
	return max(v, k[1].match(c))
}

func (k orKey) cost() cost { return k[1].cost() }

// notKey is the opposite.
type notKey struct{ key searchKey }

func (k notKey) match(c *candidate) verdict { return hit - k.key.match(c) }
func (k notKey) cost() cost                 { return k.key.cost() }
