package imapd

// A lateKey is one whose meaning depends on the mailbox, in a search of several.
type lateKey struct{ of func(sel *selected) searchKey }

func (lateKey) match(*candidate) verdict { return mismatch }
func (lateKey) cost() cost               { return ofView }

// resolve gives late keys their meaning in a mailbox.
func resolve(key searchKey, sel *selected) searchKey {
	return eachKey(key, func(key searchKey) searchKey {
		if late, ok := key.(lateKey); ok {
			return late.of(sel)
		}
		return key
	})
}

// eachKey returns a tree of keys with its leaves replaced.
func eachKey(key searchKey, fn func(searchKey) searchKey) searchKey {
	switch k := key.(type) {
	case andKey:
		all := make(andKey, len(k))
		for i := range k {
			all[i] = eachKey(k[i], fn)
		}
		return all
	case orKey:
		return orKey{eachKey(k[0], fn), eachKey(k[1], fn)}
	case notKey:
		return notKey{eachKey(k.key, fn)}
	}
	return fn(key)
}
