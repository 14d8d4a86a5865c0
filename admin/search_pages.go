package admin

// A destination is a page that the search finds by its name.
type destination struct {
	path, name string
	who        rule
}

// destinations are the places, and the pages beneath them that are nobody's and
// nothing's in particular.
func (v *visit) destinations() []destination {
	var list []destination
	for _, pl := range places() {
		list = append(list, destination{pl.path, v.Say("place." + pl.key), pl.who})
	}
	return append(list, []destination{
		{"/health", v.Say("health.title"), see},
		{"/sessions", v.Say("sessions.title"), see},
		{"/performance", v.Say("performance.title"), see},
		{"/storage", v.Say("storage.title"), see},
		{"/encryption", v.Say("encryption.title"), see},
		{"/certificates", v.Say("certificates.title"), see},
		{"/trace", v.Say("traces.title"), see},
		{"/junk", v.Say("junk.title"), see},
		{"/people/teams", v.Say("teams.title"), seePeople},
		{"/people/new", v.Say("people.add.title"), changePeople},
		{"/people/teams/new", v.Say("teams.add.title"), changePeople},
		{"/logs", v.Say("logs.title"), see},
		{"/settings/audit", v.Say("audit.title"), see},
		{"/guide", v.Say("guide.title"), change},
		{"/me", v.Say("home.title"), signedIn},
		{"/me/mail", v.Say("track.title"), signedIn},
		{"/me/junk", v.Say("home.mail") + " · " + v.Say("junk.title"), signedIn},
		{"/me/storage", v.Say("filling.title"), signedIn},
		{"/me/storage", v.Say("folders.retention"), signedIn},
		{"/me/removed", v.Say("removed.title"), signedIn},
		{"/me/addresses", v.Say("disposable.title"), signedIn},
		{"/me/forwarding", v.Say("forwarding.title"), signedIn},
		{"/me/vacation", v.Say("vacation.title"), signedIn},
		{"/me/connect", v.Say("connect.title"), signedIn},
		{"/me/devices", v.Say("devices.title"), signedIn},
		{"/me/factors", v.Say("factors.title"), signedIn},
		{"/me/password", v.Say("password.title"), signedIn},
	}...)
}

// findPages looks through them, and through what there is of each domain.
func (v *visit) findPages(what string) (hits []hit, err error) {
	list := v.destinations()
	if see.admits(v.user) && what != "" {
		domains, err := v.Directory.Domains(v.context())
		if err != nil {
			return nil, err
		}
		for _, d := range domains {
			path := "/domains/" + d.Name
			list = append(list, destination{path, v.Say("place.domains") + " · " + d.Name, see},
				destination{path + "/addresses", v.Say("aliases.title", d.Name), see},
				destination{path + "/reports", v.Say("reports.title", d.Name), see})
		}
	}
	for _, d := range list {
		if d.who.admits(v.user) && containsFold(d.name, what) && len(hits) < mostPages {
			hits = append(hits, hit{d.path, d.name, v.Say("search.page")})
		}
	}
	return hits, nil
}

// mostPages bounds what is shown of pages: all of them, unless there are many domains.
const mostPages = 40
