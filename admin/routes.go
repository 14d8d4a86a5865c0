package admin

import "letterbox/directory"

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
		{"GET /signin/code", everybody, calm, (*visit).codePage},
		{"POST /signin/code", everybody, calm, (*visit).signInByCode},
		{"POST /signin/passkey/begin", everybody, calm, (*visit).beginPasskey},
		{"POST /signin/passkey", everybody, calm, (*visit).signInByPasskey},
		{"GET " + directory.InvitationPath + "{token}", everybody, calm, (*visit).invitationPage},
		{"POST " + directory.InvitationPath + "{token}", everybody, calm, (*visit).acceptInvitation},
		{"GET " + forwardPath + "{token}", everybody, calm, (*visit).answerForwardPage},
		{"POST " + forwardPath + "{token}", everybody, calm, (*visit).answerForward},
		{"GET /.well-known/change-password", everybody, calm, (*visit).toPassword},
		{"GET /proof", signedIn, calm, (*visit).proofPage},
		{"POST /proof", signedIn, calm, (*visit).prove},

		// Overview.
		{"GET /overview", see, calm, (*visit).overview},
		{"GET /overview/live", see, calm, (*visit).live},
		{"POST /findings/dismiss", change, calm, (*visit).dismiss},
		{"POST /findings/recall", change, calm, (*visit).recall},
		{"GET /sessions", see, calm, (*visit).sessions},
		{"POST /sessions/kick", change, calm, (*visit).kick},
		{"GET /performance", see, calm, (*visit).performance},
		{"GET /storage", see, calm, (*visit).storage},
		{"GET /encryption", see, calm, (*visit).encryption},

		// For oneself.
		{"GET /me", signedIn, calm, (*visit).home},
		{"GET /me/password", signedIn, calm, (*visit).passwordPage},
		{"POST /me/password", signedIn, calm, (*visit).changePassword},
		{"GET /me/devices", signedIn, calm, (*visit).devices},
		{"POST /me/devices", signedIn, dangerous, (*visit).addDevice},
		{"POST /me/devices/revoke", signedIn, calm, (*visit).revokeDevice},
		{"GET /me/factors", signedIn, calm, (*visit).factors},
		{"GET /me/factors/app", signedIn, dangerous, (*visit).codesApp},
		{"POST /me/factors/app", signedIn, dangerous, (*visit).confirmCodesApp},
		{"GET /me/factors/codes", signedIn, dangerous, (*visit).recoveryPage},
		{"POST /me/factors/codes", signedIn, dangerous, (*visit).showRecoveryCodes},
		{"GET /me/factors/passkey", signedIn, dangerous, (*visit).addPasskeyPage},
		{"POST /me/factors/passkey", signedIn, dangerous, (*visit).addPasskey},
		{"POST /me/factors/passkey/begin", signedIn, calm, (*visit).beginAddPasskey},
		{"GET /me/factors/remove", signedIn, dangerous, (*visit).removeFactorPage},
		{"POST /me/factors/remove", signedIn, dangerous, (*visit).removeFactor},
		{"GET /me/sessions", signedIn, calm, (*visit).sittings},
		{"POST /me/sessions", signedIn, calm, (*visit).endSitting},
		{"POST /me/sessions/program", signedIn, calm, (*visit).endProgram},
		{"GET /me/storage", signedIn, calm, (*visit).filling},
		{"GET /me/storage/weights", signedIn, calm, (*visit).myWeights},
		{"GET /me/storage/{folder}", signedIn, calm, (*visit).folder},
		{"POST /me/storage/{folder}", signedIn, calm, (*visit).setRetention},
		{"GET /me/storage/{folder}/empty", signedIn, calm, (*visit).emptyPage},
		{"POST /me/storage/{folder}/empty", signedIn, calm, (*visit).empty},
		{"GET /me/removed", signedIn, calm, (*visit).removed},
		{"POST /me/removed", signedIn, calm, (*visit).bringBack},
		{"GET /me/mail", signedIn, calm, (*visit).whereIsMyMail},
		{"GET /me/addresses", signedIn, calm, (*visit).addresses},
		{"POST /me/addresses/disposable", signedIn, calm, (*visit).addDisposable},
		{"POST /me/addresses/switch", signedIn, calm, (*visit).switchDisposable},
		{"GET /me/junk", signedIn, calm, (*visit).ownJunk},
		{"POST /me/junk", signedIn, calm, (*visit).setOwnRule},
		{"GET /me/junk/{folder}/{uid}", signedIn, calm, (*visit).explain},
		{"POST /me/junk/{folder}/{uid}", signedIn, calm, (*visit).putRight},
		{"GET /me/vacation", signedIn, calm, (*visit).vacationPage},
		{"POST /me/vacation", signedIn, calm, (*visit).setVacation},
		{"GET /me/forwarding", signedIn, calm, (*visit).forwarding},
		{"POST /me/forwarding", signedIn, calm, (*visit).changeForwarding},
		{"GET /me/forwarding/add", signedIn, dangerous, (*visit).askForwardPage},
		{"POST /me/forwarding/add", signedIn, dangerous, (*visit).askForward},
		{"GET /me/connect", signedIn, calm, (*visit).connect},
		{"GET /me/export", signedIn, calm, (*visit).takeawayPage},
		{"GET /me/export/mail.zip", signedIn, dangerous, (*visit).takeaway},
		{"GET /me/farewell", signedIn, dangerous, (*visit).farewellPage},
		{"POST /me/farewell", signedIn, dangerous, (*visit).farewell},

		// Setting up, before there is an admin and after.
		{"GET /setup", everybody, calm, (*visit).setup},
		{"POST /setup", everybody, calm, (*visit).giveCode},
		{"GET /setup/name", everybody, calm, (*visit).namePage},
		{"POST /setup/name", everybody, calm, (*visit).chooseName},
		{"GET /setup/you", everybody, calm, (*visit).youPage},
		{"POST /setup/you", everybody, calm, (*visit).beAdmin},
		{"GET /guide", change, calm, (*visit).guide},
		{"POST /guide/look", change, calm, (*visit).guideExamine},
		{"GET /guide/people", change, calm, (*visit).guidePeople},
		{"POST /guide/people", change, calm, (*visit).guideAddPerson},
		{"GET /guide/dns", change, calm, (*visit).guideDNS},
		{"GET /guide/reach", change, calm, (*visit).guideReach},
		{"GET /guide/snapshots", change, calm, (*visit).guideSnapshots},
		{"POST /guide/snapshots", change, calm, (*visit).chooseTarget},
		{"GET /guide/mail", change, calm, (*visit).guideMail},
		{"POST /guide/mail", change, calm, (*visit).sendTest},

		// What is wrong.
		{"GET /health", see, calm, (*visit).health},
		{"POST /health", change, calm, (*visit).examine},

		// Domains and certificates.
		{"GET /domains", see, calm, (*visit).domains},
		{"POST /domains", change, calm, (*visit).addDomain},
		{"GET /domains/{domain}", see, calm, (*visit).domain},
		{"POST /domains/{domain}", change, calm, (*visit).examineDomain},
		{"GET /domains/{domain}/zone", see, calm, (*visit).zoneFile},
		{"GET /domains/{domain}/reports", see, calm, (*visit).reports},
		{"GET /domains/{domain}/addresses", see, calm, (*visit).aliases},
		{"POST /domains/{domain}/addresses", change, calm, (*visit).addAlias},
		{"GET /domains/{domain}/addresses/{local}", see, calm, (*visit).aliasPage},
		{"POST /domains/{domain}/addresses/{local}", change, calm, (*visit).changeAlias},
		{"POST /domains/{domain}/keys", change, calm, (*visit).rotateKeys},
		{"GET /domains/{domain}/remove", change, dangerous, (*visit).removeDomainPage},
		{"POST /domains/{domain}/remove", change, dangerous, (*visit).removeDomain},
		{"GET /certificates", see, calm, (*visit).certificates},
		{"POST /certificates", change, calm, (*visit).retryCertificates},

		// What became of each message, whosever it is.
		{"GET /trace", see, calm, (*visit).traces},
		{"GET /trace/{trace}", see, calm, (*visit).traceOne},

		// How mail is judged.
		{"GET /junk", see, calm, (*visit).junkPage},
		{"POST /junk", change, calm, (*visit).setCommonRule},

		// Mail on its way out.
		{"GET /mail", see, calm, (*visit).mail},
		{"POST /mail/retry", change, calm, (*visit).retryAll},
		{"GET /mail/{id}", see, calm, (*visit).queued},
		{"POST /mail/{id}/retry", change, calm, (*visit).retryQueued},
		{"POST /mail/{id}/hold", change, calm, (*visit).holdQueued},
		{"GET /mail/{id}/drop", change, calm, (*visit).dropPage},
		{"POST /mail/{id}/drop", change, calm, (*visit).dropQueued},

		// Snapshots. To look into one is to read other people's mail.
		{"GET /snapshots", see, calm, (*visit).snapshots},
		{"POST /snapshots", change, calm, (*visit).takeSnapshot},
		{"GET /snapshots/sheet", see, calm, (*visit).sheet},
		{"GET /snapshots/{place}/{id}", change, dangerous, (*visit).browse},
		{"GET /snapshots/{place}/{id}/{address}", change, dangerous, (*visit).browseAccount},
		{"GET /snapshots/{place}/{id}/{address}/letter", change, dangerous, (*visit).readLetter},
		{"GET /snapshots/{place}/{id}/{address}/restore", change, dangerous, (*visit).tryRestore},
		{"POST /snapshots/{place}/{id}/{address}/restore", change, dangerous, (*visit).doRestore},

		// People.
		{"GET /people", seePeople, calm, (*visit).people},
		{"GET /people/new", changePeople, calm, (*visit).addPage},
		{"POST /people/new", changePeople, calm, (*visit).addPerson},
		{"GET /people/teams", seePeople, calm, (*visit).teams},
		{"GET /people/teams/new", changePeople, calm, (*visit).addPage},
		{"POST /people/teams/new", changePeople, calm, (*visit).addTeam},
		{"GET /people/{id}", seePeople, calm, (*visit).personPage},
		{"POST /people/{id}", changePeople, calm, (*visit).changePerson},
		{"POST /people/{id}/addresses", changePeople, calm, (*visit).addAddress},
		{"POST /people/{id}/addresses/remove", changePeople, calm, (*visit).removeAddress},
		{"POST /people/{id}/members", changePeople, calm, (*visit).setMember},
		{"GET /people/{id}/storage", seePeople, calm, (*visit).personStorage},
		{"POST /people/{id}/storage", changePeople, calm, (*visit).limitFolder},
		{"GET /people/{id}/storage/weights", seePeople, calm, (*visit).personWeights},
		{"POST /people/{id}/sessions/end", changePeople, calm, (*visit).endSessions},
		{"GET /people/{id}/password", changePeople, dangerous, (*visit).resetPage},
		{"POST /people/{id}/password", changePeople, dangerous, (*visit).resetPassword},
		{"GET /people/{id}/factor", changePeople, dangerous, (*visit).factorPage},
		{"POST /people/{id}/factor", changePeople, dangerous, (*visit).resetFactors},
		{"GET /people/{id}/role", change, dangerous, (*visit).rolePage},
		{"POST /people/{id}/role", change, dangerous, (*visit).setRole},
		{"POST /people/{id}/disabled", changePeople, calm, (*visit).setDisabled},
		{"GET /people/{id}/remove", changePeople, dangerous, (*visit).removePage},
		{"POST /people/{id}/remove", changePeople, dangerous, (*visit).removePerson},
		{"POST /people/{id}/keep", changePeople, calm, (*visit).keepPerson},

		// Settings.
		{"GET /settings", see, calm, (*visit).settings},
		{"GET /settings/change/{key}", change, calm, (*visit).settingPage},
		{"POST /settings/change/{key}", change, calm, (*visit).changeSetting},
		{"GET /settings/careful/{key}", change, dangerous, (*visit).settingPage},
		{"POST /settings/careful/{key}", change, dangerous, (*visit).changeSetting},
		{"POST /settings/anew", change, calm, (*visit).beginAnew},
		{"GET /settings/audit", see, calm, (*visit).auditLog},
		{"GET /logs", see, calm, (*visit).logs},
		{"GET /logs/live", see, calm, (*visit).logsLive},
		{"GET /search", seePeople, calm, (*visit).search},
	}
}
