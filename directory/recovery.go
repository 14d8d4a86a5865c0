package directory

import (
	"context"
	"crypto/subtle"
	"fmt"

	"letterbox/database"
)

// recoveryCodes are made at once.
const recoveryCodes = 10

// NewRecoveryCodes makes codes that stand in for the second factor, each once, and
// returns them: nobody can ask for them again. Those before count no more.
// ErrNoSecondFactor.
func (d *Directory) NewRecoveryCodes(ctx context.Context, address string) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = generateRecoveryCode()
	}
	err := d.changeUser(ctx, address, Event{Action: "user.recovery-codes"}, func(tx *database.Tx, user *User) error {
		if has, err := hasSecondFactor(tx, user.ID); err != nil || !has {
			return orElse(err, ErrNoSecondFactor)
		}
		if _, err := tx.Exec(`DELETE FROM recovery_code WHERE user = ?`, user.ID); err != nil {
			return err
		}
		for _, code := range codes {
			_, err := tx.Exec(`INSERT INTO recovery_code (user, hash) VALUES (?, ?)`,
				user.ID, d.hashSecret("recovery code", user.ID, bareSecret(code)))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// useRecoveryCode takes a code away and reports whether it was there. All are
// looked at, whichever it is.
func (d *Directory) useRecoveryCode(tx *database.Tx, user int64, code string) (bool, error) {
	rows, err := tx.Query(`SELECT hash FROM recovery_code WHERE user = ?`, user)
	if err != nil {
		return false, fmt.Errorf("read recovery codes: %w", err)
	}
	hashes, err := collect(rows, scanBytes)
	if err != nil {
		return false, fmt.Errorf("read recovery codes: %w", err)
	}
	given := d.hashSecret("recovery code", user, bareSecret(code))
	found := 0
	for _, hash := range hashes {
		found |= subtle.ConstantTimeCompare(hash, given)
	}
	if found == 0 {
		return false, nil
	}
	_, err = tx.Exec(`DELETE FROM recovery_code WHERE user = ? AND hash = ?`, user, given)
	return err == nil, err
}

func scanBytes(row scanner) (b []byte, err error) {
	err = row.Scan(&b)
	return b, err
}
