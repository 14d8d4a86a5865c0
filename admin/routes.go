package admin

// A route leads to a page or an act. All fields are given, in a literal without
// names: a route without a rule does not compile.
type route struct {
	pattern string // method and path, as http.ServeMux takes them
	who     rule
	need    need // a dangerous POST has a GET of the same path, to come back to
	serve   func(*visit) error
}

// routes is the whole site. Every page is here, and who may see it; the tests
// play each with every role.
func routes() []route {
	return []route{
		{"GET /{$}", everybody, calm, (*visit).start},
		{"GET /signin", everybody, calm, (*visit).signInPage},
		{"POST /signin", everybody, calm, (*visit).signIn},
		{"POST /signout", everybody, calm, (*visit).signOut},
		{"POST /preferences", everybody, calm, (*visit).prefer},
		{"GET /proof", signedIn, calm, (*visit).proofPage},
		{"POST /proof", signedIn, calm, (*visit).prove},

		// Overview.
		{"GET /overview", see, calm, (*visit).overview},

		// For oneself.
		{"GET /me", signedIn, calm, (*visit).home},

		// People.
		{"GET /people", seePeople, calm, (*visit).people},
	}
}
