package admin

import "letterbox/directory"

// A rule says who may use a route: a set of roles.
type rule uint8

const (
	stranger rule = 1 << iota // who is not signed in
	user
	helper
	auditor
	admin
)

// The rules there are. Their order is from the most to the fewest.
const (
	everybody    = stranger | signedIn
	signedIn     = user | helper | auditor | admin
	seePeople    = helper | auditor | admin
	changePeople = helper | admin
	see          = auditor | admin
	change       = admin
)

// roleOf is who somebody is; nil for a stranger. A role that is unknown, as from
// a later version, gives nothing beyond what every user has.
func roleOf(u *directory.User) rule {
	if u == nil {
		return stranger
	}
	switch u.Role {
	case "admin":
		return admin
	case "auditor":
		return auditor
	case "helper":
		return helper
	}
	return user
}

// admits reports whether the rule lets somebody in.
func (r rule) admits(u *directory.User) bool { return r&roleOf(u) != 0 }

// administrative reports whether the rule is about more than oneself.
func (r rule) administrative() bool { return r&(stranger|user) == 0 }

// A need says whether a route does with the session, or wants the password once
// more, if it was not shown within the last minutes.
type need bool

const (
	calm      need = false
	dangerous need = true
)
