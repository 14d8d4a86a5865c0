package queue

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

// Kinds of refusals that the program itself acts upon.
const kindBlocked = "blocked" // our address, whoever writes from it

// An Explanation says in plain words what a reply means.
type Explanation struct {
	Kind string `toml:"kind"`
	Text string `toml:"text"` // what it means
	Do   string `toml:"do"`   // what to do about it
	Link string `toml:"link"` // where to ask, "" for nowhere
}

// A replyRule explains the replies that it fits. The first one that fits counts.
type replyRule struct {
	Explanation
	Provider string `toml:"provider"` // for people who edit the list
	Match    string `toml:"match"`    // regular expression on the reply in one line, whatever the case
	pattern  *regexp.Regexp
}

//go:embed replies.toml
var repliesFile []byte

// replyRules are those of replies.toml. The file is part of the program: one that
// cannot be read is found by the tests.
var replyRules = sync.OnceValues(func() ([]replyRule, error) {
	var file struct {
		Rule []replyRule `toml:"rule"`
	}
	if err := toml.Unmarshal(repliesFile, &file); err != nil {
		return nil, fmt.Errorf("replies.toml: %w", err)
	}
	for i := range file.Rule {
		var err error
		if file.Rule[i].pattern, err = regexp.Compile("(?i)" + file.Rule[i].Match); err != nil {
			return nil, fmt.Errorf("replies.toml: %w", err)
		}
	}
	return file.Rule, nil
})

// explain says what a reply means: what the list knows of it, else what its code
// means in general.
func explain(r Reply) Explanation {
	rules, err := replyRules()
	if err != nil {
		rules = nil
	}
	line := r.String()
	for _, rule := range rules {
		if rule.pattern.MatchString(line) {
			return rule.Explanation
		}
	}
	return general(r)
}

// general explains enhanced codes (RFC 3463).
func general(r Reply) Explanation {
	status := r.Status()
	_, detail, _ := strings.Cut(status, ".")
	switch detail {
	case "1.0", "1.1", "1.6":
		return Explanation{"no-user", "There is no such address there.", "Check how it is spelled, or ask for the new one by another way.", ""}
	case "1.2", "1.10", "4.4":
		return Explanation{"no-domain", "That domain takes no mail.", "Check how it is spelled.", ""}
	case "2.1":
		return Explanation{"disabled", "That mailbox is switched off.", "Reach the recipient by another way.", ""}
	case "2.2":
		return Explanation{"full", "The recipient's mailbox is full.", "Tell them by another way, and send it again later.", ""}
	case "2.3", "3.4":
		return Explanation{"size", "The message is too large for them.", "Make it smaller, or send a link in place of the attachment.", ""}
	case "4.1", "4.2":
		return Explanation{"unreachable", "Their server could not be reached.", "Nothing; check the address if it goes on.", ""}
	case "4.3":
		return Explanation{"dns", "The name servers gave no answer about that domain.", "Nothing; if it is so for every domain, the administrator should look at this machine's name server.", ""}
	case "7.1":
		return Explanation{"policy", "Their server refuses this message by a rule of its own.", "Ask the recipient by another way to have their administrator look at it.", ""}
	}
	switch status[0] {
	case '4':
		return Explanation{"later", "Their server could not take it at the moment.", "Nothing.", ""}
	case '5':
		return Explanation{"refused", "Their server refuses it for good.", "Read what it said, below; the recipient's administrator knows more.", ""}
	}
	return Explanation{"sent", "It was handed over.", "Nothing.", ""}
}
