package directory

// An Ending says which of a user's open sessions no longer stand on anything:
// what let them in counts no more.
type Ending struct {
	User        int64
	AppPassword int64 // those that this one opened; 0: those that the user's own password did
	All         bool  // whatever opened them
}

// Covers reports whether a session ends by it: the user's, opened with the app
// password, or with their own when that is 0.
func (e Ending) Covers(user, appPassword int64) bool {
	return user == e.User && (e.All || appPassword == e.AppPassword)
}

// OnEnding has fn called after each change that ends sessions. It must return
// at once. To be called before the directory is used.
func (d *Directory) OnEnding(fn func(Ending)) { d.endings = append(d.endings, fn) }

func (d *Directory) end(e Ending) {
	for _, fn := range d.endings {
		fn(e)
	}
}
