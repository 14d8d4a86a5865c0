package appliance

import (
	"time"

	"letterbox/backup"
	"letterbox/certificate"
	"letterbox/directory"
	"letterbox/junk"
	"letterbox/queue"
	"letterbox/quota"
)

// Config is everything that can be set about the appliance. What belongs to the
// people who use it (domains, users, aliases) is not here but in the database.
// The doc tags are the text of the sample file; see WriteSample.
type Config struct {
	Data string `toml:"-"` // the data folder
	File string `toml:"-"` // where this was read from; "" if nowhere

	Origins map[string]Origin `toml:"-"` // of keys that Load found; see Origin

	Hostname string   `toml:"hostname" choose:"careful" doc:"The name of this machine as others see it: in greetings, in the certificate and in Received lines. Empty: what the operating system calls it."`
	Listen   Listen   `toml:"listen" doc:"Where to listen. Each is ADDRESS:PORT, or several with commas between; without an address it means all addresses of the machine. An empty value switches the listener off."`
	IMAP     IMAP     `toml:"imap" doc:"Mail clients that read."`
	SMTP     SMTP     `toml:"smtp" doc:"Mail that arrives, and mail clients that send."`
	Junk     Junk     `toml:"junk" doc:"What happens to mail that nobody wants. It goes to Junk, where people find it, and never disappears; letterbox junk explain says why it is there."`
	Quota    Quota    `toml:"quota" doc:"How much people may keep. The limits themselves are set for each: letterbox user set ADDRESS --quota SIZE."`
	Mail     Mail     `toml:"mail" doc:"Mail that is kept."`
	TLS      TLS      `toml:"tls" doc:"The certificate that proves to clients and other servers who this machine is."`
	Relay    Relay    `toml:"relay" doc:"A server that takes mail for elsewhere, for those whose own address is not let in everywhere. Without one, mail goes to its recipients' servers directly."`
	Queue    Queue    `toml:"queue" doc:"Mail that leaves; letterbox queue list shows what waits."`
	DNS      DNS      `toml:"dns" doc:"Where names are looked up."`
	Snapshot Snapshot `toml:"snapshot" doc:"Snapshots: copies of everything for the day the disk dies, or somebody deletes the wrong folder. 'letterbox snapshot' lists, checks and restores them."`
	Web      Web      `toml:"web" doc:"The pages: where everybody helps themselves, and where this server is looked after."`
	Doctor   Doctor   `toml:"doctor" doc:"What 'letterbox doctor' asks of others to find out what is wrong here."`
	Log      Log      `toml:"log" doc:"What is written to standard error."`
}

// Listen holds the addresses of the listeners.
type Listen struct {
	IMAP          Addresses `toml:"imap" doc:"IMAP; encrypted once the client asks for it (STARTTLS)."`
	IMAPS         Addresses `toml:"imaps" doc:"IMAP, encrypted from the start. What mail clients should use."`
	SMTP          Addresses `toml:"smtp" doc:"Mail from other servers."`
	Submission    Addresses `toml:"submission" doc:"Mail that users send; encrypted once the client asks for it (STARTTLS)."`
	Submissions   Addresses `toml:"submissions" doc:"Mail that users send, encrypted from the start. What mail clients should use."`
	HTTP          Addresses `toml:"http" doc:"HTTP: the certificate authority looks here whether the host name is ours; everybody else is sent on to https."`
	HTTPS         Addresses `toml:"https" doc:"HTTPS: the pages. The certificate authority looks here, too."`
	Metrics       Addresses `toml:"metrics" doc:"For monitoring: /metrics (Prometheus), /livez and /readyz over plain HTTP. Only this machine may reach it unless metrics_public says otherwise."`
	ProxyFrom     Networks  `toml:"proxy_from" doc:"Addresses or networks of proxies in front of the ports for mail, with commas between, that begin each connection with the PROXY protocol (version 1 or 2) and so tell for whom they connect. They must do so; from anywhere else it is refused like every nonsense."`
	MetricsPublic bool      `toml:"metrics_public" doc:"Permit listen.metrics on addresses that others can reach. There is no password on it."`
}

