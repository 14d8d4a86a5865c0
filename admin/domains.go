package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"letterbox/directory"
	"letterbox/doctor"
	"letterbox/records"
)

// domains lists those that mail is received for.
func (v *visit) domains() error {
	list, err := v.Directory.Domains(v.context())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, domainsPage(v.page("domains", v.Say("domains.title")), list, blank(nil)))
}

func (v *visit) addDomain() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	domain, err := v.newDomain(f)
	if err != nil {
		return err
	}
	if f.Good() {
		return v.done(domainPath(domain.Name), "domains.added", domain.Name)
	}
	list, err := v.Directory.Domains(v.context())
	if err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, domainsPage(v.page("domains", v.Say("domains.title")), list, f))
}

// newDomain adds the domain of the form's field, or rejects it.
func (v *visit) newDomain(f *form) (*directory.Domain, error) {
	domain, err := v.Directory.AddDomain(v.context(), f.Text("domain"))
	switch {
	case errors.Is(err, directory.ErrExists):
		f.Reject("domain", v.Say("domains.exists"))
		return nil, nil
	case errors.Is(err, directory.ErrBadAddress):
		f.Reject("domain", v.Say("domains.bad"))
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := v.Directory.EnsureKeys(v.context(), domain.Name); err != nil {
		return nil, err
	}
	return domain, v.Machine.DomainsChanged(v.context())
}

func domainPath(name string) string { return "/domains/" + url.PathEscape(name) }

// A domainView is what is shown about a domain.
type domainView struct {
	Name    string
	Checkup doctor.Checkup
	Records []records.Record

	Zone     string // in which the domain is, in the DNS
	Provider records.Provider
	Seen     bool   // who the provider is was seen by the name servers
	Path     string // of the page
}

// domainView gathers it. Whose forms the records are written for is seen by the
// name servers, unless somebody asks for another's.
func (v *visit) domainView(name string, checkup doctor.Checkup, list []records.Record) (*domainView, error) {
	zone, servers, err := v.Machine.NameServers(v.context(), name)
	if err != nil {
		return nil, err
	}
	d := &domainView{Name: name, Checkup: checkup, Records: list, Zone: zone, Provider: records.ProviderOf(servers), Path: v.r.URL.Path}
	if zone == "" {
		d.Zone = name
	}
	d.Seen = d.Provider.Name != ""
	if at := v.r.URL.Query().Get("at"); at != "" {
		d.Seen = d.Seen && at == d.Provider.Key
		d.Provider = records.ProviderBy(at)
	}
	return d, nil
}

// zoneText is all records as a zone file has them.
func (d *domainView) zoneText() (string, error) {
	var b strings.Builder
	err := records.WriteZone(&b, d.Records)
	return strings.TrimSpace(b.String()), err
}

// domain shows the DNS of one, as it should be and as it is.
func (v *visit) domain() error {
	d, err := v.lookAtDomain(false)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, domainPage(v.page("domains", d.Name), d))
}

func (v *visit) lookAtDomain(fresh bool) (*domainView, error) {
	name := strings.ToLower(v.r.PathValue("domain"))
	list, err := v.Machine.Published(v.context(), name)
	if errors.Is(err, directory.ErrNotOurs) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	checkup, err := v.Machine.CheckDomain(v.context(), name, fresh)
	if err != nil {
		return nil, err
	}
	return v.domainView(name, checkup, list)
}

// examineDomain looks at the DNS again.
func (v *visit) examineDomain() error {
	d, err := v.lookAtDomain(true)
	if err != nil {
		return err
	}
	return v.done(domainPath(d.Name), "health.again")
}

// zoneFile is the records as name servers and some providers take them.
func (v *visit) zoneFile() error {
	list, err := v.Machine.Published(v.context(), strings.ToLower(v.r.PathValue("domain")))
	if errors.Is(err, directory.ErrNotOurs) {
		return missing
	}
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	return records.WriteZone(v.w, list)
}

// rotateKeys makes new keys, which sign once others had time to learn of them.
func (v *visit) rotateKeys() error {
	name := strings.ToLower(v.r.PathValue("domain"))
	switch err := v.Directory.RotateKeys(v.context(), name); {
	case errors.Is(err, directory.ErrNotOurs):
		return missing
	case err != nil:
		return err
	}
	if _, err := v.lookAtDomain(true); err != nil {
		return err
	}
	return v.done(domainPath(name), "domains.rotated")
}

// removeDomainPage asks before a domain goes.
func (v *visit) removeDomainPage() error { return v.askRemoveDomain(http.StatusOK, blank(nil)) }

func (v *visit) askRemoveDomain(status int, f *form) error {
	name := strings.ToLower(v.r.PathValue("domain"))
	list, err := v.Directory.Domains(v.context())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(d directory.Domain) bool { return d.Name == name }) {
		return missing
	}
	p := v.page("domains", v.Say("domains.remove.title", name))
	return v.show(status, removeDomainPage(p, confirmation{
		Path:  domainPath(name) + "/remove",
		Loss:  []string{v.Say("domains.remove.mail", name), v.Say("domains.remove.keys")},
		Word:  name,
		Error: f.errors["word"],
		Act:   v.Say("domains.remove.act"),
		Back:  domainPath(name),
	}))
}

func (v *visit) removeDomain() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	name := strings.ToLower(v.r.PathValue("domain"))
	if !f.confirms(v.Language, name) {
		return v.askRemoveDomain(http.StatusUnprocessableEntity, f)
	}
	switch err := v.Directory.RemoveDomain(v.context(), name); {
	case errors.Is(err, directory.ErrNotEmpty):
		f.Reject("word", v.Say("domains.remove.used"))
		return v.askRemoveDomain(http.StatusUnprocessableEntity, f)
	case errors.Is(err, directory.ErrNotOurs):
		return missing
	case err != nil:
		return err
	}
	if err := v.Machine.DomainsChanged(v.context()); err != nil {
		return err
	}
	return v.done("/domains", "domains.removed", name)
}

// recordState is how a record is, going by what the doctor wants published.
func (d *domainView) recordState(r records.Record) doctor.State {
	if r.Passing {
		return doctor.Unknown
	}
	for _, result := range d.Checkup.Results {
		if slices.Contains(result.Publish, r.String()) {
			return result.State
		}
	}
	for _, result := range d.Checkup.Results {
		if result.Finding == "silent" {
			return doctor.Unknown
		}
	}
	return doctor.OK
}
