package quota

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Thresholds are the parts of a limit, in percent and ascending, that are worth
// a word when an account grows beyond them.
type Thresholds []int

// UnmarshalText reads percentages with commas between; an empty text means that
// there are none.
func (t *Thresholds) UnmarshalText(text []byte) error {
	var all Thresholds
	for part := range strings.SplitSeq(string(text), ",") {
		part = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(part), "%"))
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 100 {
			return fmt.Errorf("%q is no percentage from 1 to 100; write for example 80, 95", part)
		}
		all = append(all, n)
	}
	slices.Sort(all)
	*t = slices.Compact(all)
	return nil
}

// MarshalText is the reverse of UnmarshalText.
func (t Thresholds) MarshalText() ([]byte, error) {
	words := make([]string, len(t))
	for i, n := range t {
		words[i] = strconv.Itoa(n)
	}
	return []byte(strings.Join(words, ", ")), nil
}

// A Crossing says that a usage has reached a threshold that it was below.
type Crossing struct {
	Resource
	Percent int // the highest threshold that was reached
}

// Crossed reports the highest threshold that a usage reached on its way from
// before to now; of several resources the one that is fullest.
func (t Thresholds) Crossed(l Limit, before, now Usage) (c Crossing, crossed bool) {
	was := l.Resources(before)
	for i, r := range l.Resources(now) {
		for _, percent := range t {
			if r.Limit > 0 && was[i].reaches(percent) < r.reaches(percent) && percent > c.Percent {
				c, crossed = Crossing{r, percent}, true
			}
		}
	}
	return c, crossed
}

// reaches is 1 if the use is at least that part of the limit, else 0. Limits may
// be so large that a hundred times their value is no number any more.
func (r Resource) reaches(percent int) int {
	if float64(r.Used) >= float64(r.Limit)*float64(percent)/100 {
		return 1
	}
	return 0
}

// Reached reports the highest threshold that a usage has reached; of several
// resources the one that is fullest.
func (t Thresholds) Reached(l Limit, now Usage) (Crossing, bool) { return t.Crossed(l, Usage{}, now) }

// slack is how many percent a usage must fall below a threshold before reaching
// it again is news: a mailbox that hovers there is worth one word.
const slack = 5

// Settle returns which threshold stays said, of one that was, after a usage has
// become less: the highest that it has not fallen well below.
func (t Thresholds) Settle(said int, l Limit, now Usage) int {
	for _, percent := range slices.Backward(t) {
		if percent <= said && slices.ContainsFunc(l.Resources(now), func(r Resource) bool {
			return r.Limit > 0 && r.reaches(max(percent-slack, 1)) > 0
		}) {
			return percent
		}
	}
	return 0
}