// IMAP holds what concerns clients that read mail.
type IMAP struct {
	PlaintextLoopback bool `toml:"plaintext_loopback" doc:"Let clients on this very machine sign in without encryption, to read and to send. Meant for tests."`

	MaxMessageSize           Size `toml:"max_message_size" choose:"calm" doc:"The largest message that a client may put into a mailbox (APPEND)."`
	MaxConnections           int  `toml:"max_connections" choose:"calm" doc:"How many clients may be connected at once."`
	MaxConnectionsPerAddress int  `toml:"max_connections_per_address" choose:"calm" doc:"How many of them from one address; a family behind one router may well have twenty."`
	MaxConnectionsPerUser    int  `toml:"max_connections_per_user" choose:"calm" doc:"How many of them signed in as one user."`

	Withheld Capabilities `toml:"withheld" choose:"calm" doc:"Names from the CAPABILITY response, with commas between, that are not offered, where some client comes to harm with them. For one user: letterbox user set ADDRESS --withhold."`
	Offered  Offered      `toml:"offered" choose:"calm" doc:"Names of what is not offered otherwise: UIDONLY and UIDBATCHES, since clients exist that ask for them and cannot do with them; MESSAGELIMIT=N and SAVELIMIT=N, since they limit what clients may do at once. For one user: letterbox user set ADDRESS --offer."`
}

// SMTP holds what concerns mail on its way in.
type SMTP struct {
	MaxMessageSize           Size `toml:"max_message_size" choose:"calm" doc:"The largest message that is taken, from anybody."`
	MaxRecipients            int  `toml:"max_recipients" choose:"calm" doc:"How many recipients one message may have; whoever has more for it sends it again to the others."`
	MaxConnections           int  `toml:"max_connections" choose:"calm" doc:"How many servers and clients may be connected at once, to all ports for mail on its way in."`
	MaxConnectionsPerAddress int  `toml:"max_connections_per_address" choose:"calm" doc:"How many of them from one address."`

	// Of strangers, on port 25.
	MaxMessagesPerAddress   int      `toml:"max_messages_per_address" choose:"calm" doc:"How many messages one address (an IPv4 address, or an IPv6 /64) may bring within an hour; more have to come again later. This and what follows is about port 25 alone, and neither about users nor about private addresses. 0: any number."`
	MaxRecipientsPerAddress int      `toml:"max_recipients_per_address" choose:"calm" doc:"How many recipients it may name within an hour. 0: any number."`
	MaxUnknownPerAddress    int      `toml:"max_unknown_per_address" choose:"calm" doc:"For how many recipients it may ask within an hour whom nobody here is. From a quarter of that on answers come more slowly, and then it is turned away for a while: it probes for addresses. Those whose mail people here want are left alone, since their lists may hold dead addresses. 0: any number."`
	MaxMistakesPerAddress   int      `toml:"max_mistakes_per_address" choose:"calm" doc:"The same for commands that are none, or not at that time, and for mail to elsewhere. 0: any number."`
	Tarpit                  Duration `toml:"tarpit" choose:"calm" doc:"How long such an answer may be held back at most. 0: not at all."`
	TrustedPeers            Networks `toml:"trusted_peers" choose:"calm" doc:"From where none of these limits apply: another server of yours that takes mail for this one, say. Addresses or networks, with commas between."`

	Verify bool   `toml:"verify" choose:"careful" doc:"Check where mail from other servers comes from (SPF, DKIM, DMARC, ARC), and do as the authors' domains ask: refuse what they disown, or put it into Junk."`
	MTASTS string `toml:"mta_sts" choose:"calm" of:",none,testing,enforce" doc:"What other servers are told about encryption to this one (MTA-STS), once the certificate is one that they trust and mta-sts.DOMAIN leads here: testing (they report what fails), enforce (they send only encrypted), none, or nothing at all."`
}

// Junk says how mail is judged that arrives.
type Junk struct {
	Enabled   bool      `toml:"enabled" choose:"careful" doc:"Judge mail by what people moved to Junk and out of it, whom they write to, and what is set below. With false, only what authors' domains ask for goes to Junk (smtp.verify)."`
	Threshold int       `toml:"threshold" choose:"calm" doc:"The score from which mail goes to Junk. Higher: less of it does, and less that is wanted."`
	Lists     Words     `toml:"lists" choose:"calm" doc:"Lists of addresses that send junk (DNSBL), such as zen.spamhaus.org, with commas between. Each has its own terms, and hears of every machine that sends mail here. One alone never decides."`
	Greylist  Duration  `toml:"greylist" choose:"calm" doc:"Let whoever writes to somebody for the first time come back after so long: mail servers do, much of what sends junk does not. First letters of strangers are late by that much and more. 0: nobody has to."`
	Rspamd    string    `toml:"rspamd" doc:"A rspamd to ask about each message: http://HOST:PORT of its normal worker. Empty: none."`
	Milters   Addresses `toml:"milters" doc:"Milters to ask, with commas between: paths of their sockets, or HOST:PORT. They may refuse mail or put it into Junk; they change nothing in it."`
	ClamAV    string    `toml:"clamav" doc:"A ClamAV daemon to ask: the path of its socket, or HOST:PORT. Empty: none."`
	Virus     string    `toml:"virus" choose:"calm" of:"refuse,junk" doc:"What is done with mail in which ClamAV finds something: refuse (its sender hears why), or junk."`
	Patience  Duration  `toml:"patience" choose:"calm" doc:"How long all of these together may take. What is not known by then is not waited for, and the message goes on without."`
}

