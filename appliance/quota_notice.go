package appliance

import (
	"cmp"
	"slices"

	"letterbox/phrase"
	"letterbox/quota"
	"letterbox/store"
)

// quotaNotice says that a mailbox is filling up: how much room there is, which
// folders are the largest, what helps.
func quotaNotice(l *phrase.Language, c quota.Crossing, boxes []store.Mailbox) notice {
	return notice{
		subject: l.Say("mail.quota.subject", c.Used*100/max(c.Limit, 1)),
		paragraphs: []string{
			l.Say("mail.quota.holds", amount(l, c.Name, c.Used), amount(l, c.Name, c.Limit)),
			l.Say("mail.quota.later"),
			l.Say("mail.quota.helps"),
			l.Say("mail.quota.once"),
		},
		rows: largest(l, c.Name, boxes),
	}
}

// amount writes a number of what a resource counts.
func amount(l *phrase.Language, resource string, n int64) string {
	switch resource {
	case quota.Storage:
		return l.Size(n)
	case quota.Mailbox:
		return l.Say("mail.quota.folders", n)
	}
	return l.Say("mail.quota.messages", n)
}

// largest are the folders in which most could be deleted.
func largest(l *phrase.Language, resource string, boxes []store.Mailbox) (rows [][2]string) {
	weight := func(m store.Mailbox) int64 { return m.Bytes }
	if resource != quota.Storage {
		resource = quota.Message
		weight = func(m store.Mailbox) int64 { return int64(m.Messages) }
	}
	boxes = slices.Clone(boxes)
	slices.SortStableFunc(boxes, func(a, b store.Mailbox) int { return cmp.Compare(weight(b), weight(a)) })
	for _, m := range boxes[:min(len(boxes), 5)] {
		if n := weight(m); n > 0 {
			rows = append(rows, [2]string{m.Name, amount(l, resource, n)})
		}
	}
	return rows
}
