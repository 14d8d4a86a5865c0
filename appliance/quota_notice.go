package appliance

import (
	"cmp"
	"fmt"
	"slices"

	"letterbox/quota"
	"letterbox/store"
)

// quotaNotice says that a mailbox is filling up: how much room there is, which
// folders are the largest, what helps.
func quotaNotice(c quota.Crossing, boxes []store.Mailbox) notice {
	percent := c.Used * 100 / max(c.Limit, 1)
	return notice{
		subject: fmt.Sprintf("Your mailbox is %d %% full", percent),
		paragraphs: []string{
			fmt.Sprintf("Your mailbox holds %s of %s. These are the largest folders:", amount(c.Name, c.Used), amount(c.Name, c.Limit)),
			"When it is full, mail for you is put off, and given back to its senders after some days. You can always delete.",
			"What helps: empty Trash and Junk, delete messages with large attachments, or ask who runs this server for more room.",
			"This is said once, until there is more room again.",
		},
		rows: largest(c.Name, boxes),
	}
}

// amount writes a number of what a resource counts.
func amount(resource string, n int64) string {
	switch resource {
	case quota.Storage:
		return quota.Bytes(n)
	case quota.Mailbox:
		return fmt.Sprintf("%d folders", n)
	}
	return fmt.Sprintf("%d messages", n)
}

// largest are the folders in which most could be deleted.
func largest(resource string, boxes []store.Mailbox) (rows [][2]string) {
	weight := func(m store.Mailbox) int64 { return m.Bytes }
	if resource != quota.Storage {
		resource = quota.Message
		weight = func(m store.Mailbox) int64 { return int64(m.Messages) }
	}
	boxes = slices.Clone(boxes)
	slices.SortStableFunc(boxes, func(a, b store.Mailbox) int { return cmp.Compare(weight(b), weight(a)) })
	for _, m := range boxes[:min(len(boxes), 5)] {
		if n := weight(m); n > 0 {
			rows = append(rows, [2]string{m.Name, amount(resource, n)})
		}
	}
	return rows
}
