package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// family sends pictures, calendars and recordings that are rather large.
func family() []letter {
	const dinner = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Letterbox//demo//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:dinner-1@HERE\r\nDTSTAMP:20260601T080000Z\r\nDTSTART:20260705T170000Z\r\nDTEND:20260705T210000Z\r\nSUMMARY:Sunday dinner\r\nLOCATION:At home\r\nORGANIZER;CN=Dad:mailto:walter.berg@example.net\r\nATTENDEE;RSVP=TRUE:mailto:anna@HERE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	calendar := part{kind: "text/calendar; charset=utf-8; method=REQUEST", encoding: "quoted-printable", data: []byte(dinner)}
	return slices.Concat(choir(), in("anna", "Family", starred,
		letter{from: dad, to: anna, subject: "Photos of the walk 🏔️", ago: 40 * day, body: mixed(
			text("Dear Anna,\n\nthree pictures of yesterday. The second one is above the clouds.\n\nMum says you should call.\n\nDad\n"),
			attachment("IMG_0412.jpg", "image/jpeg", landscape(1200, 800, 0.1)),
			attachment("IMG_0413.jpg", "image/jpeg", landscape(1200, 800, 0.6)),
			attachment("On the way back – almost dark.jpg", "image/jpeg", landscape(1200, 800, 1.0)))},
	), in("anna", "INBOX", unread,
		letter{from: dad, to: anna, subject: "Sunday dinner", ago: 7 * hour, body: alternative(
			text("Sunday, 5 July, at seven?\n"), calendar)},
		letter{from: "Zoë Berg <zoe@example.com>", to: anna, subject: "Fwd: The recipe", ago: 50 * hour, body: mixed(
			text("From Grandma, finally in writing!\n\nZoë\n"), recipe())},
	))
}

// choir sends a recording after each rehearsal, so that the mailbox grows as
// mailboxes do.
func choir() []letter {
	var all []letter
	for week := range 8 {
		all = append(all, letter{
			from: dad, to: anna, subject: fmt.Sprintf("Choir, rehearsal %d", week+1), ago: time.Duration(54-7*week) * day,
			body: mixed(text("From the gallery again. The bass on the left is me.\n"),
				attachment(fmt.Sprintf("choir-%d.wav", week+1), "audio/wav", tune(12))),
		})
	}
	return in("anna", "Family", seen, all...)
}

// recipe is a message in a message.
func recipe() part {
	inner := letter{from: "Hedwig Berg <hedwig@example.net>", to: "Zoë Berg <zoe@example.com>",
		subject: "Rhabarberkuchen", id: "recipe", ago: 52 * hour, body: part{
			kind: "text/plain; charset=iso-8859-1", encoding: "quoted-printable",
			data: []byte("Liebe Zo\xeb,\n\n750 g Rhabarber, 200 g Zucker, 3 Eier, 1 Prise Salz.\nBei 180 \xb0C f\xfcr 50 Minuten in den Ofen.\n\nViele Gr\xfc\xdfe\nOma\n"),
		}}
	return part{kind: "message/rfc822", encoding: "8bit", data: inner.raw("example.net", time.Unix(0, 0).AddDate(56, 5, 1))}
}

// work is about money and documents.
func work() []letter {
	invoice := pdf("Invoice 2026-0117", "", "Bookshelf, oak, 2.40 m          1    640.00", "Delivery                        1     35.00", "", "Total                                675.00", "", "Payable within 14 days. Thank you!")
	contact := "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Joanna Kowalska\r\nORG:Kowalska & Daughters\r\nEMAIL:office@kowalska.example\r\nTEL;VALUE=uri:tel:+48-22-555-0100\r\nEND:VCARD\r\n"
	return slices.Concat(in("ben", "INBOX", starred,
		letter{from: "Kowalska & Daughters <office@kowalska.example>", to: ben, subject: "Invoice 2026-0117", ago: 4 * day, body: mixed(
			alternative(text("Dear Mr Okafor,\n\nplease find attached the invoice for your bookshelf.\n\nJoanna Kowalska\n"),
				html("<p>Dear Mr Okafor,</p><p>please find attached the <b>invoice</b> for your bookshelf.</p><p>Joanna Kowalska</p>")),
			attachment("invoice-2026-0117.pdf", "application/pdf", invoice),
			attachment("Joanna Kowalska.vcf", "text/vcard", []byte(contact)))},
	), in("ben", "INBOX", answered,
		letter{from: "Priya Raman <priya@example.com>", to: ben, subject: "Re: Re: AW: Minutes of the meeting", id: "minutes-2", answers: []string{"minutes-1"}, ago: 12 * day,
			body: text("Agreed, except for point 3: the roof can wait, the gutter cannot.\n\n> 1. The bicycles go to the cellar.\n>> 2. The cellar is full of bicycles.\n> 3. The roof is mended before the gutter.\n")},
	))
}

