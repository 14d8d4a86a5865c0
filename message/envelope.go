package message

// appendEnvelope writes the ENVELOPE: fields as they were sent, unfolded, with
// encoded words left to the client.
func (k *known) appendEnvelope(b []byte) []byte {
	from := appendAddresses(nil, k.first[fieldFrom])
	orFrom := func(id fieldID) []byte { // RFC 9051 section 7.5.2: an absent one is From's
		if list := appendAddresses(nil, k.first[id]); string(list) != "NIL" {
			return list
		}
		return from
	}
	b = append(b, '(')
	b = appendNString(b, k.first[fieldDate])
	b = append(b, ' ')
	b = appendNString(b, k.first[fieldSubject])
	for _, list := range [][]byte{
		from, orFrom(fieldSender), orFrom(fieldReplyTo),
		appendAddresses(nil, k.first[fieldTo]), appendAddresses(nil, k.first[fieldCc]), appendAddresses(nil, k.first[fieldBcc]),
	} {
		b = append(b, ' ')
		b = append(b, list...)
	}
	b = append(b, ' ')
	b = appendNonEmpty(b, k.first[fieldInReplyTo])
	b = append(b, ' ')
	b = appendNonEmpty(b, k.first[fieldMessageID])
	return append(b, ')')
}

// appendAddresses writes an address list, NIL for none.
func appendAddresses(b, value []byte) []byte {
	list := parseAddresses(value)
	if len(list) == 0 {
		return append(b, "NIL"...)
	}
	b = append(b, '(')
	for _, a := range list {
		b = append(b, '(')
		b = a.append(b)
		b = append(b, ')')
	}
	return append(b, ')')
}

// append writes name, route, mailbox and host. A NIL host marks a group, so an
// address without a domain has an empty one.
func (a *rawAddress) append(b []byte) []byte {
	switch a.group {
	case groupStart:
		b = append(b, "NIL NIL "...)
		b = appendString(b, a.local)
		return append(b, " NIL"...)
	case groupEnd:
		return append(b, "NIL NIL NIL NIL"...)
	}
	b = appendNonEmpty(b, a.name)
	b = append(b, ' ')
	b = appendNonEmpty(b, a.route)
	b = append(b, ' ')
	b = appendString(b, a.local)
	b = append(b, ' ')
	return appendString(b, a.domain)
}
