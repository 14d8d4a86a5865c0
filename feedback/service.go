package feedback

import "strings"

// A Service sends mail for others.
type Service struct {
	Name    string
	Include string // what its customers put into their SPF record; "" where that is not known, or does not help
	domains []string
}

// services are those that people know by name. Everybody else is called by the
// domain of their machines.
var services = []Service{
	{"Google Workspace", "_spf.google.com", []string{"google.com", "googlemail.com", "1e100.net", "gappssmtp.com"}},
	{"Microsoft 365", "spf.protection.outlook.com", []string{"outlook.com", "onmicrosoft.com"}},
	{"Amazon SES", "amazonses.com", []string{"amazonses.com"}},
	{"Brevo", "", []string{"sendinblue.com", "brevo.com", "mailin.fr", "brevosend.com"}},
	{"CleverReach", "", []string{"cleverreach.com", "crsend.com"}},
	{"Constant Contact", "", []string{"constantcontact.com", "ctctcdn.com", "confirmedcc.com"}},
	{"HubSpot", "", []string{"hubspotemail.net", "hubspot.com", "hubspotstarter.net"}},
	{"Klaviyo", "", []string{"klaviyomail.com", "klaviyo.com"}},
	{"Mailchimp", "", []string{"mcsv.net", "mcdlv.net", "rsgsv.net", "mandrillapp.com", "mailchimpapp.net", "mailchimp.com"}},
	{"Mailgun", "mailgun.org", []string{"mailgun.org", "mailgun.net", "mailgun.com"}},
	{"Mailjet", "spf.mailjet.com", []string{"mailjet.com"}},
	{"Postmark", "", []string{"mtasv.net", "postmarkapp.com"}},
	{"rapidmail", "", []string{"rapidmail.com", "emailsys.net", "emailsys1a.net"}},
	{"Salesforce", "", []string{"exacttarget.com", "salesforce.com"}},
	{"SendGrid", "sendgrid.net", []string{"sendgrid.net", "sendgrid.info"}},
	{"Shopify", "", []string{"shopifyemail.com", "shopify.com"}},
	{"SparkPost", "", []string{"sparkpostmail.com", "sparkpost.com"}},
	{"Zoho", "zoho.com", []string{"zoho.com", "zohomail.com", "zoho.eu"}},
}

// serviceOf finds the one that a domain belongs to.
func serviceOf(domain string) (Service, bool) {
	for _, s := range services {
		for _, d := range s.domains {
			if domain == d || strings.HasSuffix(domain, "."+d) {
				return s, true
			}
		}
	}
	return Service{}, false
}
