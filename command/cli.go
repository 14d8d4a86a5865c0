package command

// cli is the whole command line.
type cli struct {
	Data       string   `placeholder:"DIR" env:"LETTERBOX_DATA" help:"The data folder. Default: /var/lib/letterbox for root, else ~/.local/share/letterbox."`
	ConfigFile string   `name:"config" placeholder:"FILE" help:"The configuration file. Default: letterbox.toml in the data folder, if there is one."`
	Set        []string `placeholder:"KEY=VALUE" sep:"none" help:"Set one key of the configuration; may be repeated."`

	Demo        demoCmd        `cmd:"" help:"Show it: everything on this machine alone, with two users and their mail, all removed at the end."`
	Serve       serveCmd       `cmd:"" help:"Run the appliance."`
	Domain      domainCmd      `cmd:"" help:"The domains that mail is received for."`
	User        userCmd        `cmd:"" help:"The people who have mail here."`
	Team        teamCmd        `cmd:"" help:"Addresses whose mail several people read."`
	Share       shareCmd       `cmd:"" help:"Mailboxes that others may see."`
	Mailbox     mailboxCmd     `cmd:"" help:"The mailboxes that people have."`
	Alias       aliasCmd       `cmd:"" help:"Addresses that lead to other addresses."`
	Forward     forwardCmd     `cmd:"" help:"Mail that people pass on to other addresses."`
	Vacation    vacationCmd    `cmd:"" help:"What senders are told while somebody is away."`
	Disposable  disposableCmd  `cmd:"" help:"Addresses that people have for one purpose, and switch off."`
	Import      importCmd      `cmd:"" help:"Take in mail from an mbox file or a Maildir."`
	Export      exportCmd      `cmd:"" help:"Write mail into an mbox file or a Maildir."`
	Usage       usageCmd       `cmd:"" help:"What people keep, how it grows, when it is full, and what could be freed."`
	Undelete    undeleteCmd    `cmd:"" help:"Bring back messages that were deleted for good."`
	Rescue      rescueCmd      `cmd:"" help:"Rebuild a database that is damaged or lost from the packs of messages."`
	Rollback    rollbackCmd    `cmd:"" help:"Take the last update of this program back, with what it made of the data."`
	Snapshot    snapshotCmd    `cmd:"" help:"Copies of everything: take, check, look into, restore."`
	Junk        junkCmd        `cmd:"" help:"Mail that nobody wants: what was learned, why a message is where it is, exceptions."`
	Queue       queueCmd       `cmd:"" help:"Mail that is to leave."`
	Trace       traceCmd       `cmd:"" help:"What became of messages, come or gone."`
	Certificate certificateCmd `cmd:"" help:"What proves to others who this machine is."`
	Doctor      doctorCmd      `cmd:"" help:"Look for what is wrong, and say how to mend it."`
	Reindex     reindexCmd     `cmd:"" help:"Build the search indexes anew. Not needed in daily life: damage is found and mended by itself."`
	Config      configCmd      `cmd:"" help:"The configuration file."`
	Health      healthCmd      `cmd:"" help:"Say whether the appliance is well."`
	Version     versionCmd     `cmd:"" help:"What this program is."`
	Completion  completionCmd  `cmd:"" help:"Print what makes a shell complete command lines."`
	Man         manCmd         `cmd:"" hidden:"" help:"Print the manual page."`
}
