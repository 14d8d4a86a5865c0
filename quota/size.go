package quota

import "fmt"

// Bytes writes a number of bytes for people.
func Bytes(n int64) string {
	unit, value := 0, float64(n)
	for value >= 1000 && unit < 4 {
		value /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, []string{"B", "kB", "MB", "GB", "TB"}[unit])
}