// Quota holds what is the same for everybody's limits.
type Quota struct {
	Thresholds quota.Thresholds `toml:"thresholds" choose:"calm" doc:"Percentages of a limit, with commas between. Who grows beyond one finds a message about it in the INBOX, once, until there is more room again; and it is worth a line in the log."`
	Grace      int              `toml:"grace" choose:"calm" doc:"By how many percent mail that arrives may go beyond a limit. Mail clients may not."`
	CleanUp    Duration         `toml:"clean_up" choose:"careful" doc:"For how long mail for a full mailbox is put off (servers try again), before it goes back to its senders. 0: always put off, until their servers give up."`
}

// Mail is about what is kept.
type Mail struct {
	Separators   string `toml:"separators" doc:"Characters behind which everybody may put what they like to their address, each of them: with +, mail for anna+shop@example.org is anna's, and goes to her folder Shop if she has one. Any of +-_=#~^ will do. Where - or _ is among them, a user or alias of the whole name comes first. Empty: none. What was taken before a change and is refused after it is told by letterbox doctor."`
	Reserve      Size   `toml:"reserve" choose:"calm" doc:"What stays free on the disk: mail is refused for the time being before it is used up, and everything that frees space works on. 0: 5 % of the disk, and 512 MB at least."`
	RollbackDays int    `toml:"rollback_days" choose:"calm" doc:"For how many days after an update of this program the data can go back to the version before: letterbox rollback. It takes the room of another database, and what deleted mail leaves behind on the disk is not cleared away meanwhile. 0: not at all."`
	Forwarding   bool   `toml:"forwarding" choose:"calm" doc:"Everybody may pass their mail on to an address whose owner agrees to it by a link that is mailed there. false: nobody may, except where an admin says so with letterbox forward. What is passed on already goes on."`
	Reports      bool   `toml:"reports" choose:"calm" doc:"Tell other domains once a day how mail in their name arrived here (DMARC), and how encryption to their servers went (TLS-RPT), where their DNS asks for it. A report has counts and servers' addresses in it, and no word of anybody's mail. What others report about domains here is read whatever this says, and shown with each domain."`
	TraceDays    int    `toml:"trace_days" choose:"calm" doc:"For how many days it is kept what became of each message: letterbox trace. 0: not at all."`
	JunkDays     int    `toml:"junk_days" choose:"careful" doc:"For how many days a message stays in Junk before it is removed by itself, unless it is flagged. Everybody can have it otherwise for any folder: letterbox mailbox retention; and is told a week before the first time. 0: for ever."`
	TrashDays    int    `toml:"trash_days" choose:"careful" doc:"The same for Trash."`
	UndeleteDays int    `toml:"undelete_days" choose:"careful" doc:"For how many days a message that was deleted for good (expunged) can be brought back: letterbox undelete. It takes room on the disk, but none of its owner's quota. 0: not at all."`
}

