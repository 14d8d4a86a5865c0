package directory

import "strings"

// reportsLocal is whom reports of other servers about a domain are for: nobody, they
// are read by the program. The name is one that no person would choose.
const reportsLocal = "letterbox-reports"

// ReportsAddress is where reports about a domain come, and from where they leave.
func ReportsAddress(domain string) string { return reportsLocal + "@" + domain }

// TakesReports tells that address, in any domain.
func TakesReports(a Address) bool { return strings.EqualFold(a.Local, reportsLocal) }
