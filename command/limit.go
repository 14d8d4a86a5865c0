package command

import (
	"fmt"
	"strconv"

	"letterbox/appliance"
	"letterbox/quota"
)

// A sizeLimit is how much somebody may keep: a size, 0 for any, or "default" for
// what their domain gives everybody. In what a domain gives, that is 0.
type sizeLimit int64

// UnmarshalText reads a limit.
func (l *sizeLimit) UnmarshalText(text []byte) error {
	if string(text) == "default" {
		*l = 0
		return nil
	}
	var n appliance.Size
	if err := n.UnmarshalText(text); err != nil {
		return fmt.Errorf("%w; or 'default', for what the domain gives everybody", err)
	}
	*l = sizeLimit(orUnlimited(int64(n)))
	return nil
}

// A countLimit is the same for numbers of things.
type countLimit int64

// UnmarshalText reads a limit.
func (l *countLimit) UnmarshalText(text []byte) error {
	if string(text) == "default" {
		*l = 0
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no limit; write a number, 0 for any, or 'default' for what the domain gives everybody", text)
	}
	*l = countLimit(orUnlimited(n))
	return nil
}

func orUnlimited(n int64) int64 {
	if n == 0 {
		return quota.Unlimited
	}
	return n
}

// limitText writes a limit for a column.
func limitText(n int64) string {
	if n <= 0 {
		return "-"
	}
	return size(n)
}