// TLS says where the certificate comes from.
type TLS struct {
	Authority string `toml:"authority" doc:"The certificate authority to ask, by the address of its ACME directory; it is asked as soon as the host name is one of the public DNS. Asking means to agree with its terms. Empty: nobody is asked, and the certificate is one that this machine signs itself."`
	Contact   string `toml:"contact" choose:"calm" doc:"An e-mail address for the authority's warnings. May be empty."`

	Certificate string `toml:"certificate" doc:"A PEM file with a certificate (and its chain) that something else renews; it is read again when it changes. Used instead of asking, for the names in it."`
	Key         string `toml:"key" doc:"The PEM file with its key."`

	DNSCommand string `toml:"dns_command" doc:"For machines that nobody reaches on ports 80 and 443: a program that publishes what the authority looks for in the DNS. It is called with: add NAME TEXT, or: remove NAME TEXT (a TXT record)."`
	DNSServer  string `toml:"dns_server" doc:"Instead of a program: HOST:PORT of a name server that takes dynamic updates (RFC 2136)."`
	DNSZone    string `toml:"dns_zone" doc:"The zone to update there, such as example.org."`
	DNSKeyName string `toml:"dns_key_name" doc:"The name of the TSIG key (hmac-sha256) that signs the updates."`
	DNSKeyFile string `toml:"dns_key_file" doc:"A file whose first line is that key, in base64. Nobody but its owner may be able to read it."`
}

// Relay is the server to which mail for elsewhere is handed.
type Relay struct {
	Address      string `toml:"address" doc:"HOST:PORT. Empty: none."`
	TLS          string `toml:"tls" doc:"How the connection is encrypted: starttls, implicit, or none."`
	Username     string `toml:"username" doc:"Who signs in there. Empty: nobody does."`
	PasswordFile string `toml:"password_file" doc:"A file whose first line is the password. Nobody but its owner may be able to read it."`

	Use     string `toml:"use" doc:"What goes there: always (all mail), domains (mail for relay.domains), or blocked (that, and the mail of every provider that refuses this machine's address, for a week each time)."`
	Domains Words  `toml:"domains" doc:"Domains of recipients, with commas between, whose mail goes to the relay whatever relay.use says."`
}

// Queue is about mail that leaves.
type Queue struct {
	Send            bool     `toml:"send" choose:"careful" doc:"Send at all. With false, mail that leaves is kept in the queue."`
	Lifetime        Duration `toml:"lifetime" choose:"calm" doc:"How long mail is tried before it is given back to its sender."`
	Warn            Duration `toml:"warn" choose:"calm" doc:"After how long a sender is told that mail is late. 0: never."`
	Connections     int      `toml:"connections" choose:"calm" doc:"How many connections to other servers there may be at once."`
	PerDestination  int      `toml:"per_destination" choose:"calm" doc:"How many of them to one destination."`
	MessagesPerDay  int      `toml:"messages_per_day" choose:"calm" doc:"How many messages one user may send to elsewhere in a day. 0: any number."`
	StrangersPerDay int      `toml:"strangers_per_day" choose:"calm" doc:"How many recipients whom one user never wrote to before they may write to in a day. 0: any number. Far fewer, when it is far more than the user ever did, already stop them until somebody looks at it (letterbox queue thaw)."`
}

// DNS is about name servers.
type DNS struct {
	Servers Addresses `toml:"servers" doc:"ADDRESS:PORT of name servers that resolve for us, with commas between. Empty: those in /etc/resolv.conf. DANE works where one on this very machine validates DNSSEC."`
}

// Snapshot is about copies of the data folder.
type Snapshot struct {
	Target         Addresses `toml:"target" choose:"careful" doc:"Where they go; several with commas between. Each is a folder (an absolute path; best on another disk), s3://HOST/BUCKET/PREFIX for any S3-compatible store, or sftp://USER@HOST/PATH. The word snapshots is the folder of that name in the data folder: it helps against mistakes, not against a dead disk, and takes about as much room as the mail does. Empty: no snapshots."`
	Schedule       string    `toml:"schedule" choose:"careful" doc:"How often one is taken, and which are kept: of each hour, day, week and month the last one. The word never takes none by itself and removes none."`
	AppendOnly     bool      `toml:"append_only" doc:"Never remove anything: for targets whose credentials cannot delete, so that who breaks in here cannot destroy the snapshots."`
	S3KeyFile      string    `toml:"s3_key_file" doc:"A file with the access key and the secret key, a line each. Nobody but its owner may be able to read it. Empty: the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."`
	S3Region       string    `toml:"s3_region" doc:"The region of the bucket, where the store wants to hear it."`
	SFTPKeyFile    string    `toml:"sftp_key_file" doc:"The private key to sign in with, as ssh-keygen makes it, without a passphrase. Nobody but its owner may be able to read it."`
	SFTPKnownHosts string    `toml:"sftp_known_hosts" doc:"The host key of the server, as ssh keeps it: ssh-keyscan HOST > FILE, then compare it."`
}

