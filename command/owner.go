package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownerOf returns the user and group whom a folder belongs to, and whether it is
// another user's while this process is root's.
func ownerOf(folder string) (uid, gid int, another bool, err error) {
	if os.Geteuid() != 0 {
		return 0, 0, false, nil
	}
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false, fmt.Errorf("%s: whose it is is not known", folder)
	}
	return int(stat.Uid), int(stat.Gid), stat.Uid != 0, nil
}

// becomeOwner turns root into the user whom the data folder belongs to, before a
// command opens it: what root made there the service could not open any more.
func becomeOwner(data string) error {
	uid, gid, another, err := ownerOf(data)
	if err != nil || !another {
		return err
	}
	if err := errors.Join(syscall.Setgroups([]int{gid}), syscall.Setgid(gid), syscall.Setuid(uid)); err != nil {
		return fmt.Errorf("become the owner of %s: %w", data, err)
	}
	return nil
}

// mustOwn refuses to serve as root what belongs to somebody else: root is not
// given up there, since ports below 1024 need it.
func mustOwn(data string) error {
	uid, gid, another, err := ownerOf(data)
	if err != nil || !another {
		return err
	}
	return fmt.Errorf("data folder %s belongs to user %d; start the service (systemctl start letterbox), or without systemd: "+
		"setpriv --reuid %d --regid %d --clear-groups --inh-caps +net_bind_service --ambient-caps +net_bind_service %s", data, uid, uid, gid, program()+" --data "+quote(data)+" serve")
}
