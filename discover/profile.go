package discover

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/smallstep/pkcs7"
)

// A Person is whose mail account a profile sets up.
type Person struct {
	Address string
	Name    string // as others see it; may be empty

	// Password goes into the profile. It is for an app password that was made for
	// this very profile; without one the device asks for it.
	Password string
}

// Profile is what an iPhone, iPad or Mac installs to set up a mail account: a
// configuration profile (.mobileconfig), signed so that the device can show who
// made it. One that is made again for the same address takes the place of the
// first.
func (s *Settings) Profile(p Person) ([]byte, error) {
	imap, submit := s.imap(), s.submit()
	if len(imap) == 0 || len(submit) == 0 {
		return nil, errors.New("make a profile: IMAP and submission must both be served")
	}
	content := plist(s.profile(p, imap[0], submit[0]))
	signed, err := sign(content, s.Certificate())
	if err != nil {
		return nil, fmt.Errorf("sign a profile: %w", err)
	}
	return signed, nil
}

// profile is the content of a configuration profile with one payload
// (com.apple.mail.managed, Apple's Device Management reference).
func (s *Settings) profile(p Person, imap, submit service) dict {
	address := strings.ToLower(p.Address)
	mail := dict{
		{"PayloadType", "com.apple.mail.managed"},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", s.payload(address) + ".mail"},
		{"PayloadUUID", uuid(s.Hostname, address, "mail")},
		{"PayloadDisplayName", address},
		{"EmailAccountType", "EmailTypeIMAP"},
		{"EmailAccountDescription", address},
		{"EmailAccountName", p.Name},
		{"EmailAddress", p.Address},
		{"IncomingMailServerAuthentication", "EmailAuthPassword"},
		{"IncomingMailServerHostName", s.Hostname},
		{"IncomingMailServerPortNumber", imap.port},
		{"IncomingMailServerUseSSL", true}, // by STARTTLS where the port is for that
		{"IncomingMailServerUsername", p.Address},
		{"OutgoingMailServerAuthentication", "EmailAuthPassword"},
		{"OutgoingMailServerHostName", s.Hostname},
		{"OutgoingMailServerPortNumber", submit.port},
		{"OutgoingMailServerUseSSL", true},
		{"OutgoingMailServerUsername", p.Address},
		{"OutgoingPasswordSameAsIncomingPassword", true},
	}
	if p.Password != "" {
		mail = append(mail, entry{"IncomingPassword", p.Password})
	}
	return dict{
		{"PayloadType", "Configuration"},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", s.payload(address)},
		{"PayloadUUID", uuid(s.Hostname, address, "profile")},
		{"PayloadDisplayName", "Mail for " + address},
		{"PayloadDescription", "Sets up reading and sending mail as " + address + "."},
		{"PayloadOrganization", s.Hostname},
		{"PayloadRemovalDisallowed", false},
		{"PayloadContent", []dict{mail}},
	}
}

// payload names what is for an address, as devices tell profiles apart.
func (s *Settings) payload(address string) string {
	return "letterbox." + s.Hostname + "." + strings.ReplaceAll(address, "@", ".at.")
}

// uuid is the same for the same words, always: made from their hash, as version 8
// of RFC 9562 section 5.8 leaves to the maker.
func uuid(words ...string) string {
	u := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]))
}

// sign wraps content as CMS signed data (RFC 5652), with the chain that leads to
// who is trusted.
func sign(content []byte, by *tls.Certificate) ([]byte, error) {
	chain := make([]*x509.Certificate, 0, len(by.Certificate))
	for _, raw := range by.Certificate {
		link, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, err
		}
		chain = append(chain, link)
	}
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSignerChain(chain[0], by.PrivateKey, chain[1:], pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	return data.Finish()
}

// mobileconfig answers who opens /apple.mobileconfig?emailaddress=ADDRESS on an
// Apple device, with a profile that has no password in it.
func (s *Settings) mobileconfig(w http.ResponseWriter, r *http.Request) {
	address := r.URL.Query().Get("emailaddress")
	if !strings.Contains(address, "@") || len(address) > maxAddress || s.domainOf(r, address) == "" {
		http.NotFound(w, r)
		return
	}
	profile, err := s.Profile(Person{Address: address})
	if err != nil {
		s.Log.Error("no profile was made", "error", err)
		http.Error(w, "no profile can be made; the log says why", http.StatusInternalServerError)
		return
	}
	WriteProfile(w, profile)
}

// maxAddress is the longest an address can be (RFC 5321 section 4.5.3.1).
const maxAddress = 320

// WriteProfile answers with a profile in the way that makes a device offer to
// install it. Nothing between may keep it: a password may be inside.
func WriteProfile(w http.ResponseWriter, profile []byte) {
	w.Header().Set("Content-Type", "application/x-apple-aspen-config")
	w.Header().Set("Content-Disposition", `attachment; filename="mail.mobileconfig"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(profile)
}
