package main

import "fmt"

// A row of the table.
type row struct {
	workload
	theirs             *sample // nil when Dovecot took no part
	ours               sample
	theirsCPU, oursCPU string
}

func (r row) String() string {
	theirs, better := "", ""
	if r.theirs != nil {
		theirs, better = fmt.Sprintf("%.4g", r.theirs.figure), fmt.Sprintf("%.2f", r.better())
	}
	return fmt.Sprintf("| %s | %s | %s | %.4g | %s | %s | %s | %s | %s | %s |", r.name, r.unit, theirs, r.ours.figure,
		better, r.aim(), r.verdict(), r.distance(), r.theirsCPU, r.oursCPU)
}

// better is how many times better than Dovecot it is.
func (r row) better() float64 {
	if r.higher {
		return r.ours.figure / r.theirs.figure
	}
	return r.theirs.figure / r.ours.figure
}

// aim is what is to be reached.
func (r row) aim() string {
	switch {
	case r.atMost == 0 && r.goal == 0:
		return ""
	case r.atMost > 0:
		return fmt.Sprintf("at most %.4g", r.atMost)
	case r.goal < 1:
		return fmt.Sprintf("%.2g times", r.goal)
	}
	return fmt.Sprintf("%g times", r.goal)
}

func (r row) verdict() string {
	reached := r.ours.figure <= r.atMost
	if r.atMost == 0 {
		if r.theirs == nil {
			return ""
		}
		reached = r.better() >= r.goal
	}
	if reached {
		return "yes"
	}
	return "**no**"
}

// distance is how many times longer it takes than the machine needs at least.
func (r row) distance() string {
	switch {
	case r.ours.best == 0:
		return ""
	case r.higher:
		return fmt.Sprintf("%.1f times", r.ours.best/r.ours.figure)
	}
	return fmt.Sprintf("%.1f times", r.ours.figure/r.ours.best)
}