// Web is about the pages.
type Web struct {
	Port           int      `toml:"port" doc:"The port by which others reach listen.https, where something in front of it (a router, another web server) has another one. 0: the one that listen.https names."`
	AdminFrom      Networks `toml:"admin_from" doc:"From where this server may be administered: addresses or networks such as 192.168.1.0/24, with commas between. Everybody's own pages work from everywhere. Empty: from everywhere, too."`
	TrustedProxies Networks `toml:"trusted_proxies" doc:"Addresses or networks of reverse proxies in front of listen.http or listen.https, with commas between. Only they are believed about whom they ask for (X-Forwarded-For) and that the connection to them is encrypted (X-Forwarded-Proto)."`
}

// Doctor is about looking for what is wrong.
type Doctor struct {
	Every      Duration `toml:"every" choose:"calm" doc:"How often the appliance looks for what is wrong by itself, DNS and ports included. 0: only when somebody asks."`
	Peer       string   `toml:"peer" choose:"calm" doc:"A domain whose mail server is connected to, to see whether mail can leave: many providers block that. Empty: it is not tried."`
	TimeServer string   `toml:"time_server" choose:"calm" doc:"A time server (NTP) to compare the clock with, such as pool.ntp.org. Empty: the clock is not compared."`
	Updates    string   `toml:"updates" choose:"calm" doc:"A domain name whose TXT record says which version of Letterbox is the newest; release notes give it. It is asked once a day by way of the name servers, so that nobody learns who asks or which version runs here. Empty: nobody is asked."`
	Blocklists Words    `toml:"blocklists" choose:"calm" doc:"Lists of spammers' addresses (DNSBL), with commas between, that are asked whether this machine is on them."`
}

// Log says how much is logged and how it looks.
type Log struct {
	Level  string `toml:"level" choose:"calm" of:"debug,info,warn,error" doc:"debug, info, warn or error."`
	Format string `toml:"format" doc:"text or json."`
}

// Default returns the configuration of an appliance that nobody configured.
func Default() Config {
	return Config{
		Listen: Listen{
			IMAP:        Addresses{":143"},
			IMAPS:       Addresses{":993"},
			SMTP:        Addresses{":25"},
			Submission:  Addresses{":587"},
			Submissions: Addresses{":465"},
			HTTP:        Addresses{":80"},
			HTTPS:       Addresses{":443"},
			Metrics:     Addresses{"127.0.0.1:9400"},
		},
		IMAP: IMAP{
			MaxMessageSize:           50 << 20,
			MaxConnections:           10_000,
			MaxConnectionsPerAddress: 100,
			MaxConnectionsPerUser:    100,
		},
		SMTP: SMTP{
			MaxMessageSize:           50 << 20,
			MaxRecipients:            500,
			MaxConnections:           1000,
			MaxConnectionsPerAddress: 50,
			MaxMessagesPerAddress:    1000,
			MaxRecipientsPerAddress:  5000,
			MaxUnknownPerAddress:     20,
			MaxMistakesPerAddress:    100,
			Tarpit:                   Duration(20 * time.Second),
			Verify:                   true,
			MTASTS:                   "testing",
		},
		Junk: Junk{
			Enabled:   true,
			Threshold: junk.DefaultThreshold,
			Virus:     "refuse",
			Patience:  Duration(15 * time.Second),
		},
		Mail:  Mail{Separators: directory.DefaultSeparators, Forwarding: true, Reports: true, TraceDays: 30, UndeleteDays: 14, RollbackDays: 7, JunkDays: 30, TrashDays: 30},
		Quota: Quota{Thresholds: quota.Thresholds{80, 95}, Grace: 5, CleanUp: Duration(3 * 24 * time.Hour)},
		TLS:   TLS{Authority: certificate.LetsEncrypt},
		Relay: Relay{TLS: "starttls", Use: "always"},
		Queue: Queue{
			Send:            true,
			Lifetime:        Duration(4 * 24 * time.Hour),
			Warn:            Duration(4 * time.Hour),
			Connections:     100,
			PerDestination:  4,
			MessagesPerDay:  queue.DefaultLimits().Messages,
			StrangersPerDay: queue.DefaultLimits().Strangers,
		},
		Snapshot: Snapshot{Target: Addresses{localSnapshots}, Schedule: backup.DefaultSchedule},
		Doctor:   Doctor{Every: Duration(time.Hour), Peer: "gmail.com"},
		Log:      Log{Level: "info", Format: "text"},
	}
}
