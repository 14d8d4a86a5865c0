package demo

import (
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// How long ago things were.
const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// Who they write with.
const (
	anna  = "Anna Berg <anna@HERE>"
	ben   = "Ben Okafor <ben@HERE>"
	clara = "Clara Lindqvist <clara@example.com>"
	dad   = "Dad <walter.berg@example.net>"
)

var (
	seen     = []imap.Flag{imap.FlagSeen}
	answered = []imap.Flag{imap.FlagSeen, imap.FlagAnswered}
	starred  = []imap.Flag{imap.FlagSeen, imap.FlagFlagged}
	unread   []imap.Flag
)

// party is one thread as it lies in both mailboxes and in Anna's Sent.
func party() []letter {
	const invitation = "Hello you two,\n\nwe want to celebrate midsummer in the garden on the 20th, from four o'clock on.\nBring something for the grill and something to sit on. There will be a tent, so\nrain is no excuse.\n\nDo you still have the long table?\n\nClara\n"
	first := letter{
		from: clara, to: anna + ", " + ben, subject: "Midsummer in the garden",
		id: "party-1", ago: 6 * day, body: text(invitation),
	}
	second := letter{
		from: anna, to: clara, cc: ben, subject: "Re: Midsummer in the garden",
		id: "party-2", answers: []string{"party-1"}, ago: 6*day - 2*hour,
		body: text("Of course we come! The table is in the cellar, Ben can bring it on Friday.\nShall I make the potato salad again?\n\nOn Monday, Clara wrote:\n> Do you still have the long table?\n"),
	}
	third := letter{
		from: ben, to: anna, cc: clara, subject: "Re: Midsummer in the garden",
		id: "party-3", answers: []string{"party-1", "party-2"}, ago: 5 * day,
		body: text("Ben can, if somebody helps Ben carry it up the stairs.\n\nBen\n"),
	}
	fourth := letter{
		from: clara, to: anna + ", " + ben, subject: "Re: Midsummer in the garden",
		id: "party-4", answers: []string{"party-1", "party-2", "party-3"}, ago: 3 * hour,
		body: mixed(text("Nils will help. And yes to the salad!\n\nThis is where the tent goes, between the apple trees.\n\nClara\n"),
			attachment("garden.jpg", "image/jpeg", landscape(800, 500, 0.2))),
	}
	return slices.Concat(
		in("anna", "INBOX", answered, first, third),
		in("anna", "INBOX", unread, fourth),
		in("anna", "Sent", seen, second),
		in("ben", "INBOX", seen, first, second),
		in("ben", "INBOX", unread, fourth),
		in("ben", "Sent", seen, third),
	)
}

// in puts copies of letters into somebody's mailbox.
func in(owner, mailbox string, flags []imap.Flag, letters ...letter) []letter {
	letters = slices.Clone(letters)
	for i := range letters {
		letters[i].owner, letters[i].mailbox, letters[i].flags = owner, mailbox, flags
	}
	return letters
}

// garden is a mailing list, with the header fields that clients sort by.
func garden() []letter {
	post := func(id, from, subject string, ago time.Duration, answers []string, body string) letter {
		return letter{
			from: from, to: "Allotment 12 <garden@lists.example.net>", subject: "[garden] " + subject,
			id: id, answers: answers, ago: ago, body: text(body + "\n\n-- \ngarden mailing list: https://lists.example.net/garden\n"),
			header: "List-Id: Allotment 12 <garden.lists.example.net>\nList-Post: <mailto:garden@lists.example.net>\n" +
				"List-Unsubscribe: <https://lists.example.net/garden/leave>, <mailto:garden-leave@lists.example.net>\n" +
				"List-Unsubscribe-Post: List-Unsubscribe=One-Click\nPrecedence: list\nSender: garden-bounces@lists.example.net\n",
		}
	}
	return in("ben", "Lists/Garden", seen,
		post("garden-1", "Ruth Adler <ruth@example.org>", "Water is back on", 20*day, nil, "The pipe at plot 7 is mended. Please open the taps slowly the first time."),
		post("garden-2", "Tomáš Novák <tomas@example.com>", "Slugs!", 9*day, nil, "What do you do about them? They ate all my lettuce in one night."),
		post("garden-3", "Ruth Adler <ruth@example.org>", "Re: Slugs!", 9*day-3*hour, []string{"garden-2"}, "Runner ducks. I am serious: the Hendersons lend out theirs."),
		post("garden-4", "Ingrid Østby <ingrid@example.no>", "Re: Slugs!", 8*day, []string{"garden-2", "garden-3"}, "> Runner ducks.\n\nThey ate my strawberries. Copper tape works."),
		post("garden-5", "Tomáš Novák <tomas@example.com>", "Re: Slugs!", 7*day, []string{"garden-2", "garden-3", "garden-4"}, "Copper tape it is. Thank you both."),
		post("garden-6", "Ruth Adler <ruth@example.org>", "Seed swap on Saturday", 30*hour, nil, "At ten, by the shed. Bring labels, please: last year's \"probably squash\" was a pumpkin of 40 kg."),
	)
}

// neighbours write short notes.
func neighbours() []letter {
	return slices.Concat(in("anna", "INBOX", seen,
		letter{from: "Mrs Ferreira <ferreira@example.org>", to: anna, subject: "Your parcel", ago: 2 * day,
			body: text("Dear Anna,\n\nthe postman left a parcel for you with me. It is quite heavy. I am at home\nuntil six.\n\nMaria Ferreira (2nd floor)\n")},
		letter{from: "Nils <nils@example.com>", to: anna + ", " + ben, subject: "", ago: 26 * hour,
			body: text("Has anybody seen my blue ladder?\n\nSent from my phone\n")},
	), in("ben", "INBOX", unread,
		letter{from: "Nils <nils@example.com>", to: "Everybody in the house: anna@HERE, ben@HERE, ferreira@example.org;", subject: "The stairs, this week", ago: 5 * hour,
			body: text("It is your turn.\n")},
	))
}