// shops write HTML.
func shops() []letter {
	offer := `<html><body style="font-family:sans-serif;max-width:600px;margin:auto">
<p><img src="cid:logo.png@HERE" width="64" height="64" alt="Slot & Flap"></p>
<h1 style="color:#b8282d">Letterboxes for every door</h1>
<p>This week all of our <a href="https://shop.example/brass">brass flaps</a> come with free screws.</p>
<table width="100%"><tr><td>Small</td><td align="right">12.00</td></tr><tr><td>Large</td><td align="right">19.00</td></tr></table>
<p style="color:#777;font-size:12px">You get this because you once bought a doorbell. <a href="https://shop.example/leave">Leave</a></p>
</body></html>
`
	return slices.Concat(in("anna", "INBOX", unread,
		letter{from: "Slot & Flap <news@shop.example>", to: anna, subject: "This week: brass, and free screws", ago: 11 * hour,
			header: "List-Unsubscribe: <https://shop.example/leave>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\nPrecedence: bulk\n",
			body: alternative(text("All of our brass flaps come with free screws this week.\nhttps://shop.example/brass\n"),
				related(html(offer), shown("logo.png", "image/png", logo())))},
	), in("anna", "INBOX", seen,
		letter{from: "Railway <tickets@railway.example>", to: anna, subject: "Your ticket: Hamburg – København, 14 July", ago: 15 * day,
			body: mixed(html("<p>Hamburg 09:29 – København 14:01<br>Coach 7, seats 31 and 32</p><p>Have a good journey.</p>"),
				attachment("ticket.pdf", "application/pdf", pdf("Hamburg - Kobenhavn", "14 July, 09:29", "Coach 7, seats 31 and 32")))},
		letter{from: "Library <no-reply@library.example>", to: anna, subject: "Reminder: 2 books are due on Friday", ago: 60 * hour,
			header: "Auto-Submitted: auto-generated\n",
			body:   text("The Left Hand of Darkness\nA Field Guide to Lichens\n\nYou can extend them once more: https://library.example/account\n")},
	))
}

// abroad writes in many scripts and character sets.
func abroad() []letter {
	japanese := part{kind: "text/plain; charset=iso-2022-jp", encoding: "7bit",
		data: []byte("\x1b$B$3$s$K$A$O!#\x1b(B\n\x1b$BMh=5El5~$KCe$-$^$9!#\x1b(B\n")}
	return slices.Concat(in("anna", "INBOX", seen,
		letter{from: "山田 花子 <hanako@example.jp>", to: anna, subject: "来週の東京", ago: 17 * day, body: japanese},
		letter{from: "Мария Иванова <maria@example.com>", to: anna, subject: "Привет из Петербурга", ago: 22 * day,
			body: part{kind: "text/plain; charset=koi8-r", encoding: "base64", data: []byte("\xf0\xd2\xc9\xd7\xc5\xd4!\n")}},
		letter{from: "يوسف <yusuf@example.com>", to: anna, subject: "صور من الرحلة", ago: 27 * day,
			body: alternative(text("مرحبا آنا، هذه صور من الرحلة.\n"), html(`<p dir="rtl">مرحبا آنا، هذه <b>صور</b> من الرحلة.</p>`))},
	), in("ben", "INBOX", seen,
		letter{from: "Σοφία Παππά <sofia@example.gr>", to: ben, subject: "Καλοκαίρι στη Νάξο; 🌞", ago: 18 * day,
			body: text("Το σπίτι είναι ελεύθερο τον Αύγουστο. Έρχεστε;\n")},
		letter{from: "Chinedu Okafor <chinedu@example.com>", to: ben, subject: "Ẹ káàbọ̀!", ago: 45 * day,
			body: text("Welcome home, brother. Call when you have landed.\n")},
	))
}

