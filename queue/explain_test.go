package queue

import "testing"

// TestReplies reads replies as servers give them.
func TestReplies(t *testing.T) {
	t.Parallel()
	rules, err := replyRules()
	if err != nil || len(rules) < 40 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	for i, r := range rules {
		if r.Kind == "" || r.Text == "" || r.Do == "" || r.Provider == "" {
			t.Errorf("rule %d (%s) is not complete", i+1, r.Match)
		}
		if r.pattern.MatchString("250 2.0.0 OK queued as 12345") {
			t.Errorf("rule %d (%s) takes a good reply for a refusal", i+1, r.Match)
		}
	}
	for reply, want := range map[string]string{
		"550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.":                           "unauthenticated",
		"550 5.7.26 Unauthenticated email from home.example is not accepted due to domain's DMARC policy.":                                                                           "unauthenticated",
		"550 5.7.25 The IP address sending this message does not have a PTR record setup":                                                                                            "ptr",
		"550 5.7.1 [203.0.113.7 12] Our system has detected that this message is likely unsolicited mail.":                                                                           "blocked",
		"550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation of the sending IP address.":                                         "blocked",
		"421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.":                                                                   "rate",
		"550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address":                                               "no-user",
		"452 4.2.2 The email account that you tried to reach is over quota.":                                                                                                         "full",
		"552 5.2.2 The recipient's inbox is out of storage space.":                                                                                                                   "full",
		"550 5.7.1 Unfortunately, messages from [203.0.113.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).": "blocked",
		"550 5.7.606 Access denied, banned sending IP [203.0.113.7]":                                                                                                                 "blocked",
		"550 5.7.511 Access denied, banned sender[203.0.113.7].":                                                                                                                     "blocked",
		"451 4.7.650 The mail server [203.0.113.7] has been temporarily rate limited due to IP reputation.":                                                                          "rate",
		"550 5.4.1 Recipient address rejected: Access denied.":                                                                                                                       "no-user",
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient bob not found by SMTP address lookup":                                                                                  "no-user",
		"550 5.7.515 Access denied, sending domain home.example does not meet the required authentication level.":                                                                    "unauthenticated",
		"553 5.7.1 [BL21] Connections will not be accepted from 203.0.113.7, because the ip is in Spamhaus's list":                                                                   "blocked",
		"421 4.7.0 [TSS04] Messages from 203.0.113.7 temporarily deferred due to unexpected volume or user complaints":                                                               "rate",
		"554 delivery error: dd This user doesn't have a yahoo.com account (bob@yahoo.com) [0]":                                                                                      "no-user",
		"550 5.7.1 [CS01] Message rejected due to local policy.":                                                                                                                     "blocked",
		"554 5.7.1 [HM08] Message rejected due to local policy.":                                                                                                                     "blocked",
		"554 IP=203.0.113.7 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)":                                                      "blocked",
		"550 Requested action not taken: mailbox unavailable":                                                                                                                        "no-user",
		"554 Reject due to policy restrictions. For explanation visit https://postmaster.gmx.net/en/error-messages?ip=203.0.113.7":                                                   "blocked",
		"550 5.7.1 Service refused, please try later. OFR004_104 [104]":                                                                                                              "blocked",
		"553 5.3.0 flpd575 DNSBL:RBL 521< 203.0.113.7 >_is_blocked.For assistance forward this error to abuse_rbl@abuse-att.net":                                                     "blocked",
		"554 Blocked - see https://ipcheck.proofpoint.com/?ip=203.0.113.7":                                                                                                           "blocked",
		"554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/203.0.113.7":                                     "blocked",
		"554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using bl.spamcop.net":                                                                                      "blocked",
		"550 5.7.1 Mail from 203.0.113.7 refused by blackhole site, listed in b.barracudacentral.org":                                                                                "blocked",
		"550 Your IP address has been blacklisted":                                                                                                                                   "blocked",
		"450 4.2.0 <bob@far.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/":                                                                    "greylisted",
		"451 4.7.1 Greylisting in action, please come back later":                                                                                                                    "greylisted",
		"451 4.7.1 Please try again later":                                                               "greylisted",
		"421 4.7.0 Too many connections from your IP":                                                    "rate",
		"554 5.7.1 <bob@far.example>: Relay access denied":                                               "relay-auth",
		"550 5.1.1 <bob@far.example>: Recipient address rejected: User unknown in virtual mailbox table": "no-user",
		"550 No such user here":                                                                          "no-user",
		"550 5.2.1 The email account that you tried to reach is disabled.":                               "disabled",
		"552 5.3.4 Message size exceeds fixed limit":                                                     "size",
		"552 5.2.2 Mailbox full":                                                                         "full",
		"554 5.7.1 Message contains a virus":                                                             "virus",
		"554 5.7.1 The message was rejected by spam filters":                                             "spam",
		"552 5.7.0 This message was blocked because its content presents a potential security issue: executable attachment": "attachment",
		"550 5.7.23 SPF validation failed":                                            "unauthenticated",
		"550 5.1.8 Sender address rejected: Domain not found":                         "sender",
		"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname": "helo",
		"530 5.7.0 Must issue a STARTTLS command first":                               "tls",
		"554 5.4.6 Too many hops":                                                     "loop",
		"4.4.2 mx.far.example: connect: dial 192.0.2.1:25: connection refused":        "unreachable",
		"5.1.10 far.example takes no mail at all: its DNS says so":                    "no-domain",
		"550 5.9.9 Computer says no":                                                  "refused",
		"450 Not now":                                                                 "later",
		"550 5.7.1 Not welcome":                                                       "policy",
	} {
		if got := explain(parseReply(reply)); got.Kind != want {
			t.Errorf("%s\n\tis taken for %q (%s), want %q", reply, got.Kind, got.Text, want)
		}
	}
}
