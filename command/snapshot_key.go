package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
)

type snapshotKey struct {
	Generate   keyGenerate   `cmd:"" help:"Make a key that opens the snapshots and print it. Keep it away from this machine."`
	Passphrase keyPassphrase `cmd:"" help:"Let a passphrase open the snapshots; from standard input, or asked for."`
	Add        keyAdd        `cmd:"" help:"Let a key that exists open the snapshots."`
	List       keyList       `cmd:"" help:"List what opens the snapshots."`
}

// tellKeys says from when a key holds.
const tellKeys = "It opens all snapshots at a target from the next one that is taken there. Those in a folder that was begun without a key stay readable as they are."

type keyGenerate struct{}

func (c *keyGenerate) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	secret, recipient, err := d.Snapshots.GenerateOwnerKey()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "# Opens the snapshots of %s. Whoever has this can read all mail.\n# public key: %s\n%s\n", d.Config.Hostname, recipient, secret)
	fmt.Fprintln(stdio.Err, "This is shown once and kept nowhere: print it, or put it into a file on another machine. "+tellKeys)
	return nil
}

type keyPassphrase struct{}

func (c *keyPassphrase) local(ctx context.Context, s *shell) error { return s.withPassword(ctx, c) }

func (c *keyPassphrase) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	passphrase, generated, err := readPassword(stdio)
	if err != nil {
		return err
	}
	if !generated && len(passphrase) < minPassphrase {
		return fmt.Errorf("the passphrase has %d letters; at least %d, as whoever gets at the snapshots can try as many as they like", len(passphrase), minPassphrase)
	}
	if err := d.Snapshots.SetPassphrase(passphrase); err != nil {
		return err
	}
	if generated {
		fmt.Fprintf(stdio.Out, "Passphrase: %s\n", passphrase)
	}
	fmt.Fprintln(stdio.Err, "Write it down: nobody can find it out. "+tellKeys)
	return nil
}

// minPassphrase bounds the worst of passphrases.
const minPassphrase = 16

type keyAdd struct {
	Recipient string `arg:"" help:"The public half: age1..."`
}

func (c *keyAdd) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Snapshots.AddRecipient(strings.TrimSpace(c.Recipient)); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s added. %s\n", c.Recipient, tellKeys)
	return nil
}

type keyList struct{ listFlags }

func (c *keyList) inside(_ context.Context, d *appliance.Data, stdio control.Stdio) error {
	keys, err := d.Snapshots.OwnerKeys()
	if err != nil {
		return err
	}
	type record struct {
		Name      string `json:"name"`
		Recipient string `json:"recipient"`
	}
	records, t := []record{}, &table{header: []string{"NAME", "KEY"}, empty: "None: snapshots stay on this machine, unencrypted. Make one: letterbox snapshot key generate"}
	for _, k := range keys {
		records = append(records, record(k))
		text := k.Recipient
		if text == "" {
			text = "passphrase"
		}
		t.add(k.Name, text)
	}
	return c.print(stdio.Out, records, t)
}

// askPassphrase asks for the passphrase of snapshots.
func (s *shell) askPassphrase(ctx context.Context) (string, error) {
	in, err := s.askPassword(ctx)
	if err != nil {
		return "", err
	}
	passphrase, generated, err := readPassword(control.Stdio{In: in})
	if err == nil && generated {
		err = errors.New("the snapshots are encrypted: give the passphrase on standard input, or the key with --identity")
	}
	return passphrase, err
}
