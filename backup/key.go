package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// A Key encrypts a repository. It belongs to the repository, not to a person: the
// owner's keys open it, by a copy of it that is encrypted to each of them and
// lies at the target. The appliance keeps it too, to be able to prove that its
// snapshots can be restored; whoever can read it there can read the mail itself.
type Key struct {
	identity *age.X25519Identity // nil: nothing is encrypted
	naming   []byte              // secret of the names
}

// Names in the work folder.
const (
	keyFile   = "key"
	keyFolder = "keys" // the key, encrypted to each of the owner's, as at the target
)

// noKey is the key of a repository that is not encrypted.
func noKey() *Key { return &Key{naming: []byte{}} }

func keyOf(identity *age.X25519Identity) *Key {
	naming := sha256.Sum256([]byte("letterbox snapshot names " + identity.String()))
	return &Key{identity, naming[:]}
}

// recipient is the public half as the repository file shows it.
func (k *Key) recipient() string {
	if k.identity == nil {
		return "none"
	}
	return k.identity.Recipient().String()
}

// loadKey reads the appliance's key; nil when it has none.
func loadKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func parseKey(text []byte) (*Key, error) {
	identity, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("key of the snapshots: %w", err)
	}
	return keyOf(identity), nil
}

// Unlock finds the repository's key among the copies of it at a target.
type Unlock func(copies map[string][]byte) (*Key, error)

// WithIdentities unlocks with the owner's keys, in age's format.
func WithIdentities(file io.Reader) (Unlock, error) {
	identities, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return unlock(identities...), nil
}

// WithPassphrase unlocks with a passphrase.
func WithPassphrase(passphrase string) (Unlock, error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("passphrase: %w", err)
	}
	return unlock(identity), nil
}

// Locked is for who has no key: it opens what is not encrypted.
func Locked(map[string][]byte) (*Key, error) { return nil, ErrLocked }

func unlock(identities ...age.Identity) Unlock {
	return func(copies map[string][]byte) (*Key, error) {
		var errs []error
		for name, sealed := range copies {
			r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				continue
			}
			text, err := io.ReadAll(io.LimitReader(r, 4096))
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				continue
			}
			return parseKey(text)
		}
		return nil, fmt.Errorf("none of the repository's keys could be opened: %w", errors.Join(append(errs, ErrLocked)...))
	}
}

// An OwnerKey is one that opens the snapshots.
type OwnerKey struct {
	Name      string // of its file
	Recipient string // "" for the passphrase
}

// PassphraseCopy is the copy that a passphrase opens.
const PassphraseCopy = "passphrase.age"

// AddRecipient lets an age recipient (age1...) open the snapshots.
func (k *Keeper) AddRecipient(recipient string) error {
	parsed, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return fmt.Errorf("%q is no recipient of age: %w", recipient, err)
	}
	sum := sha256.Sum256([]byte(recipient))
	return k.addKey(hex.EncodeToString(sum[:8])+".age", recipient, parsed)
}

// GenerateOwnerKey makes a key for the owner, lets it open the snapshots, and
// returns it in age's format. Nothing but the caller has it then.
func (k *Keeper) GenerateOwnerKey() (secret, recipient string, err error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	recipient = identity.Recipient().String()
	return identity.String(), recipient, k.AddRecipient(recipient)
}

// SetPassphrase lets a passphrase open the snapshots, in place of the last one.
func (k *Keeper) SetPassphrase(passphrase string) error {
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return fmt.Errorf("passphrase: %w", err)
	}
	if k.workFactor > 0 {
		recipient.SetWorkFactor(k.workFactor)
	}
	return k.addKey(PassphraseCopy, "", recipient)
}

// addKey encrypts the appliance's key, made if there is none, to a recipient.
func (k *Keeper) addKey(name, recipient string, to age.Recipient) error {
	if err := os.MkdirAll(k.work(keyFolder), 0o700); err != nil {
		return err
	}
	key, err := loadKey(k.work(keyFile))
	if err != nil {
		return err
	}
	if key == nil {
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		if err := writeFile(k.work(keyFile), []byte(identity.String()+"\n")); err != nil {
			return err
		}
		key = keyOf(identity)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, key.identity.String()+"\n"); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if recipient != "" {
		if err := writeFile(k.work(keyFolder, strings.TrimSuffix(name, ".age")+".pub"), []byte(recipient+"\n")); err != nil {
			return err
		}
	}
	return writeFile(k.work(keyFolder, name), sealed.Bytes())
}

// OwnerKeys lists what opens the snapshots.
func (k *Keeper) OwnerKeys() ([]OwnerKey, error) {
	copies, err := k.keyCopies()
	if err != nil {
		return nil, err
	}
	var list []OwnerKey
	for name := range copies {
		one := OwnerKey{Name: strings.TrimSuffix(name, ".age")}
		if text, err := os.ReadFile(k.work(keyFolder, one.Name+".pub")); err == nil {
			one.Recipient = strings.TrimSpace(string(text))
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b OwnerKey) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// keyCopies reads the encrypted copies of the key, by file name.
func (k *Keeper) keyCopies() (map[string][]byte, error) {
	entries, err := os.ReadDir(k.work(keyFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	copies := map[string][]byte{}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".age" || strings.HasPrefix(e.Name(), partPrefix) {
			continue
		}
		if copies[e.Name()], err = os.ReadFile(k.work(keyFolder, e.Name())); err != nil {
			return nil, err
		}
	}
	return copies, nil
}
