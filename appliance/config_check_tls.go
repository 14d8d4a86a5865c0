package appliance

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
)

func (t TLS) check() error {
	errs := []error{t.checkAuthority(), t.checkUpdates()}
	if (t.Certificate == "") != (t.Key == "") {
		errs = append(errs, errors.New("tls.certificate, tls.key: one without the other; name both files, or neither"))
	}
	if t.DNSCommand != "" {
		if _, err := os.Stat(t.DNSCommand); err != nil {
			errs = append(errs, fmt.Errorf("tls.dns_command: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (t TLS) checkAuthority() error {
	if t.Authority != "" {
		if u, err := url.Parse(t.Authority); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("tls.authority: %q is no address that begins with https://; the one of Let's Encrypt is the default", t.Authority)
		}
	}
	if t.Contact != "" {
		if _, err := mail.ParseAddress(t.Contact); err != nil {
			return fmt.Errorf("tls.contact: %q is no e-mail address", t.Contact)
		}
	}
	return nil
}

// checkUpdates is about dynamic updates of the DNS.
func (t TLS) checkUpdates() error {
	if t.DNSServer == "" {
		return nil
	}
	if t.DNSCommand != "" {
		return errors.New("tls.dns_server, tls.dns_command: two ways to publish; choose one")
	}
	if host, port, err := net.SplitHostPort(t.DNSServer); err != nil || host == "" || port == "" {
		return fmt.Errorf("tls.dns_server: %q is not HOST:PORT; write for example ns1.example.org:53", t.DNSServer)
	}
	if t.DNSZone == "" || t.DNSKeyName == "" || t.DNSKeyFile == "" {
		return errors.New("tls.dns_server: updates need tls.dns_zone, tls.dns_key_name and tls.dns_key_file, too")
	}
	return checkSecret("tls.dns_key_file", t.DNSKeyFile)
}
