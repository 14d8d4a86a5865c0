package appliance

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Addresses are where one listener listens, written with commas between.
type Addresses []string

// UnmarshalText reads a list with commas; an empty text is an empty list.
func (a *Addresses) UnmarshalText(text []byte) error {
	*a = nil
	for part := range strings.SplitSeq(string(text), ",") {
		if part = strings.TrimSpace(part); part != "" {
			*a = append(*a, part)
		}
	}
	return nil
}

// MarshalText is the reverse of UnmarshalText.
func (a Addresses) MarshalText() ([]byte, error) {
	return []byte(strings.Join(a, ", ")), nil
}

// port is the first port of the list, 0 when there is none.
func (a Addresses) port() int {
	if len(a) == 0 {
		return 0
	}
	_, port, _ := net.SplitHostPort(a[0])
	n, _ := strconv.Atoi(port) // Config.Check has refused what is no number
	return n
}

// Words are domains or the like, written with commas between, in lower case.
type Words []string

// UnmarshalText reads a list with commas; an empty text is an empty list.
func (w *Words) UnmarshalText(text []byte) error {
	return (*Addresses)(w).UnmarshalText([]byte(strings.ToLower(string(text))))
}

// MarshalText is the reverse of UnmarshalText.
func (w Words) MarshalText() ([]byte, error) { return Addresses(w).MarshalText() }

// Networks are addresses or networks, written with commas between.
type Networks []netip.Prefix

// UnmarshalText reads a list with commas; an address alone is a network of one.
func (n *Networks) UnmarshalText(text []byte) error {
	var words Words
	if err := words.UnmarshalText(text); err != nil {
		return err
	}
	*n = nil
	for _, word := range words {
		p, err := netip.ParsePrefix(word)
		if a, notAddress := netip.ParseAddr(word); notAddress == nil {
			a = a.Unmap()
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a network; write for example 192.0.2.7 or 192.168.1.0/24", word)
		}
		*n = append(*n, p.Masked())
	}
	return nil
}

// MarshalText is the reverse of UnmarshalText.
func (n Networks) MarshalText() ([]byte, error) {
	words := make([]string, len(n))
	for i, p := range n {
		words[i] = p.String()
	}
	return []byte(strings.Join(words, ", ")), nil
}

// Duration is a length of time, written with a unit: 90 s, 30 min, 4 h, 4 days.
type Duration time.Duration

// durationUnits from the largest to the smallest.
var durationUnits = []struct {
	name string
	time time.Duration
}{
	{"days", 24 * time.Hour}, {"day", 24 * time.Hour}, {"d", 24 * time.Hour},
	{"h", time.Hour}, {"min", time.Minute}, {"m", time.Minute}, {"s", time.Second},
}

// UnmarshalText reads a length of time.
func (d *Duration) UnmarshalText(text []byte) error {
	for _, u := range durationUnits {
		number, found := strings.CutSuffix(strings.TrimSpace(string(text)), u.name)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 16)
		if err != nil {
			break
		}
		*d = Duration(time.Duration(n) * u.time)
		return nil
	}
	if string(text) == "0" {
		*d = 0
		return nil
	}
	return fmt.Errorf("%q is no length of time; write for example 30 min, 4 h or 4 days", text)
}

// MarshalText writes the time in the largest unit that loses nothing.
func (d Duration) MarshalText() ([]byte, error) {
	for _, u := range durationUnits {
		if d != 0 && time.Duration(d)%u.time == 0 {
			return fmt.Appendf(nil, "%d %s", time.Duration(d)/u.time, u.name), nil
		}
	}
	return []byte("0"), nil
}

// Size is a number of bytes, written with or without a unit: 50 MiB, 2GB, 1000.
type Size int64

// sizeUnits from the largest to the smallest, binary before decimal.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12},
	{"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"KB", 1e3},
	{"B", 1},
}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), int64(1)
	for _, u := range sizeUnits {
		if n := len(number) - len(u.name); n > 0 && strings.EqualFold(number[n:], u.name) {
			number, unit = strings.TrimSpace(number[:n]), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return fmt.Errorf("%q is no size; write for example 50 MiB, 2 GB or a number of bytes", text)
	}
	*s = Size(n * unit)
	return nil
}

// MarshalText writes the size in the largest binary unit that loses nothing.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range sizeUnits {
		if u.bytes&(u.bytes-1) == 0 && s != 0 && int64(s)%u.bytes == 0 {
			return fmt.Appendf(nil, "%d %s", int64(s)/u.bytes, u.name), nil
		}
	}
	return []byte("0"), nil
}
