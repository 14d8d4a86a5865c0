"""Python's imaplib and smtplib against a Letterbox.

usage: roundtrip.py IMAPS_PORT SUBMISSIONS_PORT CERTIFICATE FROM TO PASSWORD FOLDER_OF_EML
"""
import glob, imaplib, smtplib, socket, ssl, sys

imaps, submissions, certificate, sender, to, password, folder = sys.argv[1:]
trust = ssl.create_default_context(cafile=certificate)
files = [open(name, "rb").read() for name in sorted(glob.glob(folder + "/*.eml"))]


def check(what, ok, detail=""):
    if not ok:
        sys.exit("%s: %r" % (what, detail))


def must(what, answer):
    check(what, answer[0] == "OK", answer)
    return answer[1]


def imap(user):
    client = imaplib.IMAP4_SSL("localhost", int(imaps), ssl_context=trust)
    # imaplib writes a literal and the line end behind it apart. The kernel would
    # hold the second back until the first is acknowledged, which the other side's
    # kernel delays by 40 ms: two minutes for this corpus, whatever the server.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    must("login", client.login(user, password))
    return client


# Every file goes in by APPEND and comes back byte for byte.
box = imap(to)
must("create", box.create("corpus"))
for raw in files:
    must("append", box.append("corpus", "(\\Seen)", imaplib.Time2Internaldate(1700000000), raw))
check("count", must("select", box.select("corpus")) == [b"%d" % len(files)], len(files))
for number, raw in enumerate(files, 1):
    got = must("fetch", box.fetch(str(number), "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])"))
    bodies = [part[1] for part in got if isinstance(part, tuple) and b"BODY[] {" in part[0]]
    check("message %d comes back" % number, bodies and bodies[-1] == raw, bodies[-1][:200] if bodies else got)

# Search, flags, copy, expunge.
check("search", must("search", box.search(None, "ALL"))[0].split()[-1] == b"%d" % len(files))
must("store", box.store("1:2", "+FLAGS", "(\\Flagged Important)"))
check("keyword", must("search", box.search(None, "KEYWORD", "important", "FLAGGED"))[0] == b"1 2")
must("create", box.create('"Ablage/2026 &- mehr"'))
must("copy", box.copy("1", '"Ablage/2026 &- mehr"'))
must("store", box.store("2", "+FLAGS", "(\\Deleted)"))
check("expunge", must("expunge", box.expunge()) == [b"2"])
check("status", b"MESSAGES 1" in must("status", box.status('"Ablage/2026 &- mehr"', "(MESSAGES UIDNEXT)"))[0])
must("close", box.close())

# What smtplib sends arrives.
smtp = smtplib.SMTP_SSL("localhost", int(submissions), context=trust)
smtp.login(sender, password)
letter = ("From: <%s>\r\nTo: <%s>\r\nSubject: by smtplib\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n"
          "Message-ID: <smtplib@letterbox.example>\r\n\r\n.dots\r\n..and more\r\n") % (sender, to)
smtp.sendmail(sender, [to], letter)
must("select", box.select("INBOX"))
found = must("search", box.search(None, "SUBJECT", '"by smtplib"'))[0].split()
check("arrived once", len(found) == 1, found)
text = must("fetch", box.fetch(found[0], "(BODY[])"))[0][1]
check("arrived whole", text.endswith(letter.encode()), text)
check("seen", b"\\Seen" in must("fetch", box.fetch(found[0], "(FLAGS)"))[0])

# Somebody else's address is refused, and so is a stranger.
try:
    smtp.sendmail("ben.not@letterbox.example", [to], letter)
    sys.exit("sent with a foreign sender")
except (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as refused:
    pass
smtp.quit()
box.logout()
try:
    imaplib.IMAP4_SSL("localhost", int(imaps), ssl_context=trust).login(to, "wrong " + password)
    sys.exit("signed in with a wrong password")
except imaplib.IMAP4.error:
    pass
print("%d messages came back byte for byte" % len(files))
