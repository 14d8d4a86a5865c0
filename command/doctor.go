package command

import (
	"context"
	"fmt"
	"io"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/doctor"
	"letterbox/phrase"
)

type doctorCmd struct {
	All bool `help:"Also say what is fine."`
	listFlags
}

// A findingRecord is a result in JSON.
type findingRecord struct {
	ID      string   `json:"id"`
	State   string   `json:"state"` // ok, unknown, amber, red
	Title   string   `json:"title"`
	Means   string   `json:"means,omitempty"`
	Saw     string   `json:"saw"`
	Do      string   `json:"do,omitempty"`
	Again   string   `json:"again,omitempty"`
	Publish []string `json:"publish,omitempty"`
}

func (c *doctorCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	results, err := d.Checkup(ctx)
	if err != nil {
		return err
	}
	english := phrase.In("en")
	if c.JSON {
		records := []findingRecord{}
		for _, r := range results {
			records = append(records, findingRecord{
				ID: r.ID(), State: string(r.State), Title: r.Title.In(english), Means: r.Means.In(english),
				Saw: r.Saw.In(english), Do: r.Do.In(english), Again: r.Again.In(english), Publish: r.Publish,
			})
		}
		err = c.print(stdio.Out, records, nil)
	} else {
		c.tell(stdio.Out, results, english)
	}
	if err == nil && doctor.Worst(results) == doctor.Red {
		return statusError(statusFailed)
	}
	return err
}

// tell writes what is worst first, then what somebody should look at, then what
// cannot be known.
func (c *doctorCmd) tell(w io.Writer, results []doctor.Result, in *phrase.Language) {
	count := map[doctor.State]int{}
	for _, r := range results {
		count[r.State]++
	}
	for _, state := range []doctor.State{doctor.Red, doctor.Amber, doctor.Unknown} {
		for _, r := range results {
			if r.State == state {
				tellFinding(w, r, in)
			}
		}
	}
	if c.All {
		for _, r := range results {
			if r.State == doctor.OK {
				fmt.Fprintf(w, "[ ok ]    %s: %s\n", r.Title.In(in), r.Saw.In(in))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, verdict(count))
}

func mark(s doctor.State) string {
	switch s {
	case doctor.Red:
		return "[ red ]"
	case doctor.Amber:
		return "[amber]"
	}
	return "[  ?  ]"
}

func tellFinding(w io.Writer, r doctor.Result, in *phrase.Language) {
	fmt.Fprintf(w, "%s   %s\n", mark(r.State), r.Title.In(in))
	fmt.Fprintf(w, "  seen:     %s\n  means:    %s\n  do:       %s\n", r.Saw.In(in), r.Means.In(in), r.Do.In(in))
	for _, line := range r.Publish {
		fmt.Fprintf(w, "            %s\n", line)
	}
	fmt.Fprintln(w)
}

// verdict is the last line, in which a hasty reader finds all.
func verdict(count map[doctor.State]int) string {
	switch {
	case count[doctor.Red] > 0:
		return fmt.Sprintf("%s to mend, %d to look at; %d cannot be known from here, %d fine.",
			plural(count[doctor.Red], "thing"), count[doctor.Amber], count[doctor.Unknown], count[doctor.OK])
	case count[doctor.Amber] > 0:
		return fmt.Sprintf("Mail works. %s to look at; %d cannot be known from here, %d fine.",
			plural(count[doctor.Amber], "thing"), count[doctor.Unknown], count[doctor.OK])
	}
	return fmt.Sprintf("Everything that can be seen from here works (%s).", plural(count[doctor.OK], "check"))
}