// oddities are what the edges of the standards look like.
func oddities() []letter {
	bounce := part{kind: "multipart/report; report-type=delivery-status", parts: []part{
		text("This is the mail system at relay.example.net.\n\nYour message could not be delivered to nobody@example.net: no such mailbox.\n"),
		{kind: "message/delivery-status", encoding: "7bit", data: []byte("Reporting-MTA: dns; relay.example.net\n\nFinal-Recipient: rfc822; nobody@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such mailbox\n")},
		{kind: "text/rfc822-headers", encoding: "7bit", data: []byte("From: anna@HERE\nTo: nobody@example.net\nSubject: Hello?\n")},
	}}
	flowed := part{kind: "text/plain; charset=utf-8; format=flowed; delsp=no", encoding: "quoted-printable",
		data: []byte(strings.Repeat("A long letter is made of short lines that end in a space, so that \nevery window may break them where it likes. ", 40) + "\n\nYours, a patient writer\n")}
	var everybody []string
	for i := range 40 {
		everybody = append(everybody, fmt.Sprintf("Member %d <member%d@club.example>", i+1, i+1))
	}
	return slices.Concat(in("anna", "INBOX", seen,
		letter{from: "Mail Delivery System <MAILER-DAEMON@relay.example.net>", to: anna, subject: "Undelivered mail returned to sender", ago: 36 * day, header: "Auto-Submitted: auto-replied\n", body: bounce},
		letter{from: "Theodora <theodora@example.com>", to: anna, subject: "On the art of writing long letters, and on subjects that are so long that no list of messages will ever show them to the end, however wide the window", ago: 29 * day, body: flowed},
		letter{from: "Rowing Club <club@club.example>", to: strings.Join(append(everybody, anna), ", "), subject: "Boathouse keys", ago: 38 * day, body: text("Whoever has the spare key: please bring it back. There are 41 of us and one key.\n")},
	), in("ben", "INBOX", []imap.Flag{imap.FlagSeen, "$Forwarded", "Receipts"},
		letter{from: "Ben's scanner <scanner@HERE>", to: ben, subject: "Scan", ago: 70 * hour,
			body: attachment("scan.png", "image/png", logo())},
	))
}

// folders hold what is not in the inbox.
func folders() []letter {
	return slices.Concat(in("anna", "Drafts", []imap.Flag{imap.FlagSeen, imap.FlagDraft},
		letter{from: anna, to: "Theodora <theodora@example.com>", subject: "Re: On the art of writing long letters", ago: 28 * day, body: text("Dear Theodora,\n\nI\n")},
	), in("anna", "Archive/2025", seen,
		letter{from: "City Council <office@city.example>", to: anna, subject: "Registration of your bicycle", ago: 400 * day, body: text("It is registered under the number B 1177.\n")},
		letter{from: clara, to: anna, subject: "Happy new year!", ago: 330 * day, body: text("And a good slide into it, as they say here.\n\nClara\n")},
	), in("anna", "Küche & Garten", seen,
		letter{from: "Hedwig Berg <hedwig@example.net>", to: anna, subject: "Tomaten", ago: 90 * day, body: text("Nicht vor den Eisheiligen rauspflanzen!\n\nOma\n")},
	), in("anna", "Junk", unread,
		letter{from: "\"Prize Dept.\" <winner@lottery.example>", to: anna, subject: "YOU HAVE WON !!!", ago: 31 * hour, body: html("<h1>Congratulations</h1><p>Send us your bank details to collect 1,000,000.</p>")},
	), in("anna", "Trash", seen,
		letter{from: "Printer <printer@HERE>", to: anna, subject: "Toner is low", ago: 3 * day, body: text("Cyan: 4 %\n")},
	), in("ben", "Sent", seen,
		letter{from: ben, to: "Priya Raman <priya@example.com>", subject: "Re: AW: Minutes of the meeting", id: "minutes-1", ago: 12*day + 4*hour, body: text("1. The bicycles go to the cellar.\n2. The cellar is full of bicycles.\n3. The roof is mended before the gutter.\n")},
	))
}
