package admin

import (
	"net/http"

	"letterbox/certificate"
)

// certificates shows what others see of each name.
func (v *visit) certificates() error {
	var list []certificate.Status
	if v.Certificates != nil {
		list = v.Certificates.Status()
	}
	return v.show(http.StatusOK, certificatesPage(v.page("domains", v.Say("certificates.title")), list))
}

// retryCertificates asks the authority again, for somebody who mended something.
func (v *visit) retryCertificates() error {
	if v.Certificates != nil {
		v.Certificates.Retry()
	}
	return v.done("/certificates", "certificates.retried")
}

// from is who issued a certificate, in words.
func issuerOf(p *page, s certificate.Status) string {
	if s.Kind == "issued" {
		return s.Issuer
	}
	return p.Say("certificates.from." + s.Kind)
}
